public import FoundationEssentials
import Synchronization

extension InMemoryStore {
    /// A backfill with its dates.
    struct KeptBackfill {
        var backfill: Backfill
        var dates: [BackfillDate]

        /// Whether its DAG was deleted.
        var isDeleted = false
    }

    public func createBackfill(_ backfill: Backfill, dates: [BackfillDate]) async throws -> Int64 {
        try contents.withLock { contents in
            if let other = contents.overlap(of: backfill) {
                throw BackfillError.overlapping(backfill.dagID, other: other)
            }
            var stored = backfill
            stored.id = Int64(contents.backfills.count + 1)
            if !dates.contains(where: \.isPending) { stored.completedAt = stored.createdAt }
            contents.backfills.append(KeptBackfill(backfill: stored, dates: dates))
            contents.audit.append(stored.entry("backfill.create", by: stored.createdBy, at: stored.createdAt))
            return stored.id
        }
    }

    public func backfill(_ id: Int64) async throws -> Backfill? {
        contents.withLock { contents in contents.place(of: id).map { contents.backfills[$0].backfill } }
    }

    public func backfills(of dag: DAGID?, limit: Int) async throws -> [Backfill] {
        contents.withLock { contents in
            let kept = contents.backfills.filter { !$0.isDeleted }.map(\.backfill)
            return Array(kept.reversed().filter { dag == nil || $0.dagID == dag }.prefix(limit))
        }
    }

    public func openBackfills() async throws -> [Backfill] {
        contents.withLock { contents in
            contents.backfills.filter { !$0.isDeleted }.map(\.backfill).filter {
                $0.completedAt == nil || contents.hasOpenRuns($0.id)
            }
        }
    }

    public func dates(of backfill: Int64, pendingOnly: Bool) async throws -> [BackfillDate] {
        contents.withLock { contents in
            let dates = contents.place(of: backfill).map { contents.backfills[$0].dates } ?? []
            return pendingOnly ? dates.filter(\.isPending) : dates
        }
    }

    public func setBackfillPaused(_ isPaused: Bool, _ id: Int64, by actor: String, at now: Date) async throws
        -> Bool
    {
        contents.withLock { contents in
            guard let place = contents.openPlace(of: id),
                contents.backfills[place].backfill.isPaused != isPaused
            else { return false }
            contents.change(place, isPaused ? "backfill.pause" : "backfill.unpause", by: actor, at: now) {
                $0.backfill.isPaused = isPaused
            }
            return true
        }
    }

    public func cancelBackfill(_ id: Int64, by actor: String, at now: Date) async throws -> Bool {
        contents.withLock { contents in
            guard let place = contents.openPlace(of: id) else { return false }
            contents.change(place, "backfill.cancel", by: actor, at: now) { kept in
                kept.backfill.isCancelled = true
                kept.backfill.completedAt = now
                for date in kept.dates.indices where kept.dates[date].isPending {
                    kept.dates[date].exceptionReason = BackfillDate.cancelled
                }
            }
            return true
        }
    }

    public func skipDate(_ logicalDate: Date, of backfill: Int64, reason: String) async throws {
        contents.withLock { contents in
            guard let (place, date) = contents.pendingDate(logicalDate, of: backfill) else { return }
            contents.backfills[place].dates[date].exceptionReason = reason
        }
    }

    public func completeBackfill(_ id: Int64, at now: Date) async throws {
        contents.withLock { contents in
            guard let place = contents.openPlace(of: id), !contents.hasOpenRuns(id),
                !contents.backfills[place].dates.contains(where: \.isPending)
            else { return }
            contents.backfills[place].backfill.completedAt = now
        }
    }
}

extension InMemoryStore.Contents {
    fileprivate func place(of id: Int64) -> Int? {
        let place = Int(id) - 1
        return backfills.indices.contains(place) && !backfills[place].isDeleted ? place : nil
    }

    /// The place of a backfill that is not done.
    fileprivate func openPlace(of id: Int64) -> Int? {
        place(of: id).flatMap { backfills[$0].backfill.completedAt == nil ? $0 : nil }
    }

    fileprivate mutating func change(
        _ place: Int, _ event: String, by actor: String, at now: Date,
        _ body: (inout InMemoryStore.KeptBackfill) -> Void
    ) {
        body(&backfills[place])
        backfills[place].backfill.updatedAt = now
        audit.append(backfills[place].backfill.entry(event, by: actor, at: now))
    }

    fileprivate func overlap(of new: Backfill) -> Int64? {
        backfills.first { kept in
            !kept.isDeleted && kept.backfill.dagID == new.dagID && kept.backfill.completedAt == nil
                && kept.backfill.from <= new.through && new.from <= kept.backfill.through
        }?.backfill.id
    }

    fileprivate func hasOpenRuns(_ id: Int64) -> Bool {
        runs.values.contains { $0.run.backfillID == id && !$0.run.state.isFinished }
    }

    fileprivate func pendingDate(_ date: Date, of id: Int64) -> (backfill: Int, date: Int)? {
        guard let place = place(of: id),
            let found = backfills[place].dates.firstIndex(where: { $0.logicalDate == date && $0.isPending })
        else { return nil }
        return (place, found)
    }

    /// Records which run a date of a backfill got; false if it does not wait its turn.
    mutating func workOff(_ step: (backfill: Int64, date: Date), by run: RunID) -> Bool {
        guard let (place, date) = pendingDate(step.date, of: step.backfill) else { return false }
        backfills[place].dates[date].run = run
        return true
    }

    mutating func deleteBackfills(of dag: DAGID) {
        for place in backfills.indices where backfills[place].backfill.dagID == dag {
            backfills[place].isDeleted = true
        }
    }
}

extension Backfill {
    /// The line of the audit log about something that was done with it.
    package func entry(_ event: String, by actor: String, at now: Date) -> AuditEntry {
        AuditEntry(at: now, event: event, actor: actor, dagID: dagID, extra: ["backfill_id": .integer(id)])
    }
}
