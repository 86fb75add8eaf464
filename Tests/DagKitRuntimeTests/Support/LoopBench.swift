import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Synchronization

/// A scheduler's loop that a test turns by hand, over a store in memory and an executor that runs nothing.
struct LoopBench {
    let store: InMemoryStore
    let clock: ManualClock
    let executor = IdleExecutor()
    let lines = LoopLines()
    private(set) var loop: SchedulerLoop
    private let spec: DAGSpec

    /// A loop that has taken over what it found.
    init(_ dag: some DAG, store: InMemoryStore = InMemoryStore(), clock: ManualClock) async throws {
        self.store = store
        self.clock = clock
        spec = try DAGSpec(dag)
        let lines = lines
        loop = SchedulerLoop(
            store: store, executor: executor, clock: clock,
            configuration: Scheduler.Configuration(
                job: JobRecord(
                    type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                    executor: "none", start: clock.now, heartbeat: clock.now)),
            log: SchedulerLog { level, text, _ in if level == .warning { lines.add(text) } })
        try await loop.open(Deployment(bundle: "test", specs: [spec], arePausedAtCreation: false))
        try await loop.adoptRuns()
        try await loop.turn([.executor(.adopted([]))])
    }

    mutating func turn(_ messages: [SchedulerLoop.Message] = [.alarm]) async throws {
        try await loop.turn(messages)
    }

    /// Creates a run as the command line does, and lets the loop find it.
    @discardableResult
    mutating func trigger() async throws -> RunKey {
        let run = DAGRun.manual(spec, runID: "mine", by: "ada", at: clock.now)
        var machine = RunMachine(creating: run, of: spec, actor: "ada")
        if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .full) }
        try await turn([.poke])
        return run.key
    }

    /// Somebody else changes a run, and nobody says so.
    func change(_ run: RunKey, _ event: RunMachine.Event) async throws {
        _ = try await store.change(run, of: spec, at: clock.now) { _ in event }
    }

    /// The newest attempt fails.
    mutating func fail() async throws {
        guard let order = executor.orders.last else { return }
        try await turn([
            .executor(
                .finished(
                    AttemptOutcome(
                        attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber,
                        verdict: .failed(reason: "no", isRetryable: true, retryDelay: nil),
                        startedAt: clock.now, endedAt: clock.now)))
        ])
    }

    func instance(_ run: RunKey) async throws -> TaskInstance? {
        try await store.taskInstances(of: run).first
    }

    /// Whether the state that is stored of a run is what its events say.
    func folds(_ run: RunKey) async throws -> Bool {
        guard let stored = try await store.snapshot(of: run),
            var folded = RunSnapshot(folding: try await store.events(of: run), of: spec)
        else { return false }
        folded.run.revision = stored.run.revision
        return folded.run == stored.run && folded.instances == stored.instances
    }
}
