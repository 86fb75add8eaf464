import DagKitCore
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
