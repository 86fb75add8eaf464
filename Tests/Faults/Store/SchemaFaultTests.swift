import DagKitCore
import DagKitSQL
import DagKitSQLite
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

@Suite(.serialized) struct SchemaFaultTests {
    @Test(
        .fault(
            .F53, "an older program refuses a newer database and leaves it as it is",
            by: .standIn("the database says that a version 999 was applied")))
    func `F53 a newer database is refused and left alone`() async throws {
        let home = try FaultHome()
        _ = try await home.dagctl("db", "migrate")
        let insertion =
            "insert into schema_version (version, name, applied_at) values (999, 'future', '2099-01-01')"
        _ = try await home.shell("sqlite3 \"$DAGKIT_HOME/dagkit.db\" \"\(insertion)\"")
        let before = try FileSystem.read(home.database)

        for words in [["scheduler", "--once"], ["db", "migrate"], ["db", "check"]] {
            let answer = try await home.dagctl(words[0], words[1])
            #expect(answer.status == 5, "\(answer)")
            #expect(answer.errors.contains("\"999\"") && answer.errors.contains("newer program"), "\(answer)")
            #expect(answer.errors.split(separator: "\n").count == 1, "\(answer)")
        }
        #expect(try FileSystem.read(home.database) == before)
    }

    @Test(
        .fault(
            .F53,
            "refused until `db migrate` is called, which keeps a backup of it and all that is in it",
            by: .really("a database of the version before, with a row in each table")))
    func `F53 an older database is migrated only when asked, with all that is in it`() async throws {
        let home = try FaultHome()
        let older = try await OlderDatabase.make(at: home.database, lacking: 1)
        let before = try await older.rows()

        for words in [["scheduler", "--once"], ["dags", "list-runs", "proof"], ["db", "check"]] {
            let answer = try await home.dagctl(words)
            #expect(answer.status == 5, "\(answer)")
            #expect(answer.errors.contains("\"\(older.version)\""), "\(answer)")
            #expect(answer.errors.contains("db migrate"), "\(answer)")
            #expect(answer.errors.split(separator: "\n").count == 1, "\(answer)")
        }
        let untouched = try await older.rows()
        let migration = try await home.dagctl("db", "migrate")

        #expect(untouched == before)
        #expect(migration.status == 0, "\(migration)")
        #expect(try await older.rows() == before)
        #expect(try await home.dagctl("db", "check").status == 0)
        let runs = try await home.dagctl("dags", "list-runs", "proof", "-o", "json")
        #expect(runs.status == 0 && runs.output.contains("\"success\""), "\(runs)")
        let backups = try FileSystem.names(in: "\(home.path)/backups")
        #expect(backups.count == 1)
        #expect(backups.first?.hasSuffix("-version-\(older.version).db") == true, "\(backups)")
        let backup = "\(home.path)/backups/\(backups.first ?? "")"
        #expect(try await older.rows(at: backup) == before)
        #expect(try await home.schemaState(at: backup) == .outdated(found: older.version))
    }

    @Test(
        .fault(
            .F54,
            "the tables and rows are as they were, and the next migration goes through and keeps the rows",
            by: .really(
                "kill -9 before each statement of the migration in turn and before its commit, from no tables and from three versions before with a row in each table"
            )), arguments: [nil, 3])
    func `F54 a migration that is killed leaves nothing half done`(steps: Int?) async throws {
        let home = try FaultHome()
        let older = try await OlderDatabase.make(at: "\(home.path)/older.db", lacking: steps)
        let before = try await older.rows()
        let found = steps == nil ? StoreSchema.State.empty : .outdated(found: older.version)
        let copy = try FileSystem.read(older.path)
        let path = "\(home.path)/migrated.db"
        var statement = 0
        var exit: ProcessExit
        repeat {
            statement += 1
            for ending in ["", "-wal", "-shm"] { try FileSystem.remove(path + ending) }
            try FileSystem.write(copy, to: path, durable: false)
            exit = try await home.faultProcess("migrate", path, statement)
            let wasKilled = exit.reason == .signalled(SIGKILL)

            let state = try await home.schemaState(at: path)
            #expect(state == (wasKilled ? found : .current), "killed at \(statement)")
            #expect(try await older.rows(at: path) == before, "killed at \(statement)")
            #expect(try await home.schemaState(at: path, migrating: true) == .current)
            #expect(try await older.rows(at: path) == before, "killed at \(statement)")
        } while exit.reason == .signalled(SIGKILL) && statement < 1_000

        #expect(exit.isSuccess)
        // One of each migration at least, its entry in the table of versions, and the commit.
        #expect(statement > 2 * (steps ?? SQLiteSchema().migrations.count))
    }
}

extension FaultHome {
    /// How the tables of a database stand to this program's, after they were migrated if that is asked for.
    fileprivate func schemaState(at path: String, migrating: Bool = false) async throws -> StoreSchema.State {
        let database = try await SQLiteDatabase.open(path)
        let schema = try StoreSchema(of: database)
        if migrating { try await schema.migrate(at: Date()) }
        let state = try await schema.state()
        await database.close()
        return state
    }
}
