import DagKitCore
import DagKitRuntime
import FoundationEssentials

/// A scheduler over a store in memory that runs tasks in this process.
struct SchedulerBench {
    let store: any MetadataStore
    let scheduler: Scheduler
    let specs: [DAGSpec]
    private let clock: any SchedulerClock

    init(
        _ dags: [any DAG], store: any MetadataStore = InMemoryStore(), capacity: Int = 8,
        endsWhenIdle: Bool = true,
        clock: any SchedulerClock = SystemSchedulerClock(), courier: (any NoticeCourier)? = nil,
        callsBack: Bool = false, stopGrace: Duration = .seconds(30), log: SchedulerLog = .none
    ) throws {
        self.store = store
        self.clock = clock
        specs = try dags.map { try $0.spec }
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                executor: "in_process", start: clock.now, heartbeat: clock.now))
        configuration.endsWhenIdle = endsWhenIdle
        configuration.courier = courier
        configuration.stopGrace = stopGrace
        if callsBack {
            configuration.courier = InProcessCourier(TaskLibrary(dags), clock: clock) { _ in
                TaskServices(metadata: StoreTaskMetadata(store))
            }
        }
        let executor = InProcessExecutor(
            specs, capacity: capacity, services: TaskServices(metadata: StoreTaskMetadata(store)),
            clock: clock)
        scheduler = Scheduler(
            store: store, executor: executor,
            deployment: Deployment(bundle: "test", specs: specs, arePausedAtCreation: false),
            configuration: configuration, clock: clock, log: log)
    }

    /// Creates a run as the command line does.
    @discardableResult
    func trigger(_ number: Int = 1, conf: JSONValue = [:]) async throws -> RunKey {
        let run = DAGRun.manual(
            specs[0], runID: RunID("run\(number)"), conf: conf, by: "test", at: clock.now)
        var machine = RunMachine(creating: run, of: specs[0], actor: "test")
        guard let batch = machine.takeBatch() else { return run.key }
        _ = try await store.commit([batch], durability: .full)
        return run.key
    }
}

extension DAG {
    /// The DAG, checked.
    var spec: DAGSpec { get throws { try DAGSpec(self) } }
}
