import DagKitSystem
import FoundationEssentials
import Glibc

/// Programs that tests call, each run to its end.
package enum Tool {
    /// A program ended with another status than 0.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// What a program prints, without the last line end.
    ///
    /// Its words go to a file: a server that it leaves behind may keep them open for ever.
    package static func output(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil
    ) async throws -> String {
        let path =
            "\(FileManager.default.temporaryDirectory.path)/dagkit-tool-\(UInt64.random(in: 0...(.max)))"
        let (out, err) = (path + ".out", path + ".err")
        defer { for file in [out, err] { unlink(file) } }
        let null = try FileDescriptor.open("/dev/null", O_RDONLY)
        let output = try FileDescriptor.open(out, O_WRONLY | O_CREAT)
        let errors = try FileDescriptor.open(err, O_WRONLY | O_CREAT)
        let child = try ChildProcess.start(
            Command(
                program, arguments, environment: environment, folder: "/",
                descriptors: [0: null.raw, 1: output.raw, 2: errors.raw], separation: .none))
        let exit = try await child.wait()
        guard exit.isSuccess else {
            throw Failure(description: "\(program) \(arguments.first ?? ""): \(read(err)) \(read(out))")
        }
        let text = read(out)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    package static func output(_ program: String, _ arguments: String...) async throws -> String {
        try await output(program, arguments)
    }

    static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        // The server's user reads it.
        guard chmod(path, 0o644) == 0 else { throw SystemError.last("open up", path) }
    }

    static func append(_ text: String, to path: String) throws {
        let file = try FileDescriptor.open(path, O_WRONLY | O_APPEND)
        try file.writeAll(text.utf8)
    }

    private static func read(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
