import FoundationEssentials
import Glibc

/// The dagctl that was built beside the tests, as a user runs it.
enum Dagctl {
    /// What a command left behind.
    struct Result {
        let output: String
        let errors: String
        let code: Int32
    }

    /// Runs a command line of `crypto` on a home.
    static func crypto(_ arguments: String..., home: String, environment: String = "") throws -> Result {
        let folder = try TemporaryFolder()
        let words = [program, "--home", home, "crypto"] + arguments
        let line =
            "cd \(quoted(folder.path)) && \(environment) "
            + words.map(quoted).joined(separator: " ") + " 2>errors </dev/null"
        guard let pipe = popen(line, "r") else { throw PythonError.cannotStart }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        let status = pclose(pipe)
        let errors = FileManager.default.contents(atPath: "\(folder.path)/errors") ?? Data()
        return Result(
            output: String(decoding: bytes, as: UTF8.self), errors: String(decoding: errors, as: UTF8.self),
            code: status >> 8 & 255)
    }

    /// Beside the test bundle.
    private static let program: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = own.split(separator: "/").dropLast().joined(separator: "/")
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return ["/\(beside)/dagctl", "/\(root)/.build/debug/dagctl", "/\(root)/.build/release/dagctl"]
            .first { FileManager.default.fileExists(atPath: $0) } ?? "dagctl"
    }()

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
