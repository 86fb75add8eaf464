import DagKitCore
import DagKitSQL
import DagKitSQLite
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

        // The copy, the hold, the name that is kept, the new database, and none of these.
        #expect(step == 5)
    }

    /// Its log cannot be put into it, so it must be taken away before the other database comes.
    @Test func `a restore in the place of a damaged database that is killed at any step can be done again`()
        async throws
    {
        let home = try FaultHome()
        _ = try await home.dagctl("dags", "trigger", "proof")
        let backup = "\(home.path)/backup.db"
        _ = try await home.dagctl("db", "backup", backup)

        var step = 0
        var restore: FaultHome.Finished
        repeat {
            step += 1
            _ = try await home.shell(
                "rm -f dagkit.db*; printf '%08192d' 0 >dagkit.db; printf log >dagkit.db-wal; : >dagkit.db-shm"
            )
            restore = try await home.dagctl(
                "db", "restore", backup, "--yes", environment: ["DAGKIT_FAULT": "*:\(step)"])
            let again = try await home.dagctl("db", "restore", backup, "--yes")

            #expect(restore.exit.reason == .signalled(SIGKILL) || restore.status == 0, "\(restore)")
            #expect(again.status == 0, "after step \(step): \(again)")
            #expect(try await home.runs() == 1, "after step \(step)")
        } while restore.exit.reason == .signalled(SIGKILL) && step < 100

        #expect(step > 5)
    }

    @Test func `a log that lost its database is not read with the restored one`() async throws {
        let home = try FaultHome()
        _ = try await home.dagctl("dags", "trigger", "proof")
        let backup = "\(home.path)/backup.db"
        _ = try await home.dagctl("db", "backup", backup)
        let writer = try await SQLiteDatabase.open(home.database)
        try await writer.execute("delete from dag_run")
        _ = try await home.shell("cp dagkit.db-wal kept; rm dagkit.db*; mv kept dagkit.db-wal")

        let restored = try await home.dagctl("db", "restore", backup, "--yes")

        #expect(restored.status == 0, "\(restored)")
        #expect(try await home.runs() == 1)
        #expect(
            try FileSystem.names(in: home.path).contains { $0.contains(".before-") && $0.hasSuffix("-wal") })
        await writer.close()
        #expect(try await home.runs() == 1)
    }

    @Test func `a restore is refused while somebody reads the database, and changes nothing`() async throws {
        let home = try FaultHome(settings: ["DAGKIT__DATABASE__BUSY_TIMEOUT": "0.2"])
        _ = try await home.dagctl("dags", "trigger", "proof")
        let backup = "\(home.path)/backup.db"
        _ = try await home.dagctl("db", "backup", backup)
        _ = try await home.dagctl("dags", "trigger", "proof")
        let reader = try await SQLiteDatabase.open(
            home.database, configuration: SQLiteConfiguration(access: .write))
        func files() throws -> [String] {
            try FileSystem.names(in: home.path).filter { $0.hasPrefix("dagkit.db") }.sorted()
        }
        let before = try files()

        let refused = try await home.dagctl("db", "restore", backup, "--yes")

        #expect(refused.status == 75, "\(refused)")
        #expect(refused.errors.contains("process \(getpid()) ("), "\(refused)")
        #expect(refused.errors.contains("has it open; end that process, then try again"), "\(refused)")
        #expect(try files() == before)
        #expect(try await reader.query("select count(*) from dag_run")[0][0] == 2)
        await reader.close()
        #expect(try await home.runs() == 2)
        let restored = try await home.dagctl("db", "restore", backup, "--yes")
        #expect(restored.status == 0, "\(restored)")
        #expect(try await home.runs() == 1)
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
