import DagKitCore
import DagKitSQL
import FoundationEssentials

/// A backfill as a row of `backfill`, and its dates as rows of `backfill_dag_run`.
enum BackfillRow {
    static let columns: SQLStatement = """
        id, dag_id, from_date, to_date, dag_run_conf, reprocess_behavior, max_active_runs, is_paused, is_cancelled,
        triggering_user_name, created_at, updated_at, completed_at
        """

    static func backfill(_ row: SQLRow) throws -> Backfill {
        var row = RowReader(row, of: "backfill")
        return Backfill(
            id: try row.next(), dagID: try row.next(), from: try row.requiredInstant(),
            through: try row.requiredInstant(), conf: try row.json(), reprocessing: try row.next(),
            maxActiveRuns: try row.number(), isPaused: try row.next(), isCancelled: try row.next(),
            createdBy: try row.next(), createdAt: try row.requiredInstant(),
            updatedAt: try row.requiredInstant(), completedAt: try row.instant())
    }

    static func insertion(_ backfill: Backfill, completedAt: Date?) -> SQLStatement {
        """
        insert into backfill (dag_id, from_date, to_date, dag_run_conf, reprocess_behavior, max_active_runs,
            is_paused, is_cancelled, triggering_user_name, created_at, updated_at, completed_at)
        values (\(backfill.dagID), \(backfill.from.databaseText), \(backfill.through.databaseText),
            \(backfill.conf.text), \(backfill.reprocessing), \(backfill.maxActiveRuns), \(backfill.isPaused),
            \(backfill.isCancelled), \(backfill.createdBy), \(backfill.createdAt.databaseText),
            \(backfill.updatedAt.databaseText), \(completedAt?.databaseText))
        returning id
        """
    }

    static let dateColumns: SQLStatement =
        "data_interval_start, data_interval_end, run_after, reprocessed_run_id, run_id, exception_reason"

    static func date(_ row: SQLRow, of backfill: Int64) throws -> BackfillDate {
        var row = RowReader(
            row, of: "backfill_dag_run", place: [("backfill_id", backfill.sqlValue)])
        let interval = DataInterval(start: try row.requiredInstant(), end: try row.requiredInstant())
        let planned = PlannedRun(dataInterval: interval, runAfter: try row.requiredInstant())
        let date = BackfillDate(
            planned, reprocesses: try row.next(), run: try row.next(), exceptionReason: try row.next())
        // By this column the date is found when it is worked off.
        guard try row.requiredInstant() == date.logicalDate else {
            throw row.rejected("it is not that of the data interval")
        }
        return date
    }

    static func insertion(_ date: BackfillDate, at ordinal: Int, of backfill: Int64) -> SQLStatement {
        """
        insert into backfill_dag_run (backfill_id, logical_date, sort_ordinal, \(dateColumns))
        values (\(backfill), \(date.logicalDate.databaseText), \(ordinal),
            \(date.planned.dataInterval.start.databaseText), \(date.planned.dataInterval.end.databaseText),
            \(date.planned.runAfter.databaseText), \(date.reprocesses), \(date.run), \(date.exceptionReason))
        """
    }
}
