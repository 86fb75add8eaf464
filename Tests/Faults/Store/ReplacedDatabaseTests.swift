import DagKitCore
import DagKitSQL
import DagKitSQLite
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// A database that is taken away, or another one put in its place, while a scheduler works on it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ReplacedDatabaseTests {
    @Test(arguments: ["db reset --yes", "db restore backup.db --yes"])
    func `a command that replaces the database refuses while a scheduler works`(command: String) async throws
    {
        let home = try FaultHome()
        _ = try await home.dagctl("db", "backup", "\(home.path)/backup.db")
        let scheduler = try home.startScheduler()
        #expect(try await home.schedulersStart())

        let refused = try await home.shell("exec $DAGCTL \(command)")
        let triggered = try await home.dagctl("dags", "trigger", "proof")

        #expect(refused.status == 4, "\(refused)")
        #expect(
            refused.errors.hasSuffix("a scheduler works on \"\(home.path)\"; stop it first\n"), "\(refused)")
        #expect(refused.errors.split(separator: "\n").count == 1, "\(refused)")
        #expect(triggered.status == 0)
        #expect(try await home.runsEnd(1))
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
    }

    @Test func `a scheduler whose database was taken away ends, and what runs goes on`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >begun; while [ ! -e open ]; do sleep 0.05; done"),
            settings: ["DAGKIT__SCHEDULER__POLL_INTERVAL": "0.2"])
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        let task = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))

        #expect(rename(home.database, home.database + ".away") == 0)

        #expect(try await home.end(of: first)?.reason == .exited(5))
        #expect(home.schedulerLines().count { $0.contains("the file was removed") } == 1)
        #expect(task.isAlive)
        #expect(rename(home.database + ".away", home.database) == 0)
        let second = try home.startScheduler()
        try FileSystem.write([], to: "\(home.path)/open", durable: false)
        #expect(try await home.scriptEnds()?.state == .success)
        #expect(try await home.script()?.only.tryNumber == 1)
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }

    /// Whoever came next would make another log, and neither would see what the other one stores.
    @Test(arguments: ["dagkit.db-wal dagkit.db-shm", "dagkit.db-wal", "dagkit.db-shm"])
    func `a scheduler whose log was removed ends, and no trigger is lost`(files: String) async throws {
        let home = try FaultHome(
            settings: ["DAGKIT__SCHEDULER__POLL_INTERVAL": "0.2", "DAGKIT__DATABASE__BUSY_TIMEOUT": "60"])
        let first = try home.startScheduler()
        #expect(try await holds { home.schedulerLines().contains { $0.contains("scheduler started") } })
        _ = try await home.dagctl("dags", "trigger", "proof")
        #expect(try await home.runsEnd(1))

        _ = try await home.shell("rm \(files)")
        let triggered = try await home.dagctl("dags", "trigger", "proof")

        #expect(triggered.status == 0, "\(triggered)")
        #expect(try await home.end(of: first)?.reason == .exited(5))
        #expect(home.schedulerLines().count { $0.contains("its log (-wal, -shm) was removed") } == 1)
        let second = try home.startScheduler()
        #expect(try await home.runsEnd(2))
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(try await home.dagctl("db", "check").status == 0)
    }

    @Test func `a command does not begin a second log beside a process that has the first one`() async throws
    {
        let home = try FaultHome(settings: ["DAGKIT__DATABASE__BUSY_TIMEOUT": "0.2"])
        _ = try await home.dagctl("dags", "trigger", "proof")
        let holder = try await SQLiteDatabase.open(
            home.database, configuration: SQLiteConfiguration(access: .write))
        try await holder.execute("update dag_run set conf = conf")

        _ = try await home.shell("rm dagkit.db-wal dagkit.db-shm")
        let refused = try await home.dagctl("dags", "trigger", "proof")

        #expect(refused.status == 75, "\(refused)")
        #expect(
            refused.errors.contains("its log (-wal, -shm) was removed while process \(getpid()) ("),
            "\(refused)")
        #expect(!FileSystem.exists(home.database + "-wal"))
        await holder.close()
        let triggered = try await home.dagctl("dags", "trigger", "proof")
        #expect(triggered.status == 0, "\(triggered)")
    }

    /// Tokens begin anew with a database; an attempt of the old one must not be taken for one of the new one.
    @Test func `an attempt that outlives its database stops none of the new one`() async throws {
        let home = try FaultHome(
            ProofDAG.declaration(tasks: ["only": []]).merging(
                ScriptDAG.declaration("echo $$ >begun; trap '' TERM; while :; do sleep 0.1; done")))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        _ = try await home.words(in: "begun")
        first.send(SIGKILL)
        _ = try await first.wait()

        let reset = try await home.dagctl("db", "reset", "--yes")
        let second = try home.startScheduler()
        _ = try await home.dagctl("dags", "trigger", "proof")

        #expect(reset.status == 0, "\(reset)")
        #expect(try await home.runsEnd(1))
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }
}
