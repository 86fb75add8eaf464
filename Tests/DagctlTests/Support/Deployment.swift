import DagKitSQL
import DagKitSQLite
import DagKitSystem
import FoundationEssentials
import Glibc

/// A folder with a home and a dags.json, on which the real `dagctl` works; gone at the end of the test.
final class Deployment: Sendable {
    let folder: String
    private let environment: [String: String]

    var home: String { "\(folder)/.dagkit" }

    /// What a command left behind.
    struct Result: Sendable, CustomStringConvertible {
        let exit: ProcessExit
        let output: String
        let errors: String

        /// The exit status; -1 for a death by a signal.
        var status: Int32 { if case .exited(let status) = exit.reason { status } else { -1 } }

        /// What the command said last on its error stream.
        var complaint: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
        var description: String { "\(exit)\n\(output)\(errors)" }
    }

    /// - Parameters:
    ///   - dags: The text of dags.json.
    ///   - environment: Variables of every command; the market is a generated one unless they say otherwise.
    init(
        dags: String = #"{"dags": {"crypto_data_pipeline": {"paused": false}}}"#,
        environment: [String: String] = ["DAGKIT__CRYPTO__SOURCE": "generated:1"]
    ) throws {
        guard let parent = realpath(FileManager.default.temporaryDirectory.path(), nil) else {
            throw SystemError.last("find the folder of temporary files")
        }
        defer { free(parent) }
        folder = "\(String(cString: parent))/dagctl-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let usual = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "SWIFT_BACKTRACE": "enable=no",
        ]
        self.environment = usual.merging(environment) { $1 }
        try FileSystem.createFolder(folder)
        try write(dags)
    }

    deinit { try? FileSystem.removeTree(folder) }

    /// Writes dags.json anew.
    func write(_ dags: String) throws {
        try FileSystem.write(Array(dags.utf8), to: "\(folder)/dags.json", durable: false)
    }

    // MARK: Commands

    /// Runs `dagctl` to its end; its words are parted by spaces.
    func dagctl(_ line: String, environment: [String: String] = [:]) async throws -> Result {
        try await run([Self.program] + Self.words(line), environment: environment)
    }

    /// Runs `dagctl` as on a disk on which no file grows beyond a number of blocks of 1024 bytes; all that it says is output.
    func dagctl(_ line: String, blocks: Int) async throws -> Result {
        let script = "set -o pipefail; (trap '' XFSZ; ulimit -f \(blocks); exec \"$@\") 2>&1 | cat"
        // A program that was built with the thread sanitizer keeps a table in a file of this folder, if there is such a folder.
        return try await run(
            ["/bin/bash", "-c", script, "bash", Self.program] + Self.words(line),
            environment: ["TEST_TMPDIR": "/dev/null"])
    }

    /// Runs a command to its end.
    func run(_ words: [String], environment more: [String: String] = [:]) async throws -> Result {
        let mark = UInt64.random(in: 0 ... .max)
        let files = (output: "\(folder)/output-\(mark)", errors: "\(folder)/errors-\(mark)")
        defer { for file in [files.output, files.errors] { unlink(file) } }
        let child = try start(words, environment: more, output: files.output, errors: files.errors)
        let exit = try await child.wait()
        return Result(
            exit: exit, output: try FileSystem.readText(files.output),
            errors: try FileSystem.readText(files.errors))
    }

    /// Starts `dagctl`, which writes both of its streams to a file of the folder.
    func start(_ line: String, log: String) throws -> ChildProcess {
        try start(
            [Self.program] + Self.words(line), output: "\(folder)/\(log)", errors: "\(folder)/\(log)")
    }

    /// Starts a command that writes its streams to two files.
    func start(
        _ words: [String], environment more: [String: String] = [:], output: String, errors: String
    ) throws -> ChildProcess {
        let nothing = try FileDescriptor.open("/dev/null", O_RDONLY)
        let output = try FileDescriptor.open(output, O_WRONLY | O_CREAT | O_APPEND)
        let errors = try FileDescriptor.open(errors, O_WRONLY | O_CREAT | O_APPEND)
        return try ChildProcess.start(
            Command(
                words[0], Array(words.dropFirst()), environment: environment.merging(more) { $1 },
                folder: folder, descriptors: [0: nothing.raw, 1: output.raw, 2: errors.raw]))
    }

    /// The `dagctl` that was built beside the tests.
    static let program: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return FileSystem.parent(of: own) + "/dagctl"
    }()

    private static func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

    // MARK: What is left behind

    /// The first column of the first row of a query on a database of the home; `nil` for NULL.
    func value<Value: SQLConvertible & Sendable>(_ query: String, in file: String) async throws -> Value? {
        let database = try await SQLiteDatabase.open(
            "\(home)/\(file)", configuration: SQLiteConfiguration(access: .write, busyTimeout: .seconds(60)))
        do {
            let value: Value? = try await database.query(SQLStatement(verbatim: query)).first?[0]
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }

    /// The answer to a query on the metadata database, once it is as wanted, or as it is after two minutes.
    func value<Value: SQLConvertible & Sendable>(
        _ query: String, once isWanted: (Value?) -> Bool
    ) async throws -> Value? {
        let deadline = BootTimeClock().now.advanced(by: .seconds(120))
        while true {
            let value: Value? = try await value(query, in: "dagkit.db")
            if isWanted(value) || BootTimeClock().now >= deadline { return value }
            try await BootTimeClock().sleep(for: .milliseconds(20))
        }
    }

    /// Waits until a file of the folder holds a text.
    func waits(for text: String, in file: String) async throws -> Bool {
        let deadline = BootTimeClock().now.advanced(by: .seconds(120))
        while BootTimeClock().now < deadline {
            if let found = try? FileSystem.readText("\(folder)/\(file)"), found.contains(text) { return true }
            try await BootTimeClock().sleep(for: .milliseconds(10))
        }
        return false
    }
}
