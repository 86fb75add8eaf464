/// One row of an answer, read by the name or the position of a column.
///
/// The type asked for decides how a value is read; ask for an optional where NULL is allowed.
///
/// ```swift
/// for row in try await database.query("select run_id, end_date from dag_run") {
///     let runID: String = try row["run_id"]
///     let end: String? = try row["end_date"]
/// }
/// ```
public struct SQLRow: Sendable {
    /// The columns of the answer, shared by its rows.
    public let columns: SQLColumns

    /// The values, in the order of the columns.
    public let values: [SQLValue]

    /// Creates a row; drivers call this.
    ///
    /// - Precondition: There are as many values as columns.
    public init(columns: SQLColumns, values: [SQLValue]) {
        precondition(columns.names.count == values.count)
        self.columns = columns
        self.values = values
    }

    /// The value of the column with that name.
    ///
    /// - Throws: ``SQLError`` of kind ``SQLError/Kind/unknownColumn`` or ``SQLError/Kind/typeMismatch``.
    public subscript<Value: SQLConvertible>(_ name: String) -> Value {
        get throws(SQLError) {
            guard let index = columns.index(of: name) else { throw columns.unknown(name) }
            return try self[index]
        }
    }

    /// The value of the column at that position, the first being 0.
    ///
    /// - Throws: ``SQLError`` of kind ``SQLError/Kind/unknownColumn`` or ``SQLError/Kind/typeMismatch``.
    @inlinable public subscript<Value: SQLConvertible>(_ index: Int) -> Value {
        get throws(SQLError) {
            guard values.indices.contains(index) else { throw unknownColumn(index) }
            guard let value = Value(sqlValue: values[index]) else { throw mismatch(Value.self, at: index) }
            return value
        }
    }

    @usableFromInline func unknownColumn(_ index: Int) -> SQLError { columns.unknown(String(index)) }

    @usableFromInline func mismatch(_ type: Any.Type, at index: Int) -> SQLError {
        SQLError(
            .typeMismatch,
            message: "column \"\(columns.names[index])\" holds \(values[index].kindName), not \(type)")
    }

    /// The value of the column with that name; `nil` if the answer has no such column.
    public func value(of name: String) -> SQLValue? {
        columns.index(of: name).map { values[$0] }
    }
}

/// The names of the columns of an answer.
public struct SQLColumns: Hashable, Sendable {
    /// The names, in the order of the answer.
    public let names: [String]

    /// Creates the columns of an answer; drivers call this.
    public init(_ names: [String]) { self.names = names }

    /// The position of the first column with that name.
    ///
    /// - Complexity: O(columns): answers are narrow, and comparing short strings beats hashing them.
    public func index(of name: String) -> Int? { names.firstIndex(of: name) }

    func unknown(_ name: String) -> SQLError {
        SQLError(
            .unknownColumn,
            message: "the answer has no column \"\(name)\", only \(names.joined(separator: ", "))")
    }
}
