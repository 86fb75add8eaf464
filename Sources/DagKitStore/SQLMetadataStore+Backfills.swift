public import DagKitCore
import DagKitSQL
public import FoundationEssentials

extension SQLMetadataStore {
    public func createBackfill(_ backfill: Backfill, dates: [BackfillDate]) async throws -> Int64 {
        try await write { transaction in
            let overlapping = try transaction.query(
                """
                select id from backfill where dag_id = \(backfill.dagID) and completed_at is null
                and from_date <= \(backfill.through.databaseText) and to_date >= \(backfill.from.databaseText)
                order by id limit 1
                """)
            if let row = overlapping.first {
                throw BackfillError.overlapping(backfill.dagID, other: try row[0])
            }
            let completedAt = dates.contains(where: \.isPending) ? nil : backfill.createdAt
            var stored = backfill
            stored.id = try transaction.query(BackfillRow.insertion(backfill, completedAt: completedAt))[0][0]
            for (ordinal, date) in dates.enumerated() {
                try transaction.execute(BackfillRow.insertion(date, at: ordinal + 1, of: stored.id))
            }
            try transaction.note(stored.entry("backfill.create", by: stored.createdBy, at: stored.createdAt))
            return stored.id
        }
    }

    public func backfill(_ id: Int64) async throws -> Backfill? {
        try await read { try $0.backfill(id) }
    }

    public func backfills(of dag: DAGID?, limit: Int) async throws -> [Backfill] {
        let condition: SQLStatement = dag.map { "dag_id = \($0)" } ?? "true"
        let rows = try await database.query(
            """
            select \(BackfillRow.columns) from backfill where \(condition)
            order by id desc limit \(max(limit, 0))
            """)
        return try list(rows, BackfillRow.backfill)
    }

    public func openBackfills() async throws -> [Backfill] {
        let rows = try await database.query(
            """
            select \(BackfillRow.columns) from backfill where completed_at is null or id in (
                select backfill_id from dag_run where state in ('queued', 'running') and backfill_id is not null)
            order by id
            """)
        return try list(rows, BackfillRow.backfill)
    }

    public func dates(of backfill: Int64, pendingOnly: Bool) async throws -> [BackfillDate] {
        let condition: SQLStatement = pendingOnly ? "run_id is null and exception_reason is null" : "true"
        // A backfill of which one date cannot be read is not worked off: it would never be done.
        return try await read { transaction in
            try transaction.query(
                """
                select \(BackfillRow.dateColumns), logical_date, sort_ordinal from backfill_dag_run
                where backfill_id = \(backfill) and \(condition) order by sort_ordinal
                """
            ).map { try BackfillRow.date($0, of: backfill) }
        }
    }

    public func setBackfillPaused(_ isPaused: Bool, _ id: Int64, by actor: String, at now: Date) async throws
        -> Bool
    {
        try await write { transaction in
            let changed = try transaction.execute(
                """
                update backfill set is_paused = \(isPaused), updated_at = \(now.databaseText)
                where id = \(id) and completed_at is null and is_paused <> \(isPaused)
                """)
            guard changed > 0 else { return false }
            let event = isPaused ? "backfill.pause" : "backfill.unpause"
            if let entry = try transaction.backfill(id)?.entry(event, by: actor, at: now) {
                try transaction.note(entry)
            }
            return true
        }
    }

    public func cancelBackfill(_ id: Int64, by actor: String, at now: Date) async throws -> Bool {
        try await write { transaction in
            let changed = try transaction.execute(
                """
                update backfill set is_cancelled = true, completed_at = \(now.databaseText),
                    updated_at = \(now.databaseText) where id = \(id) and completed_at is null
                """)
            guard changed > 0 else { return false }
            try transaction.execute(
                """
                update backfill_dag_run set exception_reason = \(BackfillDate.cancelled)
                where backfill_id = \(id) and run_id is null and exception_reason is null
                """)
            if let entry = try transaction.backfill(id)?.entry("backfill.cancel", by: actor, at: now) {
                try transaction.note(entry)
            }
            return true
        }
    }

    public func skipDate(_ logicalDate: Date, of backfill: Int64, reason: String) async throws {
        try await database.execute(
            """
            update backfill_dag_run set exception_reason = \(reason)
            where \(Self.isPending(logicalDate, of: backfill))
            """)
    }

    public func completeBackfill(_ id: Int64, at now: Date) async throws {
        try await database.execute(
            """
            update backfill set completed_at = \(now.databaseText) where id = \(id) and completed_at is null
            and not exists (select 1 from backfill_dag_run
                where backfill_id = \(id) and run_id is null and exception_reason is null)
            and not exists (select 1 from dag_run
                where backfill_id = \(id) and state in ('queued', 'running'))
            """)
    }

    fileprivate static func isPending(_ logicalDate: Date, of backfill: Int64) -> SQLStatement {
        """
        backfill_id = \(backfill) and logical_date = \(logicalDate.databaseText)
        and run_id is null and exception_reason is null
        """
    }
}

extension SQLTransaction {
    fileprivate func backfill(_ id: Int64) throws -> Backfill? {
        try query("select \(BackfillRow.columns) from backfill where id = \(id)").first.map(
            BackfillRow.backfill)
    }

    /// Whether a date of a backfill waits its turn.
    func waitsItsTurn(_ step: (backfill: Int64, date: Date)) throws -> Bool {
        let condition = SQLMetadataStore.isPending(step.date, of: step.backfill)
        return try !query("select 1 from backfill_dag_run where \(condition)").isEmpty
    }

    /// Records which run a date of a backfill got.
    func workOff(_ step: (backfill: Int64, date: Date), by run: RunID) throws {
        let condition = SQLMetadataStore.isPending(step.date, of: step.backfill)
        try execute("update backfill_dag_run set run_id = \(run) where \(condition)")
    }
}
