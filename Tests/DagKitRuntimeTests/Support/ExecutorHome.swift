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
    func executor() -> LocalExecutor {
        // A build with a sanitizer tells its processes how to report.
        let sanitizers = ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }
        let environment = ["PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"].merging(sanitizers) { $1 }
        return LocalExecutor(
            configuration, capacity: 8, program: Self.program, environment: environment)
    }

    /// An order for a task of the DAG.
    func order(
        _ task: TaskID, _ attempt: Int64 = 1, timeout: Duration? = nil, structureHash: String? = nil
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
            params: .object(["file": .string(file(attempt))]))
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
        try FileSystem.readText(
            "\(path)/logs/dag_id=worker_dag/run_id=manual__1/task_id=\(task)/attempt=1.log")
    }

    /// Waits until a task says that it runs, and gives its process.
    func process(of attempt: Int64) async throws -> ProcessIdentity {
        while true {
            if let text = try? FileSystem.readText(file(attempt)), let id = Int32(text),
                let process = ProcessIdentity.of(id)
            {
                return process
            }
            try await BootTimeClock().sleep(for: .milliseconds(2))
        }
    }

    /// The living supervisor of this home.
    func supervisor() throws -> ProcessIdentity {
        for name in try FileSystem.names(in: "/proc") {
            guard let id = Int32(name), let line = try? FileSystem.readText("/proc/\(id)/cmdline"),
                line.contains("__dagkit-supervisor"), line.contains(path),
                let process = ProcessIdentity.of(id)
            else { continue }
            return process
        }
        throw SystemError.failed("find the supervisor of", path, code: ESRCH)
    }

    private static var program: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return FileSystem.parent(of: own) + "/dagkit-test-worker"
    }
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
