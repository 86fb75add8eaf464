import DagKitCore
import DagKitSystem
import Glibc

/// Finds the secrets that a configuration refers to: `env:NAME`, `file:PATH`, or the output of a command.
package struct SecretReferences: Sendable {
    package var environment: [String: String] = [:]

    /// Reads a file; replaced in tests.
    package var readFile: @Sendable (String) throws -> String = {
        try FileSystem.readText($0, limit: 1 << 20)
    }

    /// Runs a shell command and gives what it printed; replaced in tests.
    package var run: @Sendable (String) throws -> String = runShell

    package init(environment: [String: String] = [:]) { self.environment = environment }

    /// The secret that a value of a file refers to.
    ///
    /// - Throws: ``ConfigurationError/secretInFile(setting:at:)`` if the value is no reference.
    func resolve(_ value: String, setting: String, file: String, line: Int?) throws -> String {
        let place = file + (line.map { ":\($0)" } ?? "")
        if value.isEmpty || isHarmless(value) { return value }
        if value.hasPrefix("env:") {
            let name = String(value.dropFirst(4))
            guard let secret = environment[name] else {
                throw ConfigurationError.noReference(value, setting: setting, at: place)
            }
            return secret
        }
        guard value.hasPrefix("file:") else {
            throw ConfigurationError.secretInFile(setting: setting, at: place)
        }
        let path = String(value.dropFirst(5))
        let full = path.hasPrefix("/") ? path : FileSystem.parent(of: file) + "/" + path
        do {
            return try readFile(full).trimmed
        } catch {
            throw ConfigurationError.noReference(value, setting: setting, at: place)
        }
    }

    /// What a command printed, without space at its ends.
    func output(of command: String, setting: String) throws -> String {
        do {
            return try run(command).trimmed
        } catch let error as ShellFailure {
            throw ConfigurationError.commandFailed(setting: setting, reason: error.reason)
        }
    }

    /// Whether the value is the address of a database and has no password in it.
    private func isHarmless(_ value: String) -> Bool {
        guard let range = value.firstRange(of: "://") else { return false }
        let authority = value[range.upperBound...].prefix { $0 != "/" }
        guard let mark = authority.lastIndex(of: "@") else { return true }
        return !authority[..<mark].contains(":")
    }
}

/// Why a shell command gave nothing.
package struct ShellFailure: Error {
    package let reason: String

    package init(reason: String) { self.reason = reason }
}

private func runShell(_ command: String) throws -> String {
    guard let pipe = popen(command, "re") else {
        throw ShellFailure(reason: String(cString: strerror(errno)))
    }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        if count == 0 { break }
        output += buffer[..<count]
    }
    let status = pclose(pipe)
    guard status == 0 else { throw ShellFailure(reason: "exit status \(status >> 8 & 0xFF)") }
    return String(decoding: output, as: UTF8.self)
}
