import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// What is kept of backfills.
    static var backfillChecks: [Check] {
        [
            Check("a backfill comes back as it was created, with its dates in their order") {
                store, findings in
                let dates: [BackfillDate] = [
                    .conformance(1), .conformance(0, reprocesses: "old"),
                    .conformance(2, exceptionReason: BackfillDate.exists),
                ]
                var backfill = Backfill.conformance()
                backfill.id = try await store.createBackfill(backfill, dates: dates)
                findings.equal(try await store.backfill(backfill.id), backfill, "the backfill")
                findings.equal(try await store.dates(of: backfill.id, pendingOnly: false), dates, "the dates")
                findings.equal(
                    try await store.dates(of: backfill.id, pendingOnly: true), Array(dates.prefix(2)),
                    "the dates that wait their turn")
                findings.equal(try await store.backfill(99), nil, "a backfill that nobody created")
                findings.equal(
                    try await store.auditLog(limit: 1).first?.event, "backfill.create", "the entry")
            },
            Check("a dag has no two backfills of one range at a time") { store, findings in
                let first = try await store.createBackfill(.conformance(), dates: [.conformance(0)])
                do {
                    _ = try await store.createBackfill(.conformance(from: 3), dates: [.conformance(3)])
                    findings.add("an overlapping backfill was taken")
                } catch BackfillError.overlapping(_, let other) {
                    findings.equal(other, first, "the backfill in the way")
                }
                _ = try await store.createBackfill(.conformance(of: "other"), dates: [.conformance(0)])
                _ = try await store.createBackfill(.conformance(from: 5), dates: [.conformance(5)])
                _ = try await store.cancelBackfill(first, by: "ada", at: .conformanceNoon + 9)
                _ = try await store.createBackfill(.conformance(), dates: [.conformance(0)])
                findings.equal(
                    try await store.backfills(of: "market", limit: 9).map(\.id), [4, 3, 1], "of the dag")
                findings.equal(try await store.backfills(of: nil, limit: 2).map(\.id), [4, 3], "the newest")
            },
            Check("a run of a backfill is created for a date that waits its turn, and once") {
                store, findings in
                let id = try await store.createBackfill(
                    .conformance(), dates: [.conformance(0), .conformance(1)])
                let run = DAGRun.conformance(at: 0, of: id)
                findings.expect(try await store.apply(run.backfillBatch()), "the run to be created")
                findings.equal(
                    try await store.snapshot(of: run.key)?.run.backfillID, id, "the run's backfill")
                let dates = try await store.dates(of: id, pendingOnly: false)
                findings.equal(dates.map(\.run), [run.runID, nil], "the runs of the dates")
                try await store.skipDate(.conformanceNoon + 60, of: id, reason: BackfillDate.inFlight)
                let skipped = DAGRun.conformance(at: 1, of: id)
                findings.expect(
                    try await !store.apply(skipped.backfillBatch()), "a date that was skipped to be refused")
                findings.equal(try await store.snapshot(of: skipped.key), nil, "the refused run")
                try await store.skipDate(.conformanceNoon, of: id, reason: BackfillDate.exists)
                findings.equal(
                    try await store.dates(of: id, pendingOnly: false).map(\.exceptionReason),
                    [nil, BackfillDate.inFlight], "the reasons")
            },
            Check("a run that starts anew takes the date's place, and only while it waits") {
                store, findings in
                let run = DAGRun.conformance("old", logicalDate: .conformanceNoon)
                _ = try await store.apply(run.creation(["a"]))
                let id = try await store.createBackfill(
                    .conformance(), dates: [.conformance(0, reprocesses: "old")])
                func clearing(_ run: DAGRun) -> RunBatch {
                    run.change { batch in
                        batch.updatedRun.backfillID = id
                        batch.events = [
                            RunEvent(
                                .runCleared, run: run.key, at: .conformanceNoon,
                                detail: ["backfill_id": .integer(id)])
                        ]
                    }
                }
                findings.expect(try await store.apply(clearing(run)), "the run to start anew")
                findings.equal(
                    try await store.dates(of: id, pendingOnly: false).first?.run, "old", "the date's run")
                var next = run
                next.revision = 1
                findings.expect(try await !store.apply(clearing(next)), "a second time to be refused")
            },
            Check("a cancelled backfill leaves its runs alone and gives no date a run") { store, findings in
                let id = try await store.createBackfill(
                    .conformance(), dates: [.conformance(0), .conformance(1)])
                let run = DAGRun.conformance(at: 0, of: id)
                _ = try await store.apply(run.backfillBatch())
                let noon = Date.conformanceNoon
                findings.expect(
                    try await store.cancelBackfill(id, by: "ada", at: noon + 5), "it to be cancelled")
                findings.expect(try await !store.cancelBackfill(id, by: "ada", at: noon + 6), "one cancel")
                findings.expect(
                    try await !store.apply(DAGRun.conformance(at: 1, of: id).backfillBatch()),
                    "no run after it")
                findings.equal(
                    try await store.dates(of: id, pendingOnly: false).map(\.exceptionReason),
                    [nil, BackfillDate.cancelled], "the reasons")
                let stored = try await store.backfill(id)
                findings.equal(stored?.stateText, "cancelled", "its state")
                findings.equal(stored?.completedAt, noon + 5, "its end")
                findings.equal(
                    try await store.openBackfills().map(\.id), [id], "the open ones, while a run is")
                _ = try await store.apply(run.change { $0.updatedRun.state = .success })
                findings.equal(try await store.openBackfills(), [], "the open ones after that")
            },
            Check("a backfill is paused, goes on, and is done once nothing is left") { store, findings in
                let id = try await store.createBackfill(.conformance(), dates: [.conformance(0)])
                let noon = Date.conformanceNoon
                findings.expect(
                    try await store.setBackfillPaused(true, id, by: "ada", at: noon + 1), "a pause")
                findings.expect(
                    try await !store.setBackfillPaused(true, id, by: "ada", at: noon + 2), "one pause")
                findings.equal(try await store.backfill(id)?.updatedAt, noon + 1, "the time of the pause")
                _ = try await store.setBackfillPaused(false, id, by: "ada", at: noon + 3)
                try await store.completeBackfill(id, at: noon + 4)
                findings.equal(try await store.backfill(id)?.completedAt, nil, "the end while a date waits")
                let run = DAGRun.conformance(at: 0, of: id)
                _ = try await store.apply(run.backfillBatch())
                try await store.completeBackfill(id, at: noon + 5)
                findings.equal(try await store.backfill(id)?.completedAt, nil, "the end while a run is open")
                _ = try await store.apply(run.change { $0.updatedRun.state = .failed })
                try await store.completeBackfill(id, at: noon + 6)
                findings.equal(try await store.backfill(id)?.completedAt, noon + 6, "the end")
                findings.expect(
                    try await !store.setBackfillPaused(true, id, by: "ada", at: noon + 7), "no pause after it"
                )
                let nothing = Backfill.conformance(from: 7)
                let idle = try await store.createBackfill(
                    nothing, dates: [.conformance(7, exceptionReason: BackfillDate.exists)])
                findings.equal(
                    try await store.backfill(idle)?.completedAt, noon, "the end of one without work")
            },
        ]
    }
}

