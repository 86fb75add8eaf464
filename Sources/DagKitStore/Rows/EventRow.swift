import DagKitCore
import DagKitSQL
import FoundationEssentials

/// An event as a row of the append-only table `event`.
enum EventRow {
    static let columns: SQLStatement =
        "id, at, dag_id, run_id, kind, task_id, map_index, try_number, attempt_id, reason, detail, actor"

    static func event(_ row: SQLRow) throws -> RunEvent {
        var row = RowReader(row, of: "event")
        let number: Int64 = try row.next()
        let at = try row.requiredInstant()
        let run = RunKey(try row.next(), try row.next())
        var event = RunEvent(
            try row.next(), run: run, at: at, taskID: try row.next(), mapIndex: try row.next(),
            tryNumber: try row.next(), attemptID: try row.next(), reason: try row.next(),
            detail: try row.json(),
            actor: try row.next())
        event.number = number
        return event
    }

    /// Appends the event and returns its number.
    static func insertion(_ event: RunEvent) -> SQLStatement {
        """
        insert into event (at, dag_id, run_id, kind, task_id, map_index, try_number, attempt_id, reason, detail, actor)
        values (\(event.at.databaseText), \(event.run.dagID), \(event.run.runID), \(event.kind), \(event.taskID),
            \(event.mapIndex), \(event.tryNumber), \(event.attemptID), \(event.reason), \(event.detail.stored),
            \(event.actor))
        returning id
        """
    }
}
