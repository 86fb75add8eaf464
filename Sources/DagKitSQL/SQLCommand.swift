/// A statement that runs often, each time with other values: its text is made once, and a database compiles it once.
///
/// ```swift
/// static let touch = SQLCommand("update dag_run set updated_at = ? where id = ?")
/// try transaction.execute(touch, [now.databaseText.sqlValue, id.sqlValue])
/// ```
///
/// Commands are compared by identity: keep one in a constant.
public final class SQLCommand: Sendable {
    /// The text with numbered placeholders.
    public let text: String

    /// The texts around the values: one more than there are values.
    let fragments: [String]

    /// Creates a command.
    ///
    /// - Parameter pattern: The text, with a question mark for each value and nowhere else.
    public init(_ pattern: String) {
        fragments = pattern.split(separator: "?", omittingEmptySubsequences: false).map(String.init)
        text = SQLStatement(fragments: fragments, values: []).text
    }

    /// Adds rows to a table.
    public static func insertion(into table: SQLIdentifier, columns: [SQLIdentifier], rows: Int = 1)
        -> SQLCommand
    {
        let row = "(" + columns.map { _ in "?" }.joined(separator: ", ") + ")"
        let values = (0..<rows).map { _ in row }.joined(separator: ", ")
        return SQLCommand(
            "insert into \(table.quoted) (\(columns.map(\.quoted).joined(separator: ", "))) values \(values)")
    }

    /// Changes the columns of the rows that have the values of the key.
    public static func update(
        _ table: SQLIdentifier, columns: [SQLIdentifier], key: [SQLIdentifier]
    ) -> SQLCommand {
        let changes = columns.map { "\($0.quoted) = ?" }.joined(separator: ", ")
        let condition = key.map { "\($0.quoted) = ?" }.joined(separator: " and ")
        return SQLCommand("update \(table.quoted) set \(changes) where \(condition)")
    }
}

/// Adds rows to a table many at a time, with a few commands that stay the same whatever the number of rows.
public struct SQLInsertion: Sendable {
    private let columnCount: Int
    private let commands: [(rows: Int, command: SQLCommand)]

    public init(into table: SQLIdentifier, columns: [SQLIdentifier]) {
        columnCount = columns.count
        commands = [16, 4, 2, 1].map { ($0, .insertion(into: table, columns: columns, rows: $0)) }
    }

    /// Adds the rows whose values follow each other in `values`.
    public func callAsFunction(_ values: [SQLValue], in transaction: any SQLTransaction) throws {
        precondition(values.count % columnCount == 0, "values of an incomplete row")
        var rest = values[...]
        for (rows, command) in commands {
            while rest.count >= rows * columnCount {
                try transaction.execute(command, Array(rest.prefix(rows * columnCount)))
                rest = rest.dropFirst(rows * columnCount)
            }
        }
    }
}
