import DagKitCore
import DagKitSQL
import FoundationEssentials

/// A run as a row of `dag_run`.
enum RunRow {
    static let columns: SQLStatement = """
        dag_id, run_id, run_type, execution_date, data_interval_start, data_interval_end, run_after, conf,
        triggered_by, queued_at, dag_hash, state, start_date, end_date, reason, clear_number, revision,
        missed_deadlines, backfill_id
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
        run.clearNumber = try row.number()
        run.revision = try row.next()
        // It is counted on with.
        guard 0..<Int64.max / 2 ~= run.revision else { throw row.rejected("it is out of range") }
        run.missedDeadlines = try row.decoded([String].self) ?? []
        run.backfillID = try row.next()
        return run
    }

    /// The runs whose state is none: what asks for those of some state does not find them.
    ///
    /// - Complexity: O(DAGs): it looks between the states in the index of each.
    static let withoutState: SQLStatement = {
        let states = RunState.allCases.map(\.rawValue).sorted()
        var gaps: [SQLStatement] = ["r.state < \(states[0])"]
        gaps += zip(states, states.dropFirst()).map { "r.state > \($0) and r.state < \($1)" }
        gaps.append("r.state > \(states[states.count - 1])")
        let parts = gaps.map { gap -> SQLStatement in
            "select r.id from dag d cross join dag_run r on r.dag_id = d.dag_id and \(gap)"
        }
        let all = parts.dropFirst().reduce(parts[0]) { "\($0) union all \($1)" }
        return "select \(columns) from dag_run where id in (\(all)) order by run_after, dag_id, run_id"
    }()

    /// Adds a run, unless its DAG has one of the same id or logical date.
    static func insertion(_ run: DAGRun, at instant: String) -> SQLStatement {
        """
        insert into dag_run (\(columns), external_trigger, last_scheduling_decision, updated_at)
        values (\(run.dagID), \(run.runID), \(run.type), \(run.logicalDate?.databaseText),
            \(run.dataInterval?.start.databaseText), \(run.dataInterval?.end.databaseText),
            \(run.runAfter.databaseText), \(run.conf.text), \(run.triggeredBy), \(run.queuedAt.databaseText),
            \(run.structureHash), \(run.state), \(run.startDate?.databaseText), \(run.endDate?.databaseText),
            \(run.reason), \(run.clearNumber), \(run.revision), \(missed(run)), \(run.backfillID),
            \(run.isExternallyTriggered), \(instant), \(instant))
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
            backfill_id = \(run.backfillID), missed_deadlines = \(missed(run)),
            last_scheduling_decision = \(instant), updated_at = \(instant), revision = \(run.revision)
        where dag_id = \(run.dagID) and run_id = \(run.runID) and revision = \(revision)
        """
    }

    /// The deadlines that a run missed, as JSON; `nil` if it missed none.
    private static func missed(_ run: DAGRun) -> String? {
        run.missedDeadlines.isEmpty ? nil : JSONValue.array(run.missedDeadlines.map(JSONValue.string)).text
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
