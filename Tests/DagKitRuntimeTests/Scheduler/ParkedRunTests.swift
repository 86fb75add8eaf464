import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Synchronization
import Testing

/// Runs that a store cannot read or write, turn by turn.
@Suite struct ParkedRunTests {
    private let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))
    private let store = DamagedStore()
    private let executor = IdleExecutor()
    private let lines = LoopLines()

    private func loop(_ specs: [DAGSpec], alive: [AttemptID] = []) async throws -> SchedulerLoop {
        let configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                executor: "none", start: clock.now, heartbeat: clock.now))
        var loop = SchedulerLoop(
            store: store, executor: executor, clock: clock, configuration: configuration,
            log: SchedulerLog { [lines] level, line, _ in if level == .error { lines.add(line) } })
        try await loop.open(Deployment(bundle: "test", specs: specs, arePausedAtCreation: false))
        try await loop.adoptRuns()
        try await loop.turn([.executor(.adopted(alive))])
        return loop
    }

    private func trigger(_ spec: DAGSpec, _ id: RunID = "mine", isRunning: Bool = false) async throws
        -> RunKey
    {
        var machine = RunMachine(
            creating: .manual(spec, runID: id, by: "test", at: clock.now), of: spec, actor: "test")
        if isRunning {
            let attempt = AttemptID(rawValue: try await store.base.reserveAttempts(1).lowerBound)
            _ = machine.advance(.start, at: clock.now)
            _ = machine.advance(.dispatched([(InstanceRef(task: 0, instance: 0), attempt)]), at: clock.now)
        }
        _ = try await store.base.commit([machine.takeBatch()].compactMap { $0 }, durability: .full)
        return machine.run.key
    }

    @Test func `a change that can never be stored holds up its run alone, and is told once`() async throws {
        let specs = try [Work(id: "one").spec, Work(id: "two").spec]
        var loop = try await loop(specs)
        let keys = [try await trigger(specs[0]), try await trigger(specs[1])]
        store.refuse([keys[0]])

        for _ in 0..<3 {
            try await loop.turn([.poke])
            clock.advance(by: 5)
        }

        #expect(executor.orders.map(\.key.run) == [keys[1]])
        #expect(lines.all.count == 1)
        #expect(
            lines.all.first?.hasPrefix("run one/mine is left alone, all others go on: no; write another")
                == true)
        store.refuse([])
        try await loop.turn([.alarm])
        #expect(executor.orders.map(\.key.run) == [keys[1], keys[0]])
    }

    @Test func `what an attempt of a run that cannot be read reports is stored once it can`() async throws {
        let spec = try Work(id: "one").spec
        let key = try await trigger(spec, isRunning: true)
        store.spoil([key])
        var loop = try await loop([spec], alive: [AttemptID(rawValue: 1)])
        let outcome = AttemptOutcome(
            attemptID: AttemptID(rawValue: 1), key: TaskInstanceKey(key, "only"), tryNumber: 1,
            verdict: .success(nil), startedAt: clock.now, endedAt: clock.now)

        try await loop.turn([.executor(.finished(outcome))])
        try await loop.turn([.poke])
        #expect(executor.acknowledged.isEmpty && executor.killed.isEmpty)
        store.spoil([])
        try await loop.turn([.poke])

        #expect(executor.acknowledged == [AttemptID(rawValue: 1)])
        #expect(try await store.snapshot(of: key)?.run.state == .success)
        #expect(lines.all.count == 1)
    }

    @Test func `an attempt of a run that could not be read is tried again if it died meanwhile`() async throws
    {
        let spec = try Work(id: "one").spec
        let key = try await trigger(spec, isRunning: true)
        store.spoil([key])
        var loop = try await loop([spec])

        store.spoil([])
        try await loop.turn([.poke])

        #expect(executor.orders.map(\.tryNumber) == [1])
        #expect(executor.orders.first?.attemptID != AttemptID(rawValue: 1))
    }

    @Test func `an attempt of a dag that was not loaded is tried again if it died meanwhile`() async throws {
        let spec = try Work(id: "one").spec
        _ = try await trigger(spec, isRunning: true)
        var loop = try await loop([])

        try await loop.turn([
            .deployment(Deployment(bundle: "test", specs: [spec], arePausedAtCreation: false))
        ])

        #expect(executor.orders.map(\.tryNumber) == [1])
    }

    @Test func `an attempt of a run that cannot be read is ended when the run is deleted`() async throws {
        let spec = try Work(id: "one").spec
        let key = try await trigger(spec, isRunning: true)
        store.spoil([key])
        var loop = try await loop([spec], alive: [AttemptID(rawValue: 1)])
        #expect(executor.killed.isEmpty)

        store.spoil([], gone: [key])
        try await loop.turn([.poke])

        #expect(executor.killed == [AttemptID(rawValue: 1)])
    }
}

/// A store in memory of which some runs cannot be read, or not be changed.
private final class DamagedStore: StoreProxy {
    let base: any MetadataStore = InMemoryStore()
    private let damage = Mutex((spoilt: Set<RunKey>(), refused: Set<RunKey>(), gone: Set<RunKey>()))

    func spoil(_ runs: Set<RunKey>, gone: Set<RunKey> = []) {
        damage.withLock { ($0.spoilt, $0.gone) = (runs, gone) }
    }

    func refuse(_ runs: Set<RunKey>) { damage.withLock { $0.refused = runs } }

    func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        let refused = damage.withLock(\.refused)
        if batches.contains(where: { refused.contains($0.run) }) { throw Refusal() }
        return try await base.commit(batches, durability: durability)
    }

    func snapshot(of run: RunKey) async throws -> RunSnapshot? {
        let damage = damage.withLock { $0 }
        if damage.gone.contains(run) { return nil }
        if damage.spoilt.contains(run) { throw Self.row(run) }
        return try await base.snapshot(of: run)
    }

    func leavingOutUnreadable(_ tell: @escaping @Sendable (UnreadableRow) -> Void) -> any MetadataStore {
        View(base: self, tell: tell)
    }

    private static func row(_ run: RunKey) -> UnreadableRow {
        UnreadableRow(table: "dag_run", column: "conf", key: "run_id = '\(run.runID)'", reason: "x", run: run)
    }

    private struct View: StoreProxy {
        let base: any MetadataStore
        let tell: @Sendable (UnreadableRow) -> Void

        func unfinishedRuns() async throws -> [RunSnapshot] {
            var readable: [RunSnapshot] = []
            for snapshot in try await base.unfinishedRuns() {
                do {
                    if let read = try await base.snapshot(of: snapshot.run.key) { readable.append(read) }
                } catch let row as UnreadableRow {
                    tell(row)
                }
            }
            return readable
        }
    }
}

private struct Refusal: DagKitError, StoreFailure {
    let isFinal = false
    let isLasting = true
    let problem = "no"
    let remedy = "write another"
}

private struct Work: DAG {
    let configuration: DAGConfiguration

    init(id: DAGID) { configuration = DAGConfiguration(id) }

    func build(_ dag: inout DAGBuilder) { dag.task("only") { _ in } }
}
