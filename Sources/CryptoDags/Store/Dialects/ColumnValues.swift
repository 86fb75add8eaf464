import DagKitSQL

/// Columns with their values, in order, as the pieces of a statement that writes them.
///
/// ```swift
/// var columns: ColumnValues = ["source": .text(source)]
/// columns += dialect.exact("market_cap_total", total)
/// try transaction.execute("insert into crypto_snapshots (\(columns.names)) values (\(columns.values))")
/// ```
struct ColumnValues: ExpressibleByDictionaryLiteral {
    private(set) var pairs: [(name: SQLIdentifier, value: SQLValue)]

    init(dictionaryLiteral elements: (String, SQLValue)...) {
        pairs = elements.map { (SQLIdentifier(stringLiteral: $0), $1) }
    }

    init(_ names: [String], _ values: [SQLValue]) {
        pairs = zip(names, values).map { (SQLIdentifier(stringLiteral: $0), $1) }
    }

    static func += (columns: inout ColumnValues, more: ColumnValues) { columns.pairs += more.pairs }

    /// `"a", "b"`
    var names: SQLStatement { .joined(pairs.map { "\($0.name)" }, separator: ", ") }

    /// `$1, $2`
    var values: SQLStatement { .joined(pairs.map { "\($0.value)" }, separator: ", ") }

    /// `"a" = $1, "b" = $2`
    var assignments: SQLStatement { .joined(pairs.map { "\($0.name) = \($0.value)" }, separator: ", ") }

    /// `"a" = excluded."a", "b" = excluded."b"`, for an upsert.
    var replacements: SQLStatement {
        .joined(pairs.map { "\($0.name) = excluded.\($0.name)" }, separator: ", ")
    }
}
