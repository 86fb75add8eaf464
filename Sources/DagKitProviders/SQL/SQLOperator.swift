public import DagKitCore
import DagKitSQL

/// Runs statements on the database of a connection, in one transaction, and returns the rows of the last one.
///
/// ```swift
/// dag.task("check", run: SQLOperator(connection: "postgres_default", "SELECT 1"))
/// dag.task("clean", run: SQLOperator(
///     connection: "crypto", "DELETE FROM prices WHERE day < {{ macros.ds_add(ds, -35) }}"))
/// ```
///
/// A template in a statement becomes a bound value, so what it stands for cannot change the statement. Rows are objects by
/// column; more than ``rowLimit`` of them fail the task, as bulk data belongs into a table.
public struct SQLOperator: Operator {
    /// The id of the connection.
    public var connection: String

    /// The statements, in order; each is one statement.
    public var statements: [String]

    /// How many rows the last statement may return.
    public var rowLimit: Int

    /// Creates the operator.
    public init(connection: String, _ statements: String..., rowLimit: Int = 1000) {
        self.connection = connection
        self.statements = statements
        self.rowLimit = rowLimit
    }

    public var templates: [TemplateField] {
        statements.enumerated().map {
            TemplateField(statements.count == 1 ? "sql" : "sql[\($0.offset)]", $0.element)
        }
    }

    public func execute(in context: TaskContext) async throws -> [[String: JSONValue]] {
        let rows = try await rows(in: context)
        context.logger.info("\(statements.count) statements run, \(rows.count) rows returned")
        return rows.map(Self.object)
    }

    /// The rows of the last statement.
    func rows(in context: TaskContext) async throws -> [SQLRow] {
        var bound: [SQLStatement] = []
        do {
            for text in statements {
                bound.append(try await SQLTemplate(text).statement { try await context.render($0) })
            }
        } catch let error as SQLTemplateError {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        }
        let rows = try await run(bound, in: context)
        guard rows.count <= rowLimit else {
            throw TaskFailure.noRetry(
                "the statement returned \"\(rows.count)\" rows, over the limit of \"\(rowLimit)\"",
                remedy: "add a limit to it, or store its rows in a table")
        }
        return rows
    }

    private func run(_ statements: [SQLStatement], in context: TaskContext) async throws -> [SQLRow] {
        do {
            return try await context.withDatabase(connection) { database in
                try await database.transaction { transaction in
                    var rows: [SQLRow] = []
                    for statement in statements { rows = try transaction.query(statement) }
                    return rows
                }
            }
        } catch let error as SQLError where Self.isFinal(error.kind) {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        }
    }

    /// Whether the same statement would fail again for the same reason.
    private static func isFinal(_ kind: SQLError.Kind) -> Bool {
        switch kind {
        case .syntax, .unknownTable, .unknownColumn, .typeMismatch, .readOnly: true
        default: false
        }
    }

    /// A row as an object by column.
    static func object(_ row: SQLRow) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        for (name, value) in zip(row.columns.names, row.values) {
            members[name] =
                switch value {
                case .null: .null
                case .integer(let number): .integer(number)
                case .real(let number): number.isFinite ? .number(number) : .null
                case .text(let text): .string(text)
                case .blob(let bytes): .string(String(decoding: MailText.base64Digits(bytes), as: UTF8.self))
                }
        }
        return members
    }
}
