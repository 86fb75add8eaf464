import DagKitCore
import DagKitRuntime
import FoundationEssentials
import Testing

/// Backfills whose plan is not what the store holds any more when their turn comes.
@Suite struct BackfillTests {
    @Test(arguments: [
        // A run of the first date, and one of another date under the id that the second date's run would have.
        ("mine", "2026-01-01"), ("backfill__2026-01-02T00:00:00+00:00", "2026-06-01"),
    ])
    func `a date that somebody else has a run for meanwhile is left to them`(
        id: String, date: String
    ) async throws {
        let bench = try SchedulerBench([Days()])
        let spec = bench.specs[0]
        let run = DAGRun.manual(
            spec, logicalDate: try Date(isoText: date), runID: RunID(id), by: "ada", at: Date())
        var machine = RunMachine(creating: run, of: spec, actor: "ada")
        if let batch = machine.takeBatch() { _ = try await bench.store.commit([batch], durability: .full) }
        let backfill = try await bench.backfill()

        try await bench.scheduler.run()

        let dates = try await bench.store.dates(of: backfill, pendingOnly: false)
        #expect(dates.count { $0.run != nil } == 2)
        #expect(
            dates.count {
                $0.exceptionReason == BackfillDate.inFlight || $0.exceptionReason == BackfillDate.exists
            } == 1)
        #expect(try await bench.store.backfill(backfill)?.stateText == "completed")
        #expect(try await bench.store.runs(RunQuery(dagID: "days")).count == 3)
    }

    @Test func `runs of a backfill stand for their dates and are given its conf`() async throws {
        let bench = try SchedulerBench([Days()])
        let backfill = try await bench.backfill()

        try await bench.scheduler.run()

        let runs = try await bench.store.runs(RunQuery(dagID: "days")).sorted { $0.runID < $1.runID }
        #expect(
            runs.map { "\($0.type) \($0.state) \($0.conf.text) \($0.triggeredBy ?? "")" }
                == Array(repeating: #"backfill success {"limit":3} ada"#, count: 3))
        #expect(runs.map(\.backfillID) == [backfill, backfill, backfill])
        #expect(
            runs.map { String($0.logicalDate?.isoText.prefix(10) ?? "") } == [
                "2026-01-01", "2026-01-02", "2026-01-03",
            ])
    }
}

/// A DAG whose schedule has not begun, so that nothing but a backfill makes runs.
private struct Days: DAG {
    var configuration = DAGConfiguration(
        "days", schedule: .daily, startDate: "2099-01-01")

    func build(_ dag: inout DAGBuilder) { dag.task("load") { _ in } }
}

extension SchedulerBench {
    /// Creates a backfill of three days, planned before there was any run.
    fileprivate func backfill() async throws -> Int64 {
        let (from, through) = (try Date(isoText: "2026-01-01"), try Date(isoText: "2026-01-03"))
        let plan = try BackfillPlan(of: specs[0], from: from, through: through, existing: [], now: Date())
        return try await store.createBackfill(
            Backfill(
                dagID: "days", from: from, through: through, conf: ["limit": 3], maxActiveRuns: 1,
                createdBy: "ada", createdAt: Date().roundedToMicroseconds), dates: plan.dates)
    }
}
