import DagKitCore
import DagKitSystem
import Glibc
import Synchronization

/// A Python program that answers in lines of JSON and ends when its standard input does.
final class ScriptProcess: Sendable {
    private let process: ChildProcess
    private let output: FileDescriptor
    private let input: FileDescriptor
    private let pending = Mutex<[UInt8]>([])

    private init(process: ChildProcess, output: consuming FileDescriptor, input: consuming FileDescriptor) {
        self.process = process
        self.output = output
        self.input = input
    }

    /// Starts `script` with the Python of the tests' own environment.
    static func start(_ script: String, _ options: JSONValue) throws -> ScriptProcess {
        let folder = getenv("DAGKIT_TEST_VENV").map { String(cString: $0) } ?? "\(packageFolder)/.build/venv"
        let python = "\(folder)/bin/python"
        guard access(python, X_OK) == 0 else { throw MissingTestEnvironment(path: python) }
        let output = try FileDescriptor.pipe()
        let input = try FileDescriptor.pipe()
        let process = try ChildProcess.start(
            Command(
                python, ["-u", "-c", script, options.text],
                descriptors: [0: input.reader.raw, 1: output.writer.raw]))
        try output.reader.setNonBlocking()
        // The ends that the program holds are closed here, so that either side sees the other's end.
        return ScriptProcess(
            process: process, output: try output.reader.duplicate(), input: try input.writer.duplicate())
    }

    /// The next line that the program writes, as JSON.
    func next() async throws -> JSONValue {
        while true {
            if let line = takeLine() { return try JSONValue(parsing: line) }
            _ = try await Reactor.shared.wait(for: .readable, on: output.raw)
            guard let bytes = try output.read(upTo: 1 << 16) else { continue }
            guard !bytes.isEmpty else { throw ScriptEnded() }
            pending.withLock { $0 += bytes }
        }
    }

    func stop() async throws {
        _ = try await process.end(grace: .zero, signal: SIGKILL)
    }

    private func takeLine() -> [UInt8]? {
        pending.withLock { pending in
            guard let end = pending.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            defer { pending.removeFirst(end + 1) }
            return Array(pending[..<end])
        }
    }

    private static var packageFolder: String {
        String(#filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" })
    }
}

/// The program ended before it wrote the line that was waited for.
struct ScriptEnded: Error {}

/// The tests' own Python environment is not there.
struct MissingTestEnvironment: DagKitError {
    let path: String

    var problem: String { "the tests' Python \"\(path)\" is missing" }
    var remedy: String { "run: make test" }
}
