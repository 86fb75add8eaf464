import DagKitCore
import DagKitSQL
import FoundationEssentials

/// A run as a row of `dag_run`.
enum RunRow {
    static let columns: SQLStatement = """
        dag_id, run_id, run_type, execution_date, data_interval_start, data_interval_end, run_after, conf,
        triggered_by, queued_at, dag_hash, state, start_date, end_date, reason, clear_number, revision,
        backfill_id
        """

    static func run(_ row: SQLRow) throws -> DAGRun {
        var row = RowReader(row, of: "dag_run")
        var run = DAGRun(
            key: RunKey(try row.next(), try row.next()), type: try row.next(), logicalDate: try row.instant(),
            dataInterval: try row.interval(), runAfter: try row.requiredInstant(), conf: try row.json(),
            triggeredBy: try row.next(), queuedAt: try row.requiredInstant(), structureHash: try row.next())
        run.state = try row.next()
        run.startDate = try row.instant()
        run.endDate = try row.instant()
        run.reason = try row.next()
        run.clearNumber = try row.next()
        run.revision = try row.next()
        run.backfillID = try row.next()
        return run
    }

    /// Adds a run, unless its DAG has one of the same id or logical date.
    static func insertion(_ run: DAGRun, at instant: String) -> SQLStatement {
        """
        insert into dag_run (\(columns), external_trigger, last_scheduling_decision, updated_at)
        values (\(run.dagID), \(run.runID), \(run.type), \(run.logicalDate?.databaseText),
            \(run.dataInterval?.start.databaseText), \(run.dataInterval?.end.databaseText),
            \(run.runAfter.databaseText), \(run.conf.text), \(run.triggeredBy), \(run.queuedAt.databaseText),
            \(run.structureHash), \(run.state), \(run.startDate?.databaseText), \(run.endDate?.databaseText),
            \(run.reason), \(run.clearNumber), \(run.revision), \(run.backfillID), \(run.isExternallyTriggered), \(instant), \(instant))
        on conflict do nothing
        """
    }

    /// Counts a change of what belongs to a run, unless somebody else changed it since the revision that the change was
    /// decided on; it touches no column that an index has.
    static let touch = SQLCommand(
        """
        update dag_run set last_scheduling_decision = ?, updated_at = ?, revision = ?
        where dag_id = ? and run_id = ? and revision = ?
        """)

    static func touchValues(_ run: DAGRun, expecting revision: Int64, at instant: String) -> [SQLValue] {
        [
            .text(instant), .text(instant), .integer(run.revision), .text(run.dagID.rawValue),
            .text(run.runID.rawValue), .integer(revision),
        ]
    }

    /// Changes a run, unless somebody else changed it since the revision that the change was decided on.
    static func update(_ run: DAGRun, expecting revision: Int64, at instant: String) -> SQLStatement {
        """
        update dag_run set queued_at = \(run.queuedAt.databaseText), state = \(run.state),
            start_date = \(run.startDate?.databaseText), end_date = \(run.endDate?.databaseText),
            reason = \(run.reason), dag_hash = \(run.structureHash), clear_number = \(run.clearNumber),
            backfill_id = \(run.backfillID),
            last_scheduling_decision = \(instant), updated_at = \(instant), revision = \(run.revision)
        where dag_id = \(run.dagID) and run_id = \(run.runID) and revision = \(revision)
        """
    }

    /// The condition that a query asks for.
    static func condition(_ query: RunQuery) -> SQLStatement {
        var all: SQLStatement = "true"
        if let dag = query.dagID { all += " and dag_id = \(dag)" }
        if !query.states.isEmpty {
            all += " and state in \(.list(query.states.sorted { $0.rawValue < $1.rawValue }))"
        }
        if !query.types.isEmpty {
            all += " and run_type in \(.list(query.types.sorted { $0.rawValue < $1.rawValue }))"
        }
        if let date = query.logicalDate { all += " and execution_date = \(date.databaseText)" }
        if let from = query.from { all += " and execution_date >= \(from.databaseText)" }
        if let through = query.through { all += " and execution_date <= \(through.databaseText)" }
        return all
    }
}
