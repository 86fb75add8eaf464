import CryptoDags
import DagKit
import DagKitPostgres
import FoundationEssentials
import Glibc
import SQLTestSupport
import Testing

@Suite struct SchemaScriptTests {
    @Test(arguments: [("crypto-schema.sql", false), ("crypto-migrate-seed.sql", true)])
    func `the script beside the program is the program's own`(name: String, fromSeed: Bool) throws {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let file = URL(filePath: "/\(root)/packaging/sql/\(name)")
        let script = MarketStore.postgresScript(fromSeed: fromSeed)
        if getenv("DAGKIT_RECORD").map({ String(cString: $0) }) == "1" {
            try Data(script.utf8).write(to: file)
        }

        #expect(try String(decoding: Data(contentsOf: file), as: UTF8.self) == script)
    }

    @Test func `psql makes the tables that the program would make`() async throws {
        let cluster = try await PostgresCluster.shared
        let made = try await cluster.newDatabase()
        let scripted = try await cluster.newDatabase()
        let database = try await PostgresDatabase.open(made)
        _ = try await MarketStore.open(database, codec: PlainBodyCodec(), now: .noon)
        await database.close()

        _ = try await cluster.psql(scripted.database ?? "", MarketStore.postgresScript())

        let tables = try await cluster.psql(made.database ?? "", Self.columns)
        #expect(try await cluster.psql(scripted.database ?? "", Self.columns) == tables)
        #expect(tables.contains("crypto_historique,prix_usd,numeric,38,18,NO"))
        #expect(tables.contains("crypto_historique,timestamp_import,timestamp with time zone"))
        let again = try await PostgresDatabase.open(scripted)
        try await MarketStore.open(again, codec: PlainBodyCodec(), now: .noon).ping()
        await again.close()
    }

    private static let columns = """
        select table_name, column_name, data_type, numeric_precision, numeric_scale, is_nullable
        from information_schema.columns where table_schema = 'public' order by 1, ordinal_position;
        select indexdef from pg_indexes where schemaname = 'public' order by 1;
        select viewname, definition from pg_views where schemaname = 'public' order by 1;
        """
}
