/// The tables as scripts for `psql`, for those who make databases by other means than this program.
extension MarketSchema {
    /// Makes the tables of a new store on PostgreSQL, in one transaction.
    static var postgresScript: String {
        script(
            "The tables of the market store on PostgreSQL 14 and later, in one transaction:",
            "psql -d crypto_db -f crypto-schema.sql", PostgresMarketDialect().tables)
    }

    /// Makes them out of the tables of the original system, whose rows they keep.
    static var postgresSeedScript: String {
        script(
            "From the tables of the original system to those of the market store, in one transaction:",
            "psql -d crypto_db -f crypto-migrate-seed.sql",
            SeedMigration.before + PostgresMarketDialect().tables + SeedMigration.after)
    }

    private static func script(_ about: String, _ use: String, _ statements: [String]) -> String {
        let version = """
            insert into crypto_schema_version
            values (\(PostgresMarketDialect().migrations.last?.version ?? 0),
                to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'))
            """
        let body = ([versionTable] + statements + [version]).map { "\($0);" }.joined(separator: "\n\n")
        return """
            -- \(about)
            --     \(use)
            \\set ON_ERROR_STOP on
            begin;

            \(body)

            commit;

            """
    }
}

extension PostgresMarketDialect {
    /// All statements of all steps.
    var tables: [String] { migrations.flatMap(\.statements) }
}

extension MarketStore {
    /// A script that makes the store's tables on PostgreSQL, for `psql -f`.
    ///
    /// - Parameter fromSeed: Makes them out of the tables of the original system, whose rows it keeps.
    public static func postgresScript(fromSeed: Bool = false) -> String {
        fromSeed ? MarketSchema.postgresSeedScript : MarketSchema.postgresScript
    }
}
