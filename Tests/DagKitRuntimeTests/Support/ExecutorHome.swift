import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import dagkit_test_worker

/// A home folder with a local executor that runs the tasks of ``WorkerDAG``, gone with the test.
final class ExecutorHome: Sendable {
    let path: String
    let spec: DAGSpec
    let configuration: SupervisorConfiguration

    init(_ change: (inout SupervisorConfiguration) -> Void = { _ in }) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "dagkit-\(UUID().uuidString)").path
        spec = try DAGSpec(WorkerDAG())
        var configuration = SupervisorConfiguration(folders: ExecutionFolders(home: path), generation: "")
        configuration.killGrace = .milliseconds(300)
        configuration.linger = .seconds(5)
        change(&configuration)
        self.configuration = configuration
    }

    deinit { try? FileSystem.removeTree(path) }

    /// A new executor, as the next scheduler would make one.
    func executor(
        program: String = ExecutorHome.program, environment: [String: String] = [:],
        log: SchedulerLog = .none
    ) -> LocalExecutor {
        // A build with a sanitizer tells its processes how to report.
        let sanitizers = ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }
        let base = ["PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"].merging(sanitizers) { $1 }
        return LocalExecutor(
            configuration, capacity: 8, program: program, environment: base.merging(environment) { $1 },
            log: log)
    }

    /// Lends an executor whose supervisor ends with the call.
    func withExecutor<Value>(
        program: String = ExecutorHome.program, log: SchedulerLog = .none,
        _ body: (LocalExecutor, inout ExecutorEvents) async throws -> Value
    ) async throws -> Value {
        let executor = executor(program: program, log: log)
        var events = ExecutorEvents(try await executor.start())
        do {
            let value = try await body(executor, &events)
            await executor.acknowledge((1...99).map(AttemptID.init(rawValue:)))
            await executor.stop(grace: .zero)
            return value
        } catch {
            await executor.stop(grace: .zero)
            throw error
        }
    }

    /// Runs one attempt of a task and stops.
    func run(_ task: TaskID, timeout: Duration? = nil) async throws -> AttemptOutcome {
        try await withExecutor { executor, events in
            await executor.dispatch([try order(task, 1, timeout: timeout)])
            guard let outcome = await events.outcome() else { throw CancellationError() }
            return outcome
        }
    }

    /// An order for a task of the DAG.
    func order(
        _ task: TaskID, _ attempt: Int64 = 1, timeout: Duration? = nil, structureHash: String? = nil,
        padding: String = ""
    ) throws -> AttemptOrder {
        let run = RunKey("worker_dag", "manual__1")
        let dagRun = DAGRun(
            key: run, type: .manual, logicalDate: nil, dataInterval: nil,
            runAfter: Date(timeIntervalSince1970: 0),
            queuedAt: Date(timeIntervalSince1970: 0), structureHash: structureHash ?? spec.structureHash)
        var instance = TaskInstance(key: TaskInstanceKey(run, task), operatorName: "task")
        instance.tryNumber = 1
        let order = AttemptOrder(
            attemptID: AttemptID(rawValue: attempt), instance: instance, run: dagRun,
            task: spec.task(task) ?? spec.tasks[0],
            params: .object(["file": .string(file(attempt)), "padding": .string(padding)]))
        guard let timeout else { return order }
        var tree = try JSONCoding.tree(of: order)
        if case .object(var fields) = tree {
            fields["timeout"] = try JSONCoding.tree(of: timeout)
            tree = .object(fields)
        }
        return try JSONCoding.decode(AttemptOrder.self, from: tree)
    }

    /// The file through which a task and the test talk.
    func file(_ attempt: Int64) -> String { "\(path)/file-\(attempt)" }

    /// The log of an attempt's task.
    func log(_ task: String) throws -> String {
        try FileSystem.readText(logPath(task))
    }

    func logPath(_ task: String) -> String {
        "\(path)/logs/dag_id=worker_dag/run_id=manual__1/task_id=\(task)/attempt=1.log"
    }

    /// Waits until a task says that it runs, and gives its process.
    func process(of attempt: Int64) async throws -> ProcessIdentity {
        while true {
            if let text = try? FileSystem.readText(file(attempt)),
                let id = Int32(text.split(separator: "\n").first ?? ""),
                let process = ProcessIdentity.of(id)
            {
                return process
            }
            try await BootTimeClock().sleep(for: .milliseconds(2))
        }
    }

    /// Begins a task under a scheduler that hands over then, so that the task goes on without one.
    ///
    /// - Parameter change: What happens between the beginning and the hand-over.
    func leaveRunning(
        _ task: TaskID, _ change: (_ worker: ProcessIdentity) throws -> Void = { _ in }
    ) async throws -> (supervisor: ProcessIdentity, worker: ProcessIdentity) {
        let first = executor()
        _ = try await first.start()
        await first.dispatch([try order(task, 1)])
        let worker = try await process(of: 1)
        let supervisor = try supervisor()
        try change(worker)
        await first.handOver()
        return (supervisor, worker)
    }

    /// The living supervisor of this home.
    func supervisor() throws -> ProcessIdentity {
        guard let process = try supervisors().first else {
            throw SystemError.failed("find the supervisor of", path, code: ESRCH)
        }
        return process
    }

    /// The living supervisors of this home, the oldest first.
    func supervisors() throws -> [ProcessIdentity] {
        try FileSystem.names(in: "/proc").compactMap { name -> ProcessIdentity? in
            guard let id = Int32(name), let line = try? FileSystem.readText("/proc/\(id)/cmdline"),
                line.contains("__dagkit-supervisor"), line.contains(path),
                let process = ProcessIdentity.of(id), process.isAlive
            else { return nil }
            return process
        }.sorted { ($0.startTime, $0.id) < ($1.startTime, $1.id) }
    }

    /// The workers of this home's supervisors.
    func workers() throws -> [ProcessIdentity] {
        try supervisors().flatMap { supervisor in
            try ProcessTree.descendants(of: supervisor.id).filter {
                ((try? FileSystem.readText("/proc/\($0.id)/cmdline")) ?? "").contains("__dagkit-worker")
            }
        }
    }

    /// What the supervisors have said.
    var supervisorLog: String {
        (try? FileSystem.readText("\(configuration.folders.logs)/supervisor/supervisor.log")) ?? ""
    }

    /// A program that does something in a shell and then becomes the worker.
    func script(_ command: String) throws -> String {
        try FileSystem.createFolder(path)
        let script = "#!/bin/sh\n\(command)\nexec \"\(Self.program)\" \"$@\"\n"
        try FileSystem.write(Array(script.utf8), to: "\(path)/script", mode: 0o700)
        return "\(path)/script"
    }

    static var program: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return FileSystem.parent(of: own) + "/dagkit-test-worker"
    }
}

