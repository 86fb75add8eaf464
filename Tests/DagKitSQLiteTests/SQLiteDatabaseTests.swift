import DagKitCore
import DagKitSQL
import DagKitSQLite
import FoundationEssentials
import SQLTestSupport
import Testing

@Suite struct SQLiteDatabaseTests {
    @Test(arguments: [
        SQLValue.null, 0, 9_223_372_036_854_775_807, -1.5e300, "", "Ünïcode 🪙 \u{0} nul", .blob([]),
        .blob([0, 255]),
    ])
    func `every value comes back as it went in`(value: SQLValue) async throws {
        let database = SQLiteDatabase.inMemory()

        let rows = try await database.query("select \(value) as it")

        #expect(rows[0].value(of: "it") == value)
    }

    @Test func `a value that is not a number is refused instead of stored as NULL`() async throws {
        let error = await #expect(throws: SQLError.self) {
            try await SQLiteDatabase.inMemory().query("select \(Double.nan)")
        }

        #expect(error?.kind == .typeMismatch)
    }

    @Test func `execute returns how many rows it changed`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 5)

        #expect(try await database.execute("update coin set rank = rank + 1 where rank > \(2)") == 2)
        #expect(try await database.execute("create table other (id integer)") == 0)
        await database.close()
    }

    @Test func `a query that writes returns its rows and is stored`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)

        let rows = try await database.query("insert into coin values ('btc', 1) returning rank")

        #expect(rows[0].values == [1])
        #expect(try await database.count() == 1)
        await database.close()
    }

    @Test func `a transaction whose body throws stores nothing`() async throws {
        struct Stop: Error {}
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)

        await #expect(throws: Stop.self) {
            try await database.transaction { transaction in
                try transaction.execute("insert into coin values ('btc', 1)")
                throw Stop()
            }
        }

        #expect(try await database.count() == 0)
        await database.close()
    }

    @Test func `a transaction reads what it wrote`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)

        let ranks = try await database.transaction { transaction in
            try transaction.execute("insert into coin values ('btc', 1)")
            return try transaction.query("select rank from coin").map { try $0[0] as Int }
        }

        #expect(ranks == [1])
        await database.close()
    }

    @Test(arguments: [true, false])
    func `a reading transaction cannot write`(inMemory: Bool) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database =
            inMemory ? SQLiteDatabase.inMemory() : try await SQLiteDatabase.open(folder.file("test.db"))
        try await database.execute("create table coin (id text)")

        let error = await #expect(throws: SQLError.self) {
            try await database.transaction(.read) { try $0.execute("insert into coin values ('btc')") }
        }

        #expect(error?.kind == .readOnly)
        #expect(try await database.execute("insert into coin values ('eth')") == 1)
        await database.close()
    }

    @Test func `a statement may not begin a transaction behind the back of the others`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)

        let error = await #expect(throws: SQLError.self) { try await database.execute("begin immediate") }

        #expect(error?.kind == .syntax)
        #expect(try await database.execute("insert into coin values ('btc', 1)") == 1)
        await database.close()
    }

    @Test func `a body that commits by itself is told so`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)

        let error = await #expect(throws: SQLError.self) {
            try await database.transaction { try $0.execute("commit") }
        }

        #expect(error?.message == "the body ended its own transaction")
        await database.close()
    }

    @Test func `bulk insert is all or nothing`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 2)

        await #expect(throws: SQLError.self) {
            try await database.bulkInsert(
                into: "coin", columns: ["id", "rank"], rows: [["new", 9], ["coin-1", 9]])
        }

        #expect(try await database.count() == 2)
        await database.close()
    }

    @Test(arguments: [
        ("insert into coin values ('coin-1', 2)", SQLError.Kind.uniqueViolation, "23505"),
        ("insert into coin values ('x', null)", .notNullViolation, "23502"),
        ("insert into child values ('nobody')", .foreignKeyViolation, "23503"),
        ("selec 1", .syntax, "42601"),
        ("", .syntax, "42601"),
        ("select 1; select 2", .syntax, "42601"),
        ("select * from nowhere", .unknownTable, "42P01"),
        ("select price from coin", .unknownColumn, "42703"),
    ])
    func `each failure has its kind and code`(text: String, kind: SQLError.Kind, sqlState: String)
        async throws
    {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 2)
        try await database.execute("create table child (coin text references coin (id))")

        let error = await #expect(throws: SQLError.self) {
            try await database.execute(SQLStatement(verbatim: text))
        }

        #expect(error?.kind == kind)
        #expect(error?.sqlState == sqlState)
        await database.close()
    }

    @Test func `an error shows the statement but no bound value`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)
        try await database.execute("insert into coin values ('s3cret', 1)")

        let error = await #expect(throws: SQLError.self) {
            try await database.execute("insert into coin values (\("s3cret"), \(1))")
        }

        #expect(error?.description.contains("insert into coin values ($1, $2)") == true)
        #expect(error?.description.contains("s3cret") == false)
        await database.close()
    }

    @Test func `a comment after the statement is no second statement`() async throws {
        let rows = try await SQLiteDatabase.inMemory().query("select 1; -- the end\n  /* really */ ")

        #expect(rows.count == 1)
    }

    @Test func `a compiled statement notices that its table has changed`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 1)
        #expect(try await database.query("select * from coin")[0].columns.names == ["id", "rank"])

        try await database.execute("alter table coin add column name text")

        #expect(try await database.query("select * from coin")[0].columns.names == ["id", "rank", "name"])
        await database.close()
    }

    @Test func `a closed database refuses calls`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)

        await database.close()

        let error = await #expect(throws: SQLError.self) { try await database.query("select 1") }
        #expect(error?.kind == .interrupted)
    }

    @Test func `a new file can be read by its owner only, and so can its log`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 1)

        for name in ["test.db", "test.db-wal", "test.db-shm"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name))
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
        await database.close()
    }

    @Test func `a backup is a complete database of its own`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 100)

        try await database.backup(to: folder.file("copy.db"))
        try await database.execute("delete from coin")

        let copy = try await SQLiteDatabase.open(folder.file("copy.db"))
        #expect(try await copy.count() == 100)
        #expect(try await copy.quickCheck() == [])
        await copy.close()
        await database.close()
    }

    @Test func `a memory of its own starts empty`() async throws {
        let first = SQLiteDatabase.inMemory()
        try await first.execute("create table coin (id text)")

        let error = await #expect(throws: SQLError.self) {
            try await SQLiteDatabase.inMemory().query("select * from coin")
        }

        #expect(error?.kind == .unknownTable)
    }
}
