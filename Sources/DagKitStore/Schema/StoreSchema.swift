import DagKitCore
public import DagKitSQL
public import FoundationEssentials

/// The tables of a store within one database: which version they have, and how they get to the newest.
///
/// ```swift
/// let schema = try StoreSchema(of: database)
/// if try await schema.state() != .current { try await schema.migrate(at: now) }
/// ```
public struct StoreSchema: Sendable {
    /// How the tables of a database stand to those that this program knows.
    public enum State: Hashable, Sendable {
        /// The database holds no table at all.
        case empty
        case current
        /// Tables of an older program: ``StoreSchema/migrate(at:)`` brings them up.
        case outdated(found: Int)
        /// Tables of a newer program.
        case tooNew(found: Int)
        /// Tables that are not of this software.
        case foreign
    }

    private let database: any SQLDatabase
    private let dialect: any SchemaDialect

    /// Creates the view on a database's tables.
    ///
    /// - Throws: ``StoreError/unsupportedDialect(_:)``.
    public init(of database: any SQLDatabase) throws(StoreError) {
        self.database = database
        dialect = try database.dialect.schema()
    }

    /// Creates the view with the tables of another dialect or version.
    package init(of database: any SQLDatabase, dialect: any SchemaDialect) {
        self.database = database
        self.dialect = dialect
    }

    /// The version that this program works with.
    public var newest: Int { dialect.migrations.last?.version ?? 0 }

    /// How the tables stand to those that this program knows.
    public func state() async throws -> State {
        // One transaction: another process may be making the tables at this moment.
        try await database.transaction(.read) { transaction in
            let tables: [String] = try transaction.query(dialect.tableNames).map { try $0[0] }
            guard tables.contains("schema_version") else { return tables.isEmpty ? .empty : .foreign }
            let found: Int = try transaction.query(Self.version)[0][0] ?? 0
            if found == newest { return .current }
            return found < newest ? .outdated(found: found) : .tooNew(found: found)
        }
    }

    /// Brings the tables up to the newest version, in one transaction, and gives the names of the steps it took.
    ///
    /// - Throws: ``StoreError/tooNew(found:known:)`` and ``StoreError/foreign``, which it leaves as they are.
    @discardableResult
    public func migrate(at now: Date) async throws -> [String] {
        try await database.transaction(.write, durability: .full) { transaction in
            // Asked again under the lock: another process may have done it meanwhile.
            let found = try version(in: transaction)
            guard found <= newest else { throw StoreError.tooNew(found: found, known: newest) }
            let missing = dialect.migrations.filter { $0.version > found }
            for migration in missing {
                for statement in migration.statements { try transaction.execute(statement) }
                try transaction.execute(
                    """
                    insert into schema_version (version, name, applied_at)
                    values (\(migration.version), \(migration.name), \(now.databaseText))
                    """)
            }
            return missing.map(\.name)
        }
    }

    private static let version: SQLStatement = "select max(version) from schema_version"

    private func version(in transaction: any SQLTransaction) throws -> Int {
        let tables: [String] = try transaction.query(dialect.tableNames).map { try $0[0] }
        if tables.contains("schema_version") { return try transaction.query(Self.version)[0][0] ?? 0 }
        guard tables.isEmpty else { throw StoreError.foreign }
        try transaction.execute(
            """
            create table schema_version (
                version integer primary key,
                name varchar(250) not null,
                applied_at timestamp not null
            )
            """)
        return 0
    }
}
