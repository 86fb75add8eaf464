import DagKitCore
import DagKitSQL
import DagKitSQLite
import FoundationEssentials
import Glibc
import SQLTestSupport
import Testing

@Suite struct SQLiteFailureTests {
    @Test func `a full database keeps what it had and says so`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder, rows: 10)
        _ = try await database.transaction { try $0.query("pragma max_page_count = 8") }

        let error = await #expect(throws: SQLError.self) {
            try await database.bulkInsert(
                into: "coin", columns: ["id", "rank"],
                rows: (0..<2_000).map { [.text("another-\($0)"), .integer(Int64($0))] })
        }

        #expect(error?.kind == .full)
        #expect(error?.remedy == "free disk space")
        #expect(try await database.count() == 10)
        await database.close()
    }

    @Test func `a file that is no database is refused when it is opened`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try Data(repeating: 0x41, count: 8_192).write(to: URL(filePath: folder.file("letters.db")))

        let error = await #expect(throws: SQLError.self) {
            try await SQLiteDatabase.open(folder.file("letters.db"))
        }

        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains("letters.db") == true)
    }

    @Test func `quick check finds a damaged page`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var database = try await SQLiteDatabase.fixture(in: folder, rows: 3_000)
        try await database.checkpoint()
        await database.close()
        try overwrite(folder.file("test.db"), at: 12_288, with: Data(repeating: 0xAA, count: 4_096))

        database = try await SQLiteDatabase.open(folder.file("test.db"))
        let problems = try? await database.quickCheck()

        #expect(problems != [])
        await database.close()
    }

    @Test func `quick check finds nothing in a sound table without rowid`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)
        try await database.execute(
            "create table tag (name text not null, owner text not null, primary key (owner, name)) without rowid"
        )
        try await database.execute("insert into tag (name, owner) values ('a', 'b')")

        #expect(try await database.quickCheck() == [])
        await database.close()
    }

    @Test func `a missing file is an error where nothing may be created`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }

        let error = await #expect(throws: SQLError.self) {
            try await SQLiteDatabase.open(
                folder.file("none.db"), configuration: SQLiteConfiguration(access: .read))
        }

        #expect(error?.kind == .cannotOpen)
        #expect(error?.message == "cannot open it: no such file or directory")
        #expect(!FileManager.default.fileExists(atPath: folder.file("none.db")))
    }

    @Test func `a file opened for reading refuses to be written`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let owner = try await SQLiteDatabase.fixture(in: folder, rows: 2)
        let reader = try await SQLiteDatabase.open(
            folder.file("test.db"), configuration: SQLiteConfiguration(access: .read))

        let error = await #expect(throws: SQLError.self) { try await reader.execute("delete from coin") }

        #expect(error?.kind == .readOnly)
        #expect(try await reader.count() == 2)
        await reader.close()
        await owner.close()
    }

    @Test(.disabled(if: geteuid() == 0, "the superuser may write everything"))
    func `a file that this user may not write is refused when it is opened for writing`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        await (try SQLiteDatabase.fixture(in: folder)).close()
        chmod(folder.file("test.db"), 0o400)

        let error = await #expect(throws: SQLError.self) {
            try await SQLiteDatabase.open(folder.file("test.db"))
        }

        #expect(error?.kind == .readOnly)
    }

    @Test func `a folder that does not exist is told as the system tells it`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }

        let error = await #expect(throws: SQLError.self) {
            try await SQLiteDatabase.open(folder.file("nowhere/test.db"))
        }

        #expect(error?.kind == .cannotOpen)
        #expect(error?.message == "cannot open it: no such file or directory")
    }

    @Test func `a backup into a folder that does not exist leaves nothing behind`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.fixture(in: folder)

        await #expect(throws: SQLError.self) { try await database.backup(to: folder.file("nowhere/copy.db")) }

        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy {
                $0.hasPrefix("test.db")
            })
        await database.close()
    }

    private func overwrite(_ path: String, at offset: UInt64, with data: Data) throws {
        let descriptor = open(path, O_WRONLY)
        defer { close(descriptor) }
        let written = data.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, Int(offset)) }
        guard written == data.count else { throw CocoaError(.fileWriteUnknown) }
    }
}
