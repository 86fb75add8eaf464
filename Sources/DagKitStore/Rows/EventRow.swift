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

    /// Appends events.
    static let insertion = SQLInsertion(
        into: "event",
        columns: [
            "at", "dag_id", "run_id", "kind", "task_id", "map_index", "try_number", "attempt_id", "reason",
            "detail",
            "actor",
        ])

    /// The values in the order of ``insertion``.
    static func append(_ event: RunEvent, at instant: String, to values: inout [SQLValue]) {
        values.append(.text(instant))
        values.append(.text(event.run.dagID.rawValue))
        values.append(.text(event.run.runID.rawValue))
        values.append(.text(event.kind.rawValue))
        values.append(event.taskID.sqlValue)
        values.append(.integer(Int64(event.mapIndex)))
        values.append(event.tryNumber.sqlValue)
        values.append(event.attemptID.sqlValue)
        values.append(event.reason.sqlValue)
        values.append(event.detail.stored.sqlValue)
        values.append(.text(event.actor))
    }

    /// The number of the newest event.
    static let lastNumber: SQLStatement = "select max(id) from event"
}
