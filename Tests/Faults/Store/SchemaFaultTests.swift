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
            "a newer program refuses an older database until it is told to migrate, and then keeps all of it",
            by: .standIn("a program that has one version more")))
    func `F53 an older database is migrated only when asked, with all that is in it`() async throws {
        let home = try FaultHome(ProofDAG.declaration(tasks: ["only": []]))
        _ = try await home.dagctl("dags", "trigger", "proof")
        let run = try await home.dagctl("scheduler", "--once")
        #expect(run.status == 0, "\(run)")
        let database = try await SQLiteDatabase.open(home.database)
        let newer = StoreSchema(of: database, dialect: try NextSchema(after: database))
        let known = newer.newest - 1

        #expect(try await newer.state() == .outdated(found: known))
        #expect(try await newer.migrate(at: Date()) == ["one column more"])
        #expect(try await newer.state() == .current)
        #expect(try await database.query("select next from dag_run").count == 1)
        await database.close()
        let refused = try await home.dagctl("scheduler", "--once")
        #expect(refused.status == 5, "\(refused)")
    }

    @Test(
        .fault(
            .F54, "the tables are all there or none is, and the next migration goes through",
            by: .really("kill -9 before each statement of the migration in turn")))
    func `F54 a migration that is killed leaves nothing half done`() async throws {
        let home = try FaultHome()
        var statement = 0
        var exit: ProcessExit
        repeat {
            statement += 7
            let path = "\(home.path)/\(statement).db"
            exit = try await home.faultProcess("migrate", path, statement)
            let database = try await SQLiteDatabase.open(path)
            let schema = try StoreSchema(of: database)
            let wasKilled = exit.reason == .signalled(SIGKILL)

            #expect(try await schema.state() == (wasKilled ? .empty : .current), "killed at \(statement)")
            try await schema.migrate(at: Date())
            #expect(try await schema.state() == .current, "killed at \(statement)")
            await database.close()
        } while exit.reason == .signalled(SIGKILL) && statement < 1_000

        #expect(exit.isSuccess)
        #expect(statement > 20)
    }
}

/// The tables of the next program: those of this one, and a column.
private struct NextSchema: SchemaDialect {
    let migrations: [Migration]
    let tableNames: SQLStatement =
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'"

    init(after database: SQLiteDatabase) throws {
        let known = try StoreSchema(of: database).newest
        migrations = [
            Migration(
                version: known + 1, name: "one column more",
                statements: ["alter table dag_run add column next integer"])
        ]
    }
}
