import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import dagkit_test_worker

/// A scheduler of this process with one real worker at a time, and a run of which a few compiled tasks are left to run.
final class WorkerBench: Sendable {
    let store = InMemoryStore()
    let scheduler: Scheduler
    let run: RunKey
    private let path: String
    private let tasks: Set<TaskID>

    init(tasks: Set<TaskID>) async throws {
        self.tasks = tasks
        path = FileManager.default.temporaryDirectory.appending(path: "dagkit-\(UUID().uuidString)").path
        let spec = try DAGSpec(WorkerDAG())
        let now = Date().roundedToMicroseconds
        let made = DAGRun.manual(spec, runID: "mine", by: "ada", at: now)
        run = made.key
        var machine = RunMachine(creating: made, of: spec, actor: "ada")
        let others = TaskSelection(tasks: Set(spec.tasks.map(\.id)).subtracting(tasks))
        _ = machine.advance(.mark(others.references(in: machine), .success, actor: "ada"), at: now)
        if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .full) }
        let executor = LocalExecutor(
            SupervisorConfiguration(folders: ExecutionFolders(home: path), generation: ""), capacity: 1,
            program: FaultHome.program("dagkit-test-worker"),
            environment: ["PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"])
        let job = JobRecord(
            type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
            executor: "local", start: now, heartbeat: now)
        scheduler = Scheduler(
            store: store, executor: executor,
            deployment: Deployment(bundle: "test", specs: [spec], arePausedAtCreation: false),
            configuration: Scheduler.Configuration(job: job))
    }

    deinit { try? FileSystem.removeTree(path) }

    /// The instances of the tasks that were left to run, by task.
    func instances() async throws -> [String: TaskInstance] {
        let own = try await store.taskInstances(of: run).filter { tasks.contains($0.taskID) }
        return Dictionary(uniqueKeysWithValues: own.map { ($0.taskID.rawValue, $0) })
    }

    /// The supervisor of the worker.
    func supervisor() throws -> ProcessIdentity {
        for name in try FileSystem.names(in: "/proc") {
            guard let id = Int32(name), let line = try? FileSystem.readText("/proc/\(id)/cmdline"),
                line.contains("__dagkit-supervisor"), line.contains(path),
                let process = ProcessIdentity.of(id), process.isAlive
            else { continue }
            return process
        }
        throw SystemError.failed("find the supervisor of", path, code: ESRCH)
    }
}
