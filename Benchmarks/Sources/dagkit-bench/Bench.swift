import DagKit
import FoundationEssentials
import Glibc
import Synchronization

/// A scheduler of this process on a home of its own, with all that belongs to one.
final class Bench: Sendable {
    /// How attempts are run.
    enum Execution: String, CaseIterable {
        case inProcess = "in process"
        case workers = "warm workers"
    }

    let store: SQLMetadataStore
    let database: SQLiteDatabase
    let specs: [DAGSpec]
    private let scheduler: Scheduler
    private let finishes: RunFinishes
    private let running: Task<Void, any Error>

    /// Runs `body` with a scheduler, which is stopped afterwards.
    static func with<Value>(
        _ dags: [any DAG], _ execution: Execution, parallelism: Int = 10, durability: Durability = .process,
        _ body: (Bench) async throws -> Value
    ) async throws -> Value {
        let bench = try await Bench(
            home: TemporaryFolders.make(), dags: dags, execution, parallelism: parallelism,
            durability: durability)
        do {
            let value = try await body(bench)
            try await bench.stop()
            return value
        } catch {
            try? await bench.stop()
            throw error
        }
    }

    /// - Parameter log: Takes the scheduler's lines.
    init(
        home: String, dags: [any DAG], _ execution: Execution, parallelism: Int, durability: Durability,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        let bag = DAGBag(compiled: dags, zones: TimeZones())
        guard bag.isSound else { throw BenchmarkFailure("\(bag.problems)") }
        specs = bag.specs
        database = try await SQLiteDatabase.open(
            "\(home)/dagkit.db",
            configuration: SQLiteConfiguration(durability: durability == .full ? .full : .standard))
        store = try await SQLMetadataStore.open(database, sealing: NoSecrets(), at: Date())
        try await store.setPool(try Pool(Pool.defaultName, slots: 100_000), by: "bench", at: Date())
        finishes = RunFinishes()
        let schedulerLog = SchedulerLog { _, line, _ in log(line) }
        let executor: any Executor =
            switch execution {
            case .inProcess:
                InProcessExecutor(
                    bag.specs, capacity: parallelism,
                    services: TaskServices(metadata: StoreTaskMetadata(store)))
            case .workers:
                LocalExecutor(home: home, capacity: parallelism, log: schedulerLog)
            }
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "bench", user: "bench",
                processID: Int(getpid()),
                executor: execution.rawValue, start: Date(), heartbeat: Date()))
        configuration.parallelism = parallelism
        configuration.durability = durability
        configuration.observer = finishes
        let scheduler = Scheduler(
            store: store, executor: executor,
            deployment: Deployment(bundle: "bench", specs: bag.specs, arePausedAtCreation: false),
            configuration: configuration, log: schedulerLog)
        self.scheduler = scheduler
        running = Task { try await scheduler.run() }
        while try await store.jobs(type: "SchedulerJob", limit: 1).isEmpty {
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    func stop() async throws {
        scheduler.stop()
        try await wait()
    }

    /// Waits until somebody stops it.
    func wait() async throws {
        try await running.value
        await store.close()
    }

    /// Waits for a run's end, which must be a good one.
    func finish(of run: RunKey) async throws {
        let state = await finishes.state(of: run)
        guard state == .success else { throw BenchmarkFailure("run \(run) is \(state.rawValue)") }
    }

    /// Asks for a run, as a user does: it is on the disk once this returns.
    func trigger(_ id: DAGID) async throws -> RunKey {
        guard let spec = specs.first(where: { $0.id == id }) else { throw BenchmarkFailure("no dag \(id)") }
        let run = DAGRun.manual(spec, by: "bench", at: Date())
        var machine = RunMachine(creating: run, of: spec, actor: "bench")
        guard let batch = machine.takeBatch() else { throw BenchmarkFailure("nothing to create") }
        let result = try await store.commit([batch], durability: .full)
        guard result.conflicts.isEmpty else { throw BenchmarkFailure("run \(run.key) exists") }
        scheduler.poke()
        return run.key
    }

    /// Runs each DAG once and waits until all of them have succeeded.
    func run(_ ids: [DAGID]) async throws {
        var runs: [RunKey] = []
        for id in ids { runs.append(try await trigger(id)) }
        for run in runs { try await finish(of: run) }
    }

    /// Runs each DAG once and says what that took.
    func measure(_ name: String, _ dags: [any DAG], durability: Durability = .process) async throws
        -> Throughput
    {
        let ids = dags.map(\.configuration.id)
        let tasks = specs.filter { ids.contains($0.id) }.map(\.tasks.count).reduce(0, +)
        let diskTime = try Machine.diskTime()
        let cpu = ProcessTreeUsage().cpuSeconds
        let commits = database.committedTransactions
        let start = Machine.nanoseconds()
        try await run(ids)
        let wall = Machine.seconds(since: start)
        return Throughput(
            name: name, tasks: tasks, wall: wall, cpu: ProcessTreeUsage().cpuSeconds - cpu,
            commits: database.committedTransactions - commits, diskTime: diskTime,
            durability: durability.rawValue)
    }
}

/// Nothing secret is stored here.
private struct NoSecrets: SecretSealing {
    func seal(_ secret: String, for place: SecretPlace) throws -> String { secret }
    func open(_ sealed: String, for place: SecretPlace) throws -> String { sealed }
}

/// Tells who waits for a run that it has ended.
private final class RunFinishes: SchedulerObserver {
    private struct State {
        var states: [RunKey: RunState] = [:]
        var waiting: [RunKey: CheckedContinuation<RunState, Never>] = [:]
    }

    private let state = Mutex(State())

    func runFinished(_ run: DAGRun) async {
        let waiter = state.withLock { state in
            state.states[run.key] = run.state
            return state.waiting.removeValue(forKey: run.key)
        }
        waiter?.resume(returning: run.state)
    }

    func state(of run: RunKey) async -> RunState {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                let known = state.states[run]
                if known == nil { state.waiting[run] = continuation }
                return known
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
