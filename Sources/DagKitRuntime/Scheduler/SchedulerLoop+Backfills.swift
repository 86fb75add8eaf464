import DagKitCore
import FoundationEssentials

extension SchedulerLoop {
    /// Reads what the planner wants to know of backfills, and records those that are done.
    mutating func workOffBackfills(_ effects: Planner.Effects) async throws {
        for work in effects.reruns { try await reprocess(work) }
        for id in effects.completedBackfills {
            let now = clock.now
            try await persisted("cannot store the end of backfill \(id)") {
                try await store.completeBackfill(id, at: now)
            }
            log.info("backfill \(id) is done")
        }
        for id in planner.unreadBackfills where !waitingBackfills.contains(id) {
            let dates = try await unlessLasting("cannot read backfill \(id)") {
                try await store.dates(of: id, pendingOnly: true)
            }
            switch dates {
            case .success(let dates): planner.setDates(dates, of: id)
            case .failure(let error):
                waitingBackfills.insert(id)
                tell(of: error.cause)
            }
        }
    }

    private mutating func reprocess(_ work: Planner.Rerun) async throws {
        let found = try await unlessLasting("cannot read run \(work.run)") {
            try await store.snapshot(of: work.run)
        }
        var reason = BackfillDate.inFlight
        if case .failure(let error) = found {
            tell(of: error.cause)
            reason = BackfillDate.unreadable
        }
        let snapshot = (try? found.get()) ?? nil
        if snapshot?.run.state.isFinished != true {
            try await persisted("cannot store what becomes of a backfill's date") { [reason] in
                try await store.skipDate(work.date, of: work.backfill, reason: reason)
            }
        }
        let now = moment()
        planner.reprocess(snapshot, for: work, at: now)
    }

    /// Sees to the date of a backfill whose run could not be stored: another run may have it now, the backfill may be
    /// ended, or the run that was to start anew was changed by somebody.
    mutating func settleDate(of batch: RunBatch) async throws {
        guard let step = batch.backfillStep else { return }
        let query = RunQuery(dagID: batch.run.dagID, logicalDate: step.date, limit: 1)
        try await persisted("cannot store what becomes of a backfill's date") {
            guard batch.expectedRevision == nil else { return }
            var other = try await store.runs(query).first
            // Somebody may have given a run of another date the id that this date's run would have.
            do {
                if other == nil { other = try await store.snapshot(of: batch.run)?.run }
            } catch is UnreadableRow {
                return try await store.skipDate(
                    step.date, of: step.backfill, reason: BackfillDate.unreadable)
            }
            guard let run = other else { return }
            let reason = run.state.isFinished ? BackfillDate.exists : BackfillDate.inFlight
            try await store.skipDate(step.date, of: step.backfill, reason: reason)
        }
        planner.rereadBackfill(step.backfill)
        mustLook = true
    }
}
