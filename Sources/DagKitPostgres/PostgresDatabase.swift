public import DagKitSQL

/// A PostgreSQL database, over a few connections that are opened on demand.
///
/// ```swift
/// let address = SQLAddress(type: "postgres", host: "localhost", database: "crypto_db", user: "crypto")
/// let database = try await PostgresDatabase.open(address)
/// let rows = try await database.query("select rang, nom from crypto_latest where rang <= \(10)")
/// await database.close()
/// ```
///
/// Values are bound, never spliced in. A task that is cancelled stops its statement on the server too; only a
/// commit goes to its end. Exact numbers are read as text with all digits, instants as UTC text, Booleans as 0
/// and 1, `bytea` as bytes; JSON, arrays, dates and times as text.
public final class PostgresDatabase: SQLDatabase {
    /// Where it is, without user and password.
    public let name: String

    /// How it is used.
    public let configuration: PostgresConfiguration

    private let pool: ConnectionPool

    public var dialect: SQLDialect { .postgresql }

    /// Opens a database and shows that the server lets us in.
    ///
    /// - Throws: ``SQLError`` of kind `cannotOpen`, `accessDenied`, `unknownDatabase` or `tooManyConnections`.
    public static func open(
        _ address: SQLAddress, configuration: PostgresConfiguration = PostgresConfiguration()
    ) async throws -> PostgresDatabase {
        let parameters = try ConnectionParameters(address, configuration: configuration)
        let database = PostgresDatabase(parameters)
        try await database.pool.run(isFirst: true) { _ in }
        return database
    }

    private init(_ parameters: ConnectionParameters) {
        name = parameters.name
        configuration = parameters.configuration
        pool = ConnectionPool(parameters)
    }

    public func query(_ statement: SQLStatement) async throws -> [SQLRow] {
        try await pool.run { connection in try connection.single { try connection.query(statement) } }
    }

    @discardableResult
    public func execute(_ statement: SQLStatement) async throws -> Int {
        try await pool.run { connection in try connection.single { try connection.execute(statement) } }
    }

    public func transaction<Value: Sendable>(
        _ mode: SQLTransactionMode, durability: SQLDurability,
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        try await pool.run { connection in
            try connection.transaction(mode, durability: durability, body)
        }
    }

    @discardableResult
    public func bulkInsert(
        into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]
    ) async throws -> Int {
        try await pool.run { connection in
            try connection.single {
                try connection.bulkInsert(into: table, columns: columns, rows: rows)
            }
        }
    }

    public func close() async { await pool.close() }

    /// The version of the server, such as 150018 for 15.18.
    public func serverVersion() async throws -> Int {
        try await pool.run { $0.link.serverVersion }
    }

    /// Whether the connections are encrypted.
    public func isEncrypted() async throws -> Bool {
        try await pool.run { $0.link.isEncrypted }
    }
}
