import DagKitCore
import DagKitRuntime
import FoundationEssentials

/// A scheduler's process in a simulation: its store, executor and clock, which die with it.
///
/// Every operation is a step of the world, at which faults may hit. After its death the process reaches nothing any
/// more, so that what a dead scheduler still had in hand is lost, as it is in the real world.
final class SimulatedProcess: StoreProxy, Executor, SchedulerClock {
    private let world: SimulatedWorld
    let number: Int
    let base: any MetadataStore

    init(_ world: SimulatedWorld, number: Int) {
        self.world = world
        self.number = number
        base = world.store
    }

    private var isAlive: Bool { world.living == number }

    private func checkLife() throws { if !isAlive { throw CancellationError() } }

    private func die() {
        world.note("the scheduler dies")
        world.living = nil
    }

    /// Does an operation on the store as one step of the world.
    private func step<Result>(_ name: String, _ body: () async throws -> Result) async throws -> Result {
        try checkLife()
        let faults = await world.takeStep()
        try checkLife()
        var failsAfter = false
        var diesAfter = false
        for fault in faults {
            switch fault {
            case .crash(_, false):
                die()
                throw CancellationError()
            case .crash: diesAfter = true
            case .storeError(_, false):
                world.note("\(name) fails")
                throw SimulatedStoreError()
            case .storeError: failsAfter = true
            default: break
            }
        }
        if world.isStoreAway { throw SimulatedStoreError() }
        let result = try await body()
        if diesAfter {
            die()
            throw CancellationError()
        }
        if failsAfter {
            world.note("\(name) fails after it was done")
            throw SimulatedStoreError()
        }
        return result
    }

    /// Does an operation on the executor as one step of the world.
    private func act(_ body: () async -> Void) async {
        guard isAlive else { return }
        let faults = await world.takeStep()
        guard isAlive else { return }
        if faults.contains(where: { if case .crash(_, false) = $0 { true } else { false } }) { return die() }
        await body()
        if faults.contains(where: { if case .crash(_, true) = $0 { true } else { false } }) { die() }
    }

    // MARK: Clock

    var now: Date { world.now }

    var reading: ClockReading {
        guard world.simulator.defects.contains(.trustsWallClock) else { return world.reading }
        return ClockReading(wall: now, elapsed: .microseconds(now.microsecondsSinceEpoch))
    }

    func sleep(until instant: Date) async throws {
        try checkLife()
        await world.advance(to: world.time(of: instant))
        try checkLife()
    }

    // MARK: Executor

    var capacity: Int { .max }

    func start() async throws -> AsyncStream<ExecutorEvent> {
        AsyncStream { $0.finish() }
    }

    func dispatch(_ orders: [AttemptOrder]) async {
        await act { for order in orders { world.begin(order) } }
    }

    func kill(_ attempt: AttemptID, reason: String) async {
        await act { world.kill(attempt, reason: reason) }
    }

    func acknowledge(_ attempts: [AttemptID]) async { await act { await world.acknowledge(attempts) } }

    func stop(grace: Duration) async { await act { world.endAttempts(after: grace) } }

    // MARK: Store

    func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        try await step("a commit") { try await base.commit(batches, durability: durability) }
    }

    func reserveAttempts(_ count: Int) async throws -> ClosedRange<Int64> {
        try await step("a reservation") { try await base.reserveAttempts(count) }
    }

    func snapshot(of run: RunKey) async throws -> RunSnapshot? {
        try await step("a read") { try await base.snapshot(of: run) }
    }

    func unfinishedRuns() async throws -> [RunSnapshot] {
        try await step("a read") { try await base.unfinishedRuns() }
    }

    func runs(_ query: RunQuery) async throws -> [DAGRun] {
        try await step("a read") { try await base.runs(query) }
    }

    func taskInstances(of run: RunKey) async throws -> [TaskInstance] {
        try await step("a read") { try await base.taskInstances(of: run) }
    }

    func changes(after number: Int64, limit: Int) async throws -> [RunEvent] {
        let found = try await step("a read") { try await base.changes(after: number, limit: limit) }
        if found.count < limit { world.auditor.sawChanges() }
        return found
    }

    func openBackfills() async throws -> [Backfill] {
        try await step("a read") { try await base.openBackfills() }
    }

    func dates(of backfill: Int64, pendingOnly: Bool) async throws -> [BackfillDate] {
        try await step("a read") { try await base.dates(of: backfill, pendingOnly: pendingOnly) }
    }

    func skipDate(_ logicalDate: Date, of backfill: Int64, reason: String) async throws {
        try await step("a write") { try await base.skipDate(logicalDate, of: backfill, reason: reason) }
    }

    func completeBackfill(_ id: Int64, at now: Date) async throws {
        try await step("a write") { try await base.completeBackfill(id, at: now) }
    }

    func pastRun(_ query: PastQuery) async throws -> PastRun? {
        try await step("a read") { try await base.pastRun(query) }
    }

    func lastEventNumber() async throws -> Int64 {
        try await step("a read") { try await base.lastEventNumber() }
    }

    func lastScheduledIntervals() async throws -> [DAGID: DataInterval] {
        try await step("a read") { try await base.lastScheduledIntervals() }
    }

    func register(_ dags: [DAGRecord], bundle: String, at now: Date) async throws {
        try await step("a registration") {
            try await base.register(dags, bundle: bundle, at: now)
            world.auditor.sawRegistered()
        }
    }

    func setNextRuns(_ next: [DAGID: PlannedRun?]) async throws {
        try await step("a write") { try await base.setNextRuns(next) }
    }

    func pausedDAGs() async throws -> Set<DAGID> {
        let paused = try await step("a read") { try await base.pausedDAGs() }
        world.auditor.sawPaused(paused)
        return paused
    }

    func pools() async throws -> [Pool] {
        let pools = try await step("a read") { try await base.pools() }
        world.auditor.sawPools(pools)
        return pools
    }

    func assetQueue() async throws -> [DAGID: [String: Int64]] {
        try await step("a read") { try await base.assetQueue() }
    }

    func waitingAssetEvents(of dag: DAGID, uris: [String]) async throws -> WaitingAssetEvents? {
        try await step("a read") { try await base.waitingAssetEvents(of: dag, uris: uris) }
    }

    func startJob(_ job: JobRecord) async throws -> Int64 {
        try await step("a write") { try await base.startJob(job) }
    }

    func updateJob(_ id: Int64, state: String, heartbeat: Date, end: Date?) async throws {
        try await step("a heartbeat") {
            try await base.updateJob(id, state: state, heartbeat: heartbeat, end: end)
        }
    }
}

/// What a simulated store throws.
struct SimulatedStoreError: Error, CustomStringConvertible {
    var description: String { "the simulated store is away" }
}
