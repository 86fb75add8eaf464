import DagKitCore
import DagKitSQLite
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Glibc

/// A deployment of its own, driven by the real `dagctl`: a home folder, a dags.json, and the processes that work on them.
///
/// Its end kills what still runs there and removes the folder.
final class FaultHome: Sendable {
    let path: String
    private let environment: [String: String]

    /// The file of the metadata database.
    var database: String { "\(path)/dagkit.db" }

    /// The file of declared DAGs.
    var dagsFile: String { "\(path)/dags.json" }

    /// A folder beside the home, for what must be told when the home's own disk is full.
    let aside: String

    /// The folder in which the tasks of ``ProofDAG`` prove how they ran.
    var proof: String { "\(aside)/proof" }

    /// Makes a home.
    ///
    /// - Parameters:
    ///   - dags: The members of `dags` in dags.json; the compiled DAGs are paused.
    ///   - disk: A folder that the home is made in, such as a small disk; `nil` is a temporary one.
    init(
        _ dags: JSONValue = ProofDAG.declaration, settings: [String: String] = [:], on disk: String? = nil
    ) throws {
        let name = "dagkit-fault-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        aside = try FaultHome.canonical(FileManager.default.temporaryDirectory.path()) + "/" + name
        path = (disk ?? aside) + "/home"
        let environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no", "DAGKIT_HOME": path,
            "DAGKIT__CORE__DAGS_FILE": "\(path)/dags.json", "PROOF": "\(aside)/proof",
        ]
        // A build with a sanitizer tells its processes how to report.
        let sanitizers = ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }
        self.environment = environment.merging(settings) { $1 }.merging(sanitizers) { $1 }
        for folder in [path, proof] { try FileSystem.createFolder(folder) }
        try write(dags)
    }

    deinit {
        for process in processes() { kill(process.id, SIGKILL) }
        for folder in [path, aside] { try? FileSystem.removeTree(folder) }
    }

    /// Writes dags.json anew.
    func write(_ dags: JSONValue) throws {
        let file = JSONValue.object(["dags": dags])
        try FileSystem.write(Array(file.text.utf8), to: dagsFile, durable: false)
    }

    // MARK: Commands

    /// What a command left behind.
    struct Finished: Sendable, CustomStringConvertible {
        let exit: ProcessExit
        let output: String
        let errors: String

        var status: Int32? { if case .exited(let status) = exit.reason { status } else { nil } }
        var description: String { "\(exit)\n\(output)\(errors)" }
    }

    /// Runs a command of `dagctl` to its end.
    func dagctl(_ arguments: String..., environment more: [String: String] = [:]) async throws -> Finished {
        try await dagctl(arguments, environment: more)
    }

    /// Runs a command of `dagctl` to its end.
    func dagctl(_ arguments: [String], environment more: [String: String] = [:]) async throws -> Finished {
        try await run(Self.program("dagctl"), arguments, environment: more)
    }

    /// Runs a shell script to its end, with `$DAGCTL` for the program.
    func shell(_ script: String, environment more: [String: String] = [:]) async throws -> Finished {
        let program = ["DAGCTL": Self.program("dagctl")].merging(more) { $1 }
        return try await run("/bin/bash", ["-c", script], environment: program)
    }

    private func run(
        _ program: String, _ arguments: [String], environment more: [String: String]
    ) async throws -> Finished {
        let mark = UInt64.random(in: 0 ... .max)
        let files = (output: "\(aside)/output-\(mark)", errors: "\(aside)/errors-\(mark)")
        defer { for file in [files.output, files.errors] { unlink(file) } }
        let child = try start(
            program, arguments, environment: more, output: files.output, errors: files.errors)
        let exit = try await child.wait()
        return Finished(
            exit: exit, output: try FileSystem.readText(files.output),
            errors: try FileSystem.readText(files.errors))
    }

    /// Starts a scheduler, whose words go to ``schedulerLines()``.
    func startScheduler(_ arguments: String..., environment more: [String: String] = [:]) throws
        -> ChildProcess
    {
        try start(
            Self.program("dagctl"), ["scheduler"] + arguments, environment: more,
            output: "\(aside)/scheduler.out",
            errors: "\(aside)/scheduler.err")
    }

    /// Starts a program whose streams go to files.
    func start(
        _ program: String, _ arguments: [String], environment more: [String: String] = [:], output: String,
        errors: String
    ) throws -> ChildProcess {
        let nothing = try FileDescriptor.open("/dev/null", O_RDONLY)
        let output = try FileDescriptor.open(output, O_WRONLY | O_CREAT | O_APPEND)
        let errors = try FileDescriptor.open(errors, O_WRONLY | O_CREAT | O_APPEND)
        return try ChildProcess.start(
            Command(
                program, arguments, environment: environment.merging(more) { $1 }, folder: path,
                descriptors: [0: nothing.raw, 1: output.raw, 2: errors.raw]))
    }

    /// What schedulers of this home have said on their error stream.
    func schedulerLines() -> [String] {
        let text = (try? FileSystem.readText("\(aside)/scheduler.err")) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// A program that was built beside the tests.
    static func program(_ name: String) -> String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return FileSystem.parent(of: own) + "/" + name
    }

    private static func canonical(_ folder: String) throws -> String {
        guard let real = realpath(folder, nil) else { throw SystemError.last("find", folder) }
        defer { free(real) }
        return String(cString: real)
    }

    // MARK: The store

    /// Looks into the metadata database as a process of its own would.
    func withStore<Value>(_ body: (SQLMetadataStore) async throws -> Value) async throws -> Value {
        let database = try await SQLiteDatabase.open(
            database, configuration: SQLiteConfiguration(access: .write, busyTimeout: .seconds(60)))
        let store = try await SQLMetadataStore.open(database, sealing: NoSecrets(), at: Date())
        do {
            let value = try await body(store)
            await store.close()
            return value
        } catch {
            await store.close()
            throw error
        }
    }
}

/// The tests of faults keep no secrets.
private struct NoSecrets: SecretSealing {
    func seal(_ secret: String, for place: SecretPlace) throws -> String { throw CancellationError() }
    func open(_ sealed: String, for place: SecretPlace) throws -> String { throw CancellationError() }
}

extension FaultHome {
    /// Runs the process that dies at the n-th statement.
    func faultProcess(_ deed: String, _ database: String, _ statement: Int) async throws -> ProcessExit {
        let nowhere = "/dev/null"
        return try await start(
            Self.program("dagkit-fault-process"), [deed, database, "\(statement)"], output: nowhere,
            errors: nowhere
        ).wait()
    }

    /// Opens a store beside the home's own.
    func store(at path: String) async throws -> SQLMetadataStore {
        try await SQLMetadataStore.open(SQLiteDatabase.open(path), sealing: NoSecrets(), at: Date())
    }
}
