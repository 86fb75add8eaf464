import DagKitSQL

/// What differs between the databases that a market store can live on; all other SQL of the store is read by both.
///
/// `Documentation/crypto.md` tells how to write SQL for both.
protocol MarketDialect: Sendable {
    /// The steps from an empty database to the tables of this program; the last version is the same for all.
    var migrations: [MarketSchema.Migration] { get }

    /// Asks whether there is a table of that name: one row with 0 or 1.
    func count(ofTable name: String) -> SQLStatement

    /// Whether the tables of the original system are there, which a new store must not cover: one row with 0 or 1.
    var seedTables: SQLStatement { get }

    /// The columns that hold an exact number under the name `column`; the last one has all digits.
    func exactNames(of column: String) -> [String]

    /// Adds what those columns hold for a number.
    func append(_ amount: Amount?, to values: inout [SQLValue])
}

extension MarketDialect {
    /// The columns that hold an exact number under the name `column`, with its values.
    func exact(_ column: String, _ amount: Amount?) -> ColumnValues {
        var values: [SQLValue] = []
        append(amount, to: &values)
        return ColumnValues(exactNames(of: column), values)
    }

    /// The name of the column that has all digits of `column`.
    func exactName(of column: String) -> String { exactNames(of: column).last ?? column }
}

/// SQLite has no exact decimals: a column of type REAL, which queries compare, has a companion `…_exact` with all
/// digits as text, which our arithmetic reads.
struct SQLiteMarketDialect: MarketDialect {
    let migrations = [
        MarketSchema.Migration(version: 1, statements: SQLiteTables.statements + MarketViews.statements),
        MarketSchema.Migration(version: 2, statements: SQLiteTables.statementsOfVersion2),
        MarketSchema.Migration(version: 3, statements: SQLiteTables.statementsOfVersion3),
    ]

    func count(ofTable name: String) -> SQLStatement {
        "select count(*) from sqlite_schema where type = 'table' and name = \(name)"
    }

    /// The original system never was on SQLite.
    let seedTables: SQLStatement = "select 0"

    func exactNames(of column: String) -> [String] { [column, "\(column)_exact"] }

    func append(_ amount: Amount?, to values: inout [SQLValue]) {
        values.append(amount.map { .real($0.doubleValue) } ?? .null)
        values.append(amount.map { .text($0.description) } ?? .null)
    }
}

/// PostgreSQL keeps every exact number in one column, as NUMERIC(38,18).
struct PostgresMarketDialect: MarketDialect {
    let migrations = [
        MarketSchema.Migration(version: 2, statements: PostgresTables.statements + MarketViews.statements),
        MarketSchema.Migration(version: 3, statements: PostgresTables.statementsOfVersion3),
    ]

    func count(ofTable name: String) -> SQLStatement {
        "select cast(to_regclass(\(name)) is not null as integer)"
    }

    /// There `crypto_temps_reel` was a table; here it is a view.
    let seedTables: SQLStatement =
        "select count(*) from pg_class where oid = to_regclass('crypto_temps_reel') and relkind in ('r', 'p')"

    func exactNames(of column: String) -> [String] { [column] }

    func append(_ amount: Amount?, to values: inout [SQLValue]) {
        values.append(amount.map { .text($0.description) } ?? .null)
    }
}

extension SQLDialect {
    /// How the market store speaks to this database.
    ///
    /// - Throws: ``MarketSchemaError/dialect(_:)`` if it cannot live there.
    var market: any MarketDialect {
        get throws(MarketSchemaError) {
            switch self {
            case .sqlite: SQLiteMarketDialect()
            case .postgresql: PostgresMarketDialect()
            default: throw .dialect(name)
            }
        }
    }
}
