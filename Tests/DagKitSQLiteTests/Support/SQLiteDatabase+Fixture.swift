import DagKitSQL
import DagKitSQLite
import SQLTestSupport

extension SQLiteDatabase {
    /// A file with one table of two columns.
    static func fixture(
        in folder: TemporaryFolder, configuration: SQLiteConfiguration = SQLiteConfiguration(), rows: Int = 0
    ) async throws -> SQLiteDatabase {
        let database = try await SQLiteDatabase.open(folder.file("test.db"), configuration: configuration)
        try await database.execute(
            "create table if not exists coin (id text primary key, rank integer not null)")
        try await database.bulkInsert(
            into: "coin", columns: ["id", "rank"],
            rows: (0..<rows).map { [.text("coin-\($0)"), .integer(Int64($0))] })
        return database
    }

    func count() async throws -> Int {
        try await query("select count(*) from coin")[0][0]
    }
}
