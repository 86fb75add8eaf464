import DagKitSQL
import DagKitSQLite
import SQLTestSupport
import Testing

@Suite struct SQLiteConcurrencyTests {
    @Test func `readers do not wait for a writer and see no half of its work`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 3)
        let (isWriting, mayCommit) = (AsyncStream<Void>.makeStream(), Gate())
        let writing = Task {
            try await database.transaction { transaction in
                try transaction.execute("delete from coin")
                isWriting.continuation.yield()
                mayCommit.wait()
            }
        }
        for await _ in isWriting.stream { break }

        let during = try await database.count()
        mayCommit.open()
        try await writing.value

        #expect(during == 3)
        #expect(try await database.count() == 0)
        await database.close()
    }

    @Test func `a reading transaction keeps to one state`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 3)
        let (hasRead, mayReadAgain) = (AsyncStream<Void>.makeStream(), Gate())
        let reading = Task {
            try await database.transaction(.read) { transaction in
                let first: Int = try transaction.query("select count(*) from coin")[0][0]
                hasRead.continuation.yield()
                mayReadAgain.wait()
                let second: Int = try transaction.query("select count(*) from coin")[0][0]
                return (first, second)
            }
        }
        for await _ in hasRead.stream { break }

        try await database.execute("delete from coin")
        mayReadAgain.open()

        #expect(try await reading.value == (3, 3))
        await database.close()
    }

    @Test func `a lock that another process keeps is a busy error, not a wait without end`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let holder = try await SQLiteDatabase.fixture(in: folder)
        let impatient = try await SQLiteDatabase.fixture(
            in: folder, configuration: SQLiteConfiguration(busyTimeout: .milliseconds(20)))
        let (isHeld, mayEnd) = (AsyncStream<Void>.makeStream(), Gate())
        let holding = Task {
            try await holder.transaction { _ in
                isHeld.continuation.yield()
                mayEnd.wait()
            }
        }
        for await _ in isHeld.stream { break }

        let error = await #expect(throws: SQLError.self) {
            try await impatient.execute("insert into coin values ('btc', 1)")
        }
        mayEnd.open()
        try await holding.value

        #expect(error?.kind == .busy)
        #expect(error?.sqlState == "55P03")
        #expect(try await impatient.execute("insert into coin values ('btc', 1)") == 1)
        await impatient.close()
        await holder.close()
    }

    @Test func `writers of two connections both get through`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let first = try await SQLiteDatabase.fixture(
            in: folder, configuration: SQLiteConfiguration(busyTimeout: .seconds(60)))
        let second = try await SQLiteDatabase.fixture(
            in: folder, configuration: SQLiteConfiguration(busyTimeout: .seconds(60)))

        try await withThrowingTaskGroup { group in
            for (number, database) in [first, second].enumerated() {
                for index in 0..<40 {
                    group.addTask {
                        try await database.execute(
                            "insert into coin values (\("\(number)-\(index)"), \(index))")
                    }
                }
            }
            try await group.waitForAll()
        }

        #expect(try await first.count() == 80)
        await first.close()
        await second.close()
    }

    @Test func `many at once may open a new file`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }

        let databases = try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { try await SQLiteDatabase.open(folder.file("new.db")) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(databases.count == 8)
        for database in databases { await database.close() }
    }

    @Test func `a cancelled call that waits its turn does not run`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)
        let (isHeld, mayEnd) = (AsyncStream<Void>.makeStream(), Gate())
        let holding = Task {
            try await database.transaction { _ in
                isHeld.continuation.yield()
                mayEnd.wait()
            }
        }
        for await _ in isHeld.stream { break }

        let waiting = Task { try await database.execute("insert into coin values ('btc', 1)") }
        waiting.cancel()
        mayEnd.open()
        try await holding.value

        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(try await database.count() == 0)
        await database.close()
    }

    @Test func `a running read is interrupted when its task is cancelled`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)
        let hasBegun = AsyncStream<Void>.makeStream()
        let reading = Task {
            try await database.transaction(.read) { transaction in
                hasBegun.continuation.yield()
                return try transaction.query(
                    "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n")
            }
        }
        for await _ in hasBegun.stream { break }

        reading.cancel()

        await #expect(throws: CancellationError.self) { try await reading.value }
        await database.close()
    }

    @Test func `closing lets what runs end and fails what waits`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)
        let (isHeld, mayEnd) = (AsyncStream<Void>.makeStream(), Gate())
        let holding = Task {
            try await database.transaction { transaction in
                isHeld.continuation.yield()
                mayEnd.wait()
                return try transaction.execute("insert into coin values ('btc', 1)")
            }
        }
        for await _ in isHeld.stream { break }

        async let closing: Void = database.close()
        mayEnd.open()
        await closing

        #expect(try await holding.value == 1)
    }
}