extension Backfill {
    /// A backfill of some minutes from noon on.
    fileprivate static func conformance(of dag: DAGID = "market", from minute: Int = 0) -> Backfill {
        let from = Date.conformanceNoon + Double(minute) * 60
        return Backfill(
            dagID: dag, from: from, through: from + 200, conf: ["limit": 1], reprocessing: .failed,
            maxActiveRuns: 2, createdBy: "ada", createdAt: .conformanceNoon)
    }
}

extension BackfillDate {
    fileprivate static func conformance(
        _ minute: Int, reprocesses: RunID? = nil, exceptionReason: String? = nil
    ) -> BackfillDate {
        let start = Date.conformanceNoon + Double(minute) * 60
        let interval = DataInterval(start: start, end: start + 60)
        return BackfillDate(
            PlannedRun(dataInterval: interval, runAfter: start + 60), reprocesses: reprocesses,
            exceptionReason: exceptionReason)
    }
}

extension DAGRun {
    /// The run of a backfill for a minute after noon.
    fileprivate static func conformance(at minute: Int, of backfill: Int64) -> DAGRun {
        let date = Date.conformanceNoon + Double(minute) * 60
        var run = DAGRun.conformance(
            RunID(RunType.backfill.runID(for: date)), type: .backfill, logicalDate: date)
        run.backfillID = backfill
        return run
    }

    fileprivate func backfillBatch() -> RunBatch {
        var batch = creation()
        batch.events = [
            RunEvent(
                .runCreated, run: key, at: queuedAt, detail: ["backfill_id": .integer(backfillID ?? 0)])
        ]
        return batch
    }
}
