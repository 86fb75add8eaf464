import DagKitCore
import DagKitSQL
import FoundationEssentials

/// Reads the columns of a row one after another, in the order in which they were asked for.
///
/// What it cannot read it names by table, column and key.
struct RowReader {
    private let row: SQLRow
    private var table: String
    private let owner: RunKey?
    private let place: [(column: String, value: SQLValue)]
    private var index = 0

    /// - Parameters:
    ///   - table: The table that the columns are of.
    ///   - place: Columns of the row's key that were not asked for.
    ///   - owner: The run that the row belongs to, if its columns were not asked for.
    init(
        _ row: SQLRow, of table: String, in owner: RunKey? = nil,
        place: [(column: String, value: SQLValue)] = []
    ) {
        self.row = row
        self.table = table
        self.owner = owner
        self.place = place
    }

    /// Says that the next columns are of another table, which is joined.
    mutating func turn(to table: String) { self.table = table }

    mutating func next<Value: SQLConvertible>() throws -> Value {
        defer { index += 1 }
        if row.values.indices.contains(index), let value = Value(sqlValue: row.values[index]) { return value }
        throw unreadable(mismatch(Value.self))
    }

    /// A whole number that can be counted on with: within 32 bits.
    mutating func number() throws -> Int {
        let number: Int = try next()
        guard Int(Int32.min)...Int(Int32.max) ~= number else {
            throw rejected("\"\(number)\" is out of range")
        }
        return number
    }

    mutating func instant() throws -> Date? {
        guard let text: String = try next() else { return nil }
        do {
            return try Date(isoText: text)
        } catch {
            throw rejected(error.problem)
        }
    }

    mutating func requiredInstant() throws -> Date {
        guard let instant = try instant() else { throw rejected("it is null") }
        return instant
    }

    mutating func interval() throws -> DataInterval? {
        guard let start = try instant() else {
            index += 1
            return nil
        }
        return DataInterval(start: start, end: try requiredInstant())
    }

    /// JSON; NULL reads as `null`.
    mutating func json() throws -> JSONValue {
        guard let text: String = try next() else { return .null }
        return try reading { try JSONValue(parsing: text) }
    }

    /// A value that is stored as JSON; `nil` for NULL.
    mutating func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value? {
        guard let text: String = try next() else { return nil }
        return try reading { try JSONCoding.decode(type, from: text) }
    }

    /// What is to be thrown where the value that was read last is of no use.
    func rejected(_ reason: String) -> UnreadableRow { unreadable(reason, at: index - 1) }

    private func reading<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw rejected((error as? any DagKitError)?.problem ?? "\(error)")
        }
    }

    private func unreadable(_ reason: String, at index: Int? = nil) -> UnreadableRow {
        let names = row.columns.names
        let index = index ?? self.index
        return UnreadableRow(
            table: table, column: names.indices.contains(index) ? names[index] : String(index),
            key: RowKey.condition(of: table) { value(of: $0) }, reason: reason, run: run)
    }

    private func mismatch(_ type: Any.Type) -> String {
        guard row.values.indices.contains(index) else { return "the answer has no such column" }
        let name = "\(type)".replacing("Optional<", with: "").replacing(">", with: "")
        switch row.values[index] {
        case .null: return "it is null"
        // What is secret must not stand in a message.
        case .text(let text) where !["variable", "connection"].contains(table) && text.utf8.count <= 60:
            return "\"\(text)\" is no \(name)"
        case let value: return "it holds \(value.kindName), not \(name)"
        }
    }

    private func value(of column: String) -> SQLValue? {
        if let value = row.value(of: column) { return value }
        switch column {
        case "dag_id" where owner != nil: return owner?.dagID.sqlValue
        case "run_id" where owner != nil: return owner?.runID.sqlValue
        default: return place.first { $0.column == column }?.value
        }
    }

    private var run: RunKey? {
        guard RowKey.belongsToRun(table), let dag = value(of: "dag_id").flatMap(DAGID.init(sqlValue:)),
            let run = value(of: "run_id").flatMap(RunID.init(sqlValue:))
        else { return nil }
        return RunKey(dag, run)
    }
}

/// What picks a row of a table.
private enum RowKey {
    private static let columns: [String: [String]] = [
        "dag_run": ["dag_id", "run_id"],
        "task_instance": ["dag_id", "run_id", "task_id", "map_index"],
        "task_instance_history": ["dag_id", "run_id", "task_id", "map_index", "try_number"],
        "rendered_task_instance_fields": ["dag_id", "run_id", "task_id", "map_index"],
        "task_instance_note": ["dag_id", "run_id", "task_id", "map_index"],
        "xcom": ["dag_id", "run_id", "task_id", "map_index", "key"],
        "event": ["id"], "notice": ["id"], "backfill": ["id"], "job": ["id"], "log": ["id"],
        "import_error": ["id"], "asset_event": ["id"], "dag_run_note": ["dag_run_id"],
        "backfill_dag_run": ["backfill_id", "sort_ordinal"],
        "asset_dag_run_queue": ["target_dag_id", "asset_id"],
        "asset_consumer": ["dag_id"], "asset": ["uri"], "dag": ["dag_id"],
        "dag_version": ["dag_id", "dag_hash"], "serialized_dag": ["dag_id", "dag_hash"],
        "slot_pool": ["pool"], "variable": ["key"], "connection": ["conn_id"],
    ]

    /// The condition that picks a row by what is known of its key.
    static func condition(of table: String, _ value: (String) -> SQLValue?) -> String {
        let parts = (columns[table] ?? []).compactMap { column in
            value(column).map { "\(column) \(comparison($0))" }
        }
        return parts.isEmpty ? "its key is not known" : parts.joined(separator: " and ")
    }

    /// Whether a table's rows are of runs, and go with them.
    static func belongsToRun(_ table: String) -> Bool {
        columns[table]?.contains("run_id") == true || table == "event" || table == "notice"
    }

    private static func comparison(_ value: SQLValue) -> String {
        switch value {
        case .null: "is null"
        case .integer(let number): "= \(number)"
        case .real(let number): "= \(number)"
        case .text(let text): "= '\(text.replacing("'", with: "''"))'"
        case .blob(let bytes): "= x'\(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())'"
        }
    }
}

extension JSONValue {
    /// The text as it is stored: NULL for `null`.
    var stored: String? { isNull ? nil : text }
}
