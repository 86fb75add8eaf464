import DagKitCore
import DagKitSystem
import Glibc
import Testing

/// A restore that dies on its way.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RestoreKillTests {
    @Test(
        .fault(
            .F19,
            "a restore that is killed leaves the old database or the new one, whole, and no history is lost; the next restore goes through",
            by: .really("kill -9 after each change that `db restore` makes to the folder, in turn")))
    func `F19 a restore that is killed at any step leaves a whole database`() async throws {
        let home = try FaultHome()
        _ = try await home.dagctl("dags", "trigger", "proof")
        _ = try await home.dagctl("scheduler", "--once")
        let backup = "\(home.path)/backup.db"
        _ = try await home.dagctl("db", "backup", backup)
        // A scheduler that is killed leaves a log beside the database that is not empty.
        _ = try await home.dagctl("dags", "trigger", "proof")
        let scheduler = try home.startScheduler()
        #expect(try await home.runsEnd(2))
        scheduler.send(SIGKILL)
        _ = try await scheduler.wait()
        _ = try await home.shell("cp dagkit.db dagkit.db-wal \"$PROOF\"")

        var step = 0
        var restore: FaultHome.Finished
        repeat {
            step += 1
            _ = try await home.shell("rm -f dagkit.db*; cp \"$PROOF\"/dagkit.db* .")
            restore = try await home.dagctl(
                "db", "restore", backup, "--yes", environment: ["DAGKIT_FAULT": "*:\(step)"])
            let wasKilled = restore.exit.reason == .signalled(SIGKILL)
            #expect(wasKilled || restore.status == 0, "\(restore)")

            let check = try await home.dagctl("db", "check")
            let count = try await home.runs()
            let kept = try FileSystem.names(in: home.path).filter {
                $0.hasPrefix("dagkit.db.before-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm")
            }
            #expect(check.status == 0, "killed at \(step): \(check)")
            #expect(count == 2 || count == 1 && kept.count == 1, "killed at \(step): \(count) runs, \(kept)")
            for name in kept where count == 1 {
                #expect(try await home.runs(in: name) == 2, "killed at \(step): \(name)")
            }
            let again = try await home.dagctl("db", "restore", backup, "--yes")
            #expect(again.status == 0, "after step \(step): \(again)")
            #expect(try await home.runs() == 1, "after step \(step)")
        } while restore.exit.reason == .signalled(SIGKILL) && step < 100

        // The copy, the name that is kept, the log, its index, and the new database.
        #expect(step > 5)
    }
}

extension FaultHome {
    /// How many runs of the proof DAG a database of the home has; 0 for one that cannot be read.
    fileprivate func runs(in name: String = "dagkit.db") async throws -> Int {
        let answer = try await dagctl(
            "dags", "list-runs", "proof", "-o", "json",
            environment: ["DAGKIT__DATABASE__SQL_ALCHEMY_CONN": "sqlite:///\(path)/\(name)"])
        return answer.output.ranges(of: "\"run_id\"").count
    }
}
