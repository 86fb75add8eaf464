public import DagKit
import DagKitSQL
import FoundationEssentials

/// The tables of the market store, as numbered steps from an empty database.
///
/// A step that was released is never changed: a new one follows it, in every dialect.
struct MarketSchema {
    /// One step.
    struct Migration {
        let version: Int
        let statements: [String]
    }

    let dialect: any MarketDialect
    private let database: any SQLDatabase

    /// - Throws: ``MarketSchemaError/dialect(_:)``.
    init(_ database: any SQLDatabase) throws(MarketSchemaError) {
        self.database = database
        dialect = try database.dialect.market
    }

    /// The version that this code works with.
    var current: Int { dialect.migrations.last?.version ?? 0 }

    /// The version of the database; 0 if it has no tables of ours.
    func version() async throws -> Int {
        let known: Int = try await database.query(dialect.count(ofTable: "crypto_schema_version"))[0][0]
        guard known == 1 else { return 0 }
        return try await database.query("select coalesce(max(version), 0) from crypto_schema_version")[0][0]
    }

    /// Whether the database holds the tables of the original system instead of ours.
    func isOfSeed() async throws -> Bool {
        try await database.query(dialect.seedTables)[0][0]
    }

    /// Takes all steps that the database has not seen, in one transaction: nobody finds tables half-way.
    func migrate(to target: Int, now: Date) async throws {
        let found = try await version()
        guard found <= current else { throw MarketSchemaError.newer(found: found, known: current) }
        if found == 0, target == current, try await isOfSeed() { return try await takeOverSeed(now: now) }
        let missing = dialect.migrations.filter { $0.version > found && $0.version <= target }
        guard let last = missing.last else { return }
        do {
            try await take(missing, now: now)
        } catch let error as SQLError {
            // Another process may have taken the steps in between, where tables are made side by side.
            guard try await version() >= last.version else { throw error }
        }
    }

    private func take(_ migrations: [Migration], now: Date) async throws {
        try await database.transaction(.write, durability: .full) { transaction in
            for migration in migrations {
                // Another process may have taken the step since the version was read.
                if try Self.isApplied(migration.version, transaction) { continue }
                for statement in migration.statements {
                    try transaction.execute(SQLStatement(verbatim: statement))
                }
                try transaction.execute(
                    "insert into crypto_schema_version values (\(migration.version), \(now.databaseText))")
            }
        }
    }

    /// Makes the tables out of those of the original system, all in one transaction.
    private func takeOverSeed(now: Date) async throws {
        let statements = SeedMigration.before + dialect.migrations.flatMap(\.statements) + SeedMigration.after
        let version = current
        try await database.transaction(.write, durability: .full) { transaction in
            if try Self.isApplied(version, transaction) { return }
            for statement in statements { try transaction.execute(SQLStatement(verbatim: statement)) }
            try transaction.execute(
                "insert into crypto_schema_version values (\(version), \(now.databaseText))")
        }
    }

    private static func isApplied(_ version: Int, _ transaction: any SQLTransaction) throws -> Bool {
        try transaction.execute(SQLStatement(verbatim: versionTable))
        return try !transaction.query("select 1 from crypto_schema_version where version = \(version)")
            .isEmpty
    }

    /// What tells the version of the tables.
    static let versionTable =
        "create table if not exists crypto_schema_version (version integer primary key, applied_at text not null)"
}

/// Why the tables of a market store do not fit this program.
public enum MarketSchemaError: DagKitError, Equatable {
    case newer(found: Int, known: Int)
    case older(found: Int, known: Int)
    case dialect(String)
    /// The tables of the original system.
    case seed

    public var problem: String {
        switch self {
        case .newer(let found, let known):
            "the market store has version \"\(found)\", this program knows \(known)"
        case .older(let found, let known):
            "the market store has version \"\(found)\", this program needs \(known)"
        case .dialect(let name): "the market store cannot live on \"\(name)\""
        case .seed: "the database holds the tables of the original system"
        }
    }

    public var remedy: String {
        switch self {
        case .newer: "upgrade dagctl"
        case .older, .seed: "run dagctl crypto migrate"
        case .dialect: "use a connection of type sqlite or postgres"
        }
    }
}
