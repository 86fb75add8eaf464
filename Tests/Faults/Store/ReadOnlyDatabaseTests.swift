import DagKitCore
import DagKitSystem
import Glibc
import Testing

@Suite(.serialized) struct ReadOnlyDatabaseTests {
    @Test(
        .fault(
            .F18, "a scheduler refuses to start, with status 6 and one line",
            by: .really("the files belong to another user, or have no write permission")))
    func `F18 a scheduler does not start on a database that it may not write`() async throws {
        let home = try FaultHome()
        _ = try await home.dagctl("db", "migrate")
        _ = try await home.shell(
            "chmod a+rX \"$DAGKIT_HOME/..\"; chmod -R a+rX \"$DAGKIT_HOME\"; chmod 0444 \"$DAGKIT_HOME/dagkit.db\""
        )

        // The superuser may write everything: it runs the scheduler as nobody.
        let asNobody = geteuid() == 0 ? "setpriv --reuid=65534 --clear-groups" : ""
        let run = try await home.shell("\(asNobody) \"$DAGCTL\" scheduler --once")

        #expect(run.status == 6, "\(run)")
        #expect(run.errors.contains("may not write"))
        #expect(run.errors.split(separator: "\n").count == 1, "\(run)")
    }

    @Test(
        .fault(
            .F18,
            "running tasks go on, scheduling pauses with one line and goes on when the file can be written",
            by: .standIn("the file is made immutable (chattr +i) while it is open")),
        .enabled(if: Immutability.isPermitted, "needs the right to make a file immutable"))
    func `F18 a database that becomes read-only pauses the scheduling`() async throws {
        let home = try FaultHome(
            ProofDAG.declaration(tasks: ["first": [], "last": ["first"]], isGated: true))
        _ = try await home.dagctl("dags", "trigger", "proof")
        let scheduler = try home.startScheduler()
        #expect(try await home.taskBegins())

        let files = "\"$DAGKIT_HOME/dagkit.db\" \"$DAGKIT_HOME/dagkit.db-wal\""
        let froze = try await home.shell("chattr +i \(files)")
        try home.openGate()
        let paused = try await holds { home.schedulerLines().contains { $0.contains("scheduling pauses") } }
        #expect(try await holds { try Proof(of: home).ended.map(\.task) == ["first"] })
        _ = try await home.shell("chattr -i \(files)")

        #expect(froze.status == 0 && paused, "\(froze)")
        #expect(try await home.runsEnd(1))
        scheduler.send(SIGTERM)
        #expect(try await scheduler.wait().isSuccess)
        #expect(home.schedulerLines().count { $0.contains("scheduling pauses") } == 1)
        #expect(try await home.findings() == [])
    }
}

/// Whether this machine lets the tests make a file immutable.
private enum Immutability {
    static let isPermitted: Bool = {
        let path = "/tmp/dagkit-immutable-\(getpid())"
        return system(
            "touch \(path); chattr +i \(path) 2>/dev/null && chattr -i \(path); r=$?; rm -f \(path); exit $r")
            == 0
    }()
}
