import DagKitSQL
import DagKitSQLite
import Glibc
import SQLTestSupport
import Testing

/// The log of a database and its index, while somebody takes them away.
@Suite struct DatabaseFilesTests {
    @Test(arguments: [["-wal", "-shm"], ["-wal"], ["-shm"]])
    func `a log that is removed is noticed, and what it held is kept`(endings: [String]) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 3)
        for ending in endings { unlink(folder.file("test.db" + ending)) }

        let write = await #expect(throws: SQLError.self) { try await database.execute("delete from coin") }
        let read = await #expect(throws: SQLError.self) { try await database.count() }
        await database.close()

        #expect(write?.kind == .replaced && read?.kind == .replaced)
        #expect(write?.isFinal == true)
        #expect(
            write?.message == "its log (-wal, -shm) was removed, or another one put in its place",
            "\(write as Any)")
        let next = try await SQLiteDatabase.open(folder.file("test.db"))
        #expect(try await next.count() == 3)
        await next.close()
    }

    @Test func `what was stored before a new reader noticed that the log is gone is kept`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 3)
        for ending in ["-wal", "-shm"] { unlink(folder.file("test.db" + ending)) }

        let error = await #expect(throws: SQLError.self) { try await database.count() }

        #expect(error?.kind == .replaced)
        #expect(access(folder.file("test.db-wal"), F_OK) != 0)
        await database.close()
        let next = try await SQLiteDatabase.open(folder.file("test.db"))
        #expect(try await next.count() == 3)
        await next.close()
    }

    @Test func `a log in the place of another one is left alone`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 3)
        let log = folder.file("test.db-wal")
        rename(log, log + ".away")
        close(open(log, O_WRONLY | O_CREAT, 0o600))

        let error = await #expect(throws: SQLError.self) { try await database.count() }
        await database.close()

        #expect(error?.kind == .replaced)
        #expect(access(log, F_OK) == 0)
        // The log that was moved away is whole: put back, it is that of its database.
        rename(log + ".away", log)
        let next = try await SQLiteDatabase.open(folder.file("test.db"))
        #expect(try await next.count() == 3)
        await next.close()
    }

    @Test func `files beside the database may come and go`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 3)
        close(open(folder.file("other"), O_WRONLY | O_CREAT, 0o600))
        unlink(folder.file("other"))

        #expect(try await database.count() == 3)
        try await database.checkpoint()
        #expect(try await database.count() == 3)
        await database.close()
    }

    @Test func `a database is held alone only once everybody has closed it`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        await (try SQLiteDatabase.fixture(in: folder, rows: 3)).close()

        let size = try await SQLiteDatabase.holdingAlone(folder.file("test.db"), patience: .zero) {
            isLogEmpty in
            var status = stat()
            return isLogEmpty && stat(folder.file("test.db"), &status) == 0 ? status.st_size : 0
        }

        #expect(size > 0)
        let next = try await SQLiteDatabase.open(folder.file("test.db"))
        #expect(try await next.count() == 3)
        await next.close()
    }
}
