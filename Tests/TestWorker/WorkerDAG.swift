public import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// The tasks that the tests of the local executor run in worker processes.
public struct WorkerDAG: DAG {
    public var configuration = DAGConfiguration(
        "worker_dag", params: ["file": ""], callbacks: WorkerCallbacks.all)

    public init() {}

    public func build(_ dag: inout DAGBuilder) {
        dag.task("hello") { context in
            context.logger.info("first\nsecond")
            print("printed")
            return "hello \(context.tryNumber)"
        }
        dag.task("process") { _ in Int(getpid()) }
        dag.task("push") { context in try context.push(42, as: "answer") }
        dag.task("tell", options: TaskOptions(outlets: [Asset("prices")])) { context in
            context.outbox.name("the name")
            context.outbox.notePoke(7)
            try context.setExtra(["rows": 12], of: Asset("prices"))
        }
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
        dag.task("hang") { context in
            let script = "trap 'echo >\"$1.term\"' TERM; echo $$ >\"$1\"; while :; do sleep 0.05; done"
            _ = try ChildProcess.start(Command("/bin/sh", ["-c", script, "x", Self.file(context)]))
            while !FileSystem.exists(Self.file(context)) { usleep(5000) }
            // No thread is left to any other task of the process.
            for _ in 0..<64 { Task { Self.block() } }
            Self.block()
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
        Self.addEscapes(to: &dag)
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
            print("the beginning")
            for _ in 0..<5_000 { print(line) }
            print("the end")
        }
        Self.addStrangeOutput(to: &dag)
        Self.addDamage(to: &dag)
    }

    /// Tasks that print what no text has, or without end.
    private static func addStrangeOutput(to dag: inout DAGBuilder) {
        dag.task("bytes") { _ in
            Self.write([0, 0xFF, 0xFE, 1, 0x1B] + Array("[31mred\r\n".utf8))
            Self.write([UInt8](repeating: UInt8(ascii: "l"), count: 150_000))
            Self.write(Array("\nno end".utf8))
        }
        dag.task("endless") { context in
            try await Self.announce(context)
            let bytes = [UInt8](repeating: UInt8(ascii: "y"), count: 99) + [UInt8(ascii: "\n")]
            let chunk = Array(repeatElement(bytes, count: 600).joined())
            while !FileSystem.exists(Self.file(context) + ".open") { Self.write(chunk) }
        }
        dag.task("split_secret") { context in
            let password = Array((try await context.connection("smtp_default").password ?? "").utf8)
            for byte in password {
                Self.write([byte])
                try await BootTimeClock().sleep(for: .milliseconds(2))
            }
            Self.write([UInt8(ascii: "\n")])
        }
        dag.task("precondition") { _ in
            precondition(CommandLine.arguments.isEmpty, "a worker has arguments")
        }
    }

    /// Tasks that start what cannot be found, or not be ended; each writes the id of that process into its file.
    private static func addEscapes(to dag: inout DAGBuilder) {
        dag.task("escape") { context in
            try await Self.run(
                "env -i setsid sleep 600 & echo $! >\"$1.new\"; mv \"$1.new\" \"$1\"; wait", context)
        }
        dag.task("untouchable") { context in
            try await Self.run(Self.untouchable, context)
        }
        dag.task("untouchable_wait") { context in
            try await Self.run("\(Self.untouchable); wait", context)
        }
    }

    /// A process of another user, which root without the right to signal others cannot end.
    private static let untouchable =
        "setpriv --reuid=65534 --clear-groups sleep 600 </dev/null >/dev/null 2>&1 & child=$!; "
        + "while ! grep -q '^Uid:.65534' /proc/$child/status; do :; done; "
        + "echo $child >\"$1.new\"; mv \"$1.new\" \"$1\""

    private static func run(_ script: String, _ context: TaskContext) async throws {
        _ = try await ChildProcess.start(Command("/bin/sh", ["-c", script, "x", file(context)])).wait()
    }

    /// Tasks that change or use up what their worker has.
    private static func addDamage(to dag: inout DAGBuilder) {
        dag.task("limits") { _ in
            var limit = rlimit(rlim_cur: 100, rlim_max: 100)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            return Int(getpid())
        }
        dag.task("mode") { _ in
            let found = umask(0)
            return "\(found)"
        }
        dag.task("child_memory") { _ in
            let script = "head -c 100000000 /dev/zero | tail -n 1 | wc -c"
            _ = try await ChildProcess.start(Command("/bin/sh", ["-c", script])).wait()
        }
        dag.task("burn") { _ in Self.burn() }
        dag.task("burn_and_crash") { _ in
            Self.burn()
            // A sanitizer would take the signal for a wild access and report it.
            signal(SIGSEGV, SIG_DFL)
            kill(getpid(), SIGSEGV)
        }
        dag.task("starve") { context in
            try FileSystem.write(Array("low 0\noom_kill 1\n".utf8), to: Self.file(context), durable: false)
            kill(getpid(), SIGKILL)
        }
        dag.task("starve_command") { context in
            try FileSystem.write(Array("low 0\noom_kill 1\n".utf8), to: Self.file(context), durable: false)
            context.services[AttemptProcessGroup.self]?.noteKill()
            throw TaskFailure.noRetry("the command ended", remedy: "wait")
        }
        dag.task("crowded") { context in
            if FileSystem.exists(Self.file(context)) { return Int(getpid()) }
            try await Self.announce(context)
            context.services[AttemptProcessGroup.self]?.noteShortage("there is no room for the command")
            throw TaskFailure.noRetry("the command did not start", remedy: "wait")
        }
        dag.task("huge") { _ in String(repeating: "x", count: 100 << 20) }
        dag.task("push_huge") { context in
            try context.push(String(repeating: "x", count: 100 << 20), as: "huge")
        }
        dag.task("hoard") { _ in
            var hoard: [[UInt8]] = []
            while true { hoard.append([UInt8](repeating: 1, count: 1 << 20)) }
        }
    }

    /// The path that the test handed over.
    static func file(_ context: TaskContext) -> String {
        guard case .object(let params) = context.params, case .string(let file) = params["file"] else {
            return ""
        }
        return file
    }

    /// Blocks the thread for good.
    private static func block() { while true { sleep(600) } }

    /// Uses 100 ms of the processor, however long that takes.
    private static func burn() {
        let start = clock()
        while clock() - start < 100_000 {}
    }

    /// Writes bytes to stdout as they are.
    private static func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            if count < 0 { return }
            rest = rest.dropFirst(count)
        }
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