/// Kills processes of which none shall see the end of another.
func killAtOnce(_ processes: [ProcessIdentity]) {
    for signal in [SIGSTOP, SIGKILL] {
        for process in processes { kill(process.id, signal) }
    }
}

/// Waits until something is so, with a patience that a loaded machine does not exhaust.
func comes(within seconds: Int = 120, _ condition: () throws -> Bool) async throws -> Bool {
    let deadline = BootTimeClock().now.advanced(by: .seconds(seconds))
    while try !condition() {
        if BootTimeClock().now > deadline { return false }
        try await BootTimeClock().sleep(for: .milliseconds(5))
    }
    return true
}

/// The kilobytes of a line such as `VmHWM` that the kernel keeps of a process.
func kilobytes(_ name: String, of process: ProcessIdentity) throws -> Int {
    for line in try FileSystem.readText("/proc/\(process.id)/status").split(separator: "\n") {
        let parts = line.split(whereSeparator: \.isWhitespace)
        if parts.first == "\(name):", parts.count > 1, let count = Int(parts[1]) { return count }
    }
    throw SystemError.failed("read \(name) of process", "\(process.id)", code: ESRCH)
}

/// The processor time of a process so far, in the kernel's ticks of 10 ms.
func ticks(of process: ProcessIdentity) throws -> Int {
    let text = try FileSystem.readText("/proc/\(process.id)/stat")
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    return (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
}

/// The events of an executor, one after the other.
struct ExecutorEvents {
    private var iterator: AsyncStream<ExecutorEvent>.AsyncIterator

    init(_ events: AsyncStream<ExecutorEvent>) {
        iterator = events.makeAsyncIterator()
    }

    mutating func next() async -> ExecutorEvent? { await iterator.next(isolation: #isolation) }

    /// The next outcome; other events are passed over.
    mutating func outcome() async -> AttemptOutcome? {
        while let event = await next() {
            if case .finished(let outcome) = event { return outcome }
        }
        return nil
    }

    /// The attempts that were adopted.
    mutating func adopted() async -> [AttemptID]? {
        while let event = await next() {
            if case .adopted(let attempts) = event { return attempts }
        }
        return nil
    }
}

extension ExecutorEvent {
    /// The attempts that are known to run, where others may run, too.
    var adoptedInPart: [AttemptID]? { if case .adoptedInPart(let attempts) = self { attempts } else { nil } }
}

extension AttemptOutcome {
    /// Why it failed, and whether another try may follow.
    var failure: String? {
        guard case .failed(let reason, let isRetryable, _) = verdict else { return nil }
        return (isRetryable ? "retry: " : "end: ") + reason
    }

    /// The value that the task returned, as JSON.
    var value: String? {
        guard case .success(let output) = verdict else { return nil }
        return output?.json
    }
}
