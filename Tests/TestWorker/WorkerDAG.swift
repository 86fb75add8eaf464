public import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// The tasks that the tests of the local executor run in worker processes.
public struct WorkerDAG: DAG {
    public var configuration = DAGConfiguration("worker_dag", params: ["file": ""])

    public init() {}

    public func build(_ dag: inout DAGBuilder) {
        dag.task("hello") { context in
            context.logger.info("first\nsecond")
            print("printed")
            return "hello \(context.tryNumber)"
        }
        dag.task("process") { _ in Int(getpid()) }
        dag.task("push") { context in try context.push(42, as: "answer") }
        dag.task("fail") { _ in throw TaskFailure.noRetry("the \"market\" is closed", remedy: "wait") }
        dag.task("skip") { _ in throw TaskSkip("nothing to do") }
        dag.task("crash") { _ in
            let numbers = [Int]()
            print("before")
            _ = numbers[CommandLine.arguments.count]
        }
        dag.task("exit") { _ in exit(3) }
        dag.task("kill") { _ in kill(getpid(), SIGKILL) }
        dag.task("shell") { _ in try Self.start("sleep 600") }
        dag.task("wait") { context in
            try await Self.announce(context)
            try await BootTimeClock().sleep(for: .seconds(600))
        }
        dag.task("stubborn") { context in
            _ = try ChildProcess.start(
                Command("/bin/sh", ["-c", "trap '' TERM; sleep 600"], separation: .session))
            try await Self.announce(context)
            try await Blocking.run { while true { sleep(600) } }
        }
        dag.task("gate") { context in
            try await Self.announce(context)
            while !FileSystem.exists(Self.file(context) + ".open") {
                try await BootTimeClock().sleep(for: .milliseconds(5))
            }
            return "through"
        }
        dag.task("daemon") { context in
            let script =
                "setsid sh -c 'setsid sleep 600 & echo $! > \"$1\"; wait' x \"$1\" & while [ ! -s \"$1\" ]; do :; done"
            let child = try ChildProcess.start(Command("/bin/sh", ["-c", script, "x", Self.file(context)]))
            _ = try await child.wait()
        }
        dag.task("secret") { context in
            let password = try await context.connection("smtp_default").password ?? ""
            print(password)
            print(Data(password.utf8).base64EncodedString())
            context.logger.info("the password is \(password)")
            throw TaskFailure.retry(after: .seconds(7), "log-in with \(password) failed", remedy: "look")
        }
        dag.task("litter") { _ in
            let found = "\(getenv("DAGKIT_LITTER") == nil) \(FileManager.default.currentDirectoryPath != "/")"
            setenv("DAGKIT_LITTER", "1", 1)
            chdir("/")
            return found
        }
        dag.task("leak") { _ in
            for _ in 0..<20 { _ = open("/dev/null", O_RDONLY) }
            return Int(getpid())
        }
        dag.task("flood") { _ in
            let line = String(repeating: "x", count: 999)
            for _ in 0..<5_000 { print(line) }
        }
    }

    /// The path that the test handed over.
    static func file(_ context: TaskContext) -> String {
        guard case .object(let params) = context.params, case .string(let file) = params["file"] else {
            return ""
        }
        return file
    }

    /// Tells the test that the task runs.
    private static func announce(_ context: TaskContext) async throws {
        try FileSystem.write(Array("\(getpid())".utf8), to: file(context), durable: false)
    }

    private static func start(_ script: String) throws {
        _ = try ChildProcess.start(Command("/bin/sh", ["-c", script]))
    }
}

/// The variables and connections of ``WorkerDAG``.
struct WorkerMetadata: TaskMetadata {
    func variable(_ key: String) async throws -> String? { nil }

    func connection(_ id: String) async throws -> Connection? {
        Connection(id, type: "smtp", host: "localhost", password: "hunter2-hunter2")
    }

    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] { [] }
}
