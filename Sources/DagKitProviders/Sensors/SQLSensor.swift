public import DagKitCore
public import DagKitSQL

/// Waits until a statement returns what is wanted.
///
/// ```swift
/// dag.task("loaded", run: SQLSensor(connection: "postgres_default", "select count(*) from prices where day = {{ ds }}"))
/// dag.task("enough", run: SQLSensor(connection: "crypto", "select count(*) from prices") { row in
///     if case .integer(let count)? = row?.values.first { count > 1000 } else { false }
/// })
/// ```
///
/// A template becomes a bound value, as in ``SQLOperator``. A database that is busy or was lost means "not yet". The output is
/// the first row, as an object by column.
public struct SQLSensor: Sensor {
    /// Whether the first row is the one that is waited for; it is given `nil` if there is none.
    public typealias Condition = @Sendable (SQLRow?) throws -> Bool

    public var waiting: SensorOptions
    private let query: SQLOperator
    private let condition: Condition

    /// Creates the sensor.
    ///
    /// - Parameter condition: What is waited for; unless said otherwise, that there is a first value which is neither
    ///   null, zero nor empty.
    public init(
        connection: String, _ statement: String, waiting: SensorOptions = SensorOptions(),
        until condition: @escaping Condition = SQLSensor.hasValue
    ) {
        query = SQLOperator(connection: connection, statement)
        self.waiting = waiting
        self.condition = condition
    }

    public var templates: [TemplateField] { query.templates }

    public func poke(in context: TaskContext) async throws -> Poke<[String: JSONValue]> {
        do {
            let row = try await query.rows(in: context).first
            guard try condition(row) else {
                return .notYet(row == nil ? "the statement returns no row" : "the row is not the one")
            }
            return .done(row.map(SQLOperator.object) ?? [:])
        } catch let error as SQLError where error.isTransient {
            return .notYet(error.problem)
        }
    }

    /// Whether there is a first value that is neither null, zero nor empty.
    @Sendable public static func hasValue(_ row: SQLRow?) -> Bool {
        switch row?.values.first {
        case nil, .null: false
        case .integer(let number): number != 0
        case .real(let number): number != 0
        // A numeric value of PostgreSQL comes as its text.
        case .text(let text): !["", "f", "false"].contains(text) && Double(text) != 0
        case .blob(let bytes): !bytes.isEmpty
        }
    }
}
