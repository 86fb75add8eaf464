import DagKitCore
import DagKitRuntime
import DagKitSystem
import DagKitTesting
import FoundationEssentials

/// The real scheduler loop on a clock that a test moves, over a store in memory.
final class ClockBench: Sendable {
    let store = InMemoryStore()
    let clock: ManualClock
    let scheduler: Scheduler
    private let dagID: DAGID

    init(_ dag: some DAG, at start: Date) throws {
        let zones = TimeZones(
            loading: dag.configuration.schedule.timeZoneNames, from: ZoneInfo.system())
        let spec = try DAGSpec(dag, zones: zones)
        dagID = spec.id
        clock = ManualClock(at: start)
        let executor = InProcessExecutor(
            [spec], capacity: 8, services: TaskServices(metadata: StoreTaskMetadata(store)), clock: clock)
        scheduler = Scheduler(
            store: store, executor: executor,
            deployment: Deployment(bundle: "faults", specs: [spec], arePausedAtCreation: false),
            configuration: Scheduler.Configuration(
                job: JobRecord(
                    type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                    executor: "in_process", start: start, heartbeat: start)),
            clock: clock)
    }

    /// Runs `body` beside the scheduler and stops it then.
    func run(_ body: () async throws -> Void) async throws {
        let scheduler = scheduler
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await scheduler.run() }
            do {
                try await body()
            } catch {
                scheduler.stop()
                throw error
            }
            scheduler.stop()
            try await group.waitForAll()
        }
    }

    /// The logical dates of all runs, oldest first.
    func logicalDates() async throws -> [Date] {
        try await store.runs(RunQuery(dagID: dagID)).compactMap(\.logicalDate).sorted()
    }

    /// Waits until that many runs have succeeded.
    func succeeded(_ count: Int) async throws -> Bool {
        try await holds {
            try await store.runs(RunQuery(dagID: dagID)).count { $0.state == .success } >= count
        }
    }

    /// Waits until the heartbeat is at most half an hour younger than an instant: the scheduler writes it when it looks
    /// around.
    func heartbeat(since instant: Date) async throws -> Bool {
        try await holds {
            clock.advance(by: 1)
            return try await store.jobs(type: "SchedulerJob", limit: 1).contains {
                (instant...instant + 1_800).contains($0.heartbeat)
            }
        }
    }
}

extension Date {
    init(_ text: String) throws { try self.init(isoText: text) }
}
