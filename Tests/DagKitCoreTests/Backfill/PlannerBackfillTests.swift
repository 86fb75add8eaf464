import DagKitCore
import FoundationEssentials
import Testing

@Suite struct PlannerBackfillTests {
    @Test func `a backfill's runs have a limit of their own beside the dag's`() async throws {
        var bench = try await RowBench(.row(maxActiveRuns: 1))
        try await bench.trigger(20)
        try await bench.backfill(days: [1, 2, 3], maxActiveRuns: 2)
        #expect(bench.running == ["back1/load", "back2/load", "day20/load"])

        try await bench.finish("back1")

        #expect(bench.running == ["back2/load", "back3/load", "day20/load"])
    }

    @Test func `a backfill goes on while its dag is paused, and in its own order`() async throws {
        var bench = try await RowBench(.row())
        try await bench.setPaused(true)
        try await bench.backfill(days: [3, 2, 1], maxActiveRuns: 1)
        #expect(bench.running == ["back3/load"])

        try await bench.finish("back3")

        #expect(bench.running == ["back2/load"])
    }

    @Test func `a paused backfill starts no new run, and its run goes on`() async throws {
        var bench = try await RowBench(.row())
        let id = try await bench.backfill(days: [1, 2], maxActiveRuns: 1)
        _ = try await bench.store.setBackfillPaused(true, id, by: "ada", at: .noon + 1)
        try await bench.look()
        try await bench.finish("back1")
        #expect(bench.running == [])

        _ = try await bench.store.setBackfillPaused(false, id, by: "ada", at: .noon + 2)
        try await bench.look()

        #expect(bench.running == ["back2/load"])
    }

    @Test func `a cancelled backfill leaves its run alone and is forgotten once that has ended`() async throws
    {
        var bench = try await RowBench(.row())
        let id = try await bench.backfill(days: [1, 2], maxActiveRuns: 1)
        _ = try await bench.store.cancelBackfill(id, by: "ada", at: .noon + 1)
        try await bench.look()

        try await bench.finish("back1")

        #expect(bench.running == [])
        #expect(try await bench.run("back1")?.state == .success)
        #expect(try await bench.store.openBackfills() == [])
    }

    @Test func `a backfill is recorded as done with its last run`() async throws {
        var bench = try await RowBench(.row())
        let id = try await bench.backfill(days: [1, 2], maxActiveRuns: 9)
        try await bench.finish("back1")
        #expect(try await bench.store.backfill(id)?.completedAt == nil)

        try await bench.finish("back2")

        #expect(try await bench.store.backfill(id)?.stateText == "completed")
    }

    @Test func `a failed run starts anew for a backfill, and counts against it`() async throws {
        var bench = try await RowBench(.row(maxActiveRuns: 1))
        try await bench.trigger(1)
        try await bench.fail("day1/load")
        let id = try await bench.backfill(days: [1, 2], maxActiveRuns: 1, reprocesses: [1: "day1"])
        #expect(bench.running == ["day1/load"])
        let events = try await bench.store.events(of: RunKey("row", "day1"))
        #expect(events.last { $0.kind == .runCleared }?.actor == "ada")

        try await bench.finish("day1")

        #expect(bench.running == ["back2/load"])
        let run = try await bench.run("day1")
        #expect(run?.state == .success && run?.clearNumber == 1 && run?.backfillID == id)
        let folded = RunSnapshot(
            folding: try await bench.store.events(of: RunKey("row", "day1")), of: bench.spec)
        #expect(folded?.run.backfillID == id)
    }

    @Test func `a run that somebody started again meanwhile is left to them`() async throws {
        var bench = try await RowBench(.row())
        try await bench.trigger(1)
        try await bench.fail("day1/load")
        try await bench.change(1) { machine in
            .clear(TaskSelection().references(in: machine), actor: "ada")
        }

        let id = try await bench.backfill(days: [1], maxActiveRuns: 1, reprocesses: [1: "day1"])

        #expect(bench.running == ["day1/load"])
        #expect(try await bench.run("day1")?.clearNumber == 1)
        #expect(try await bench.run("day1")?.backfillID != id)
    }

    @Test func `a scheduler that begins anew goes on where the last one was`() async throws {
        var bench = try await RowBench(.row(maxActiveRuns: 1))
        let id = try await bench.backfill(days: [1, 2, 3], maxActiveRuns: 2)
        try await bench.restart()
        #expect(bench.running == ["back1/load", "back2/load"])

        for name in ["back1", "back2", "back3"] { try await bench.finish(name) }

        #expect(try await bench.store.backfill(id)?.stateText == "completed")
        let dates = try await bench.store.dates(of: id, pendingOnly: false)
        #expect(Set(dates.compactMap(\.run)).count == 3)
    }

    @Test func `what depends on its past waits for the backfill's run of the day before`() async throws {
        var bench = try await RowBench(.row(TaskOptions(dependsOnPast: true)))
        try await bench.trigger(3)
        try await bench.backfill(days: [1, 2], maxActiveRuns: 2)
        #expect(bench.running == ["back1/load", "day3/load"], "day 3 began before there was a day before it")

        try await bench.end("back1/load")

        #expect(bench.running.contains("back2/load"))
    }
}

extension RowBench {
    /// Creates a backfill for days after noon, as the command line does; its runs are called `back1`.
    @discardableResult
    fileprivate mutating func backfill(
        days: [Int], maxActiveRuns: Int, reprocesses: [Int: RunID] = [:]
    ) async throws -> Int64 {
        let dates = days.map { day in
            let date = Date.noon + Double(day) * 86400
            return BackfillDate(
                PlannedRun(dataInterval: DataInterval(start: date, end: date + 60), runAfter: .noon),
                reprocesses: reprocesses[day])
        }
        let ordered = dates.map(\.logicalDate).sorted()
        let id = try await store.createBackfill(
            Backfill(
                dagID: spec.id, from: ordered[0], through: ordered[ordered.count - 1],
                maxActiveRuns: maxActiveRuns, createdBy: "ada", createdAt: .noon), dates: dates)
        try await look()
        return id
    }

    /// Ends all tasks of a run.
    fileprivate mutating func finish(_ run: String) async throws {
        for task in ["load", "check", "count"] { try await end("\(run)/\(task)") }
    }

    fileprivate func run(_ name: String) async throws -> DAGRun? {
        try await store.snapshot(of: RunKey(spec.id, runID(name)))?.run
    }
}
