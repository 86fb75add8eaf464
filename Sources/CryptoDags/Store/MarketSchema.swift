public import DagKit
import DagKitSQL
import FoundationEssentials

/// The tables of the market store, as numbered steps from an empty database.
///
/// A step that was released is never changed: a new one follows it.
enum MarketSchema {
    /// One step.
    struct Migration {
        let version: Int
        let statements: [String]
    }

    /// The steps in order.
    static let migrations = [
        Migration(version: 1, statements: MarketTables.statements + MarketViews.statements),
        Migration(version: 2, statements: MarketTables.statementsOfVersion2),
    ]

    /// The version that this code works with.
    static let current = migrations.last?.version ?? 0

    /// The version of a database; 0 if it is empty.
    static func version(_ database: any SQLDatabase) async throws -> Int {
        let known = try await database.query(
            "select count(*) from sqlite_schema where type = 'table' and name = 'crypto_schema_version'")
        guard try known[0][0] as Int == 1 else { return 0 }
        return try await database.query("select coalesce(max(version), 0) from crypto_schema_version")[0][0]
    }

    /// Takes all steps that the database has not seen, each in one transaction.
    static func migrate(_ database: any SQLDatabase, to target: Int, now: Date) async throws {
        let found = try await version(database)
        guard found <= current else { throw MarketSchemaError.newer(found: found, known: current) }
        for migration in migrations where migration.version > found && migration.version <= target {
            try await database.transaction(.write, durability: .full) { transaction in
                // Another process may have taken the step since the version was read.
                if try isApplied(migration.version, transaction) { return }
                for statement in migration.statements {
                    try transaction.execute(SQLStatement(verbatim: statement))
                }
                try transaction.execute(
                    "insert into crypto_schema_version values (\(migration.version), \(now.databaseText))")
            }
        }
    }

    private static func isApplied(_ version: Int, _ transaction: any SQLTransaction) throws -> Bool {
        try transaction.execute(
            "create table if not exists crypto_schema_version (version integer primary key, applied_at text not null)"
        )
        return try !transaction.query("select 1 from crypto_schema_version where version = \(version)")
            .isEmpty
    }
}

/// Why the tables of a market store do not fit this program.
public enum MarketSchemaError: DagKitError, Equatable {
    case newer(found: Int, known: Int)
    case older(found: Int, known: Int)
    case dialect(String)

    public var problem: String {
        switch self {
        case .newer(let found, let known):
            "the market store has version \"\(found)\", this program knows \(known)"
        case .older(let found, let known):
            "the market store has version \"\(found)\", this program needs \(known)"
        case .dialect(let name): "the market store cannot live on \"\(name)\""
        }
    }

    public var remedy: String {
        switch self {
        case .newer: "upgrade dagctl"
        case .older: "run dagctl crypto migrate"
        case .dialect: "use a connection of type sqlite"
        }
    }
}
