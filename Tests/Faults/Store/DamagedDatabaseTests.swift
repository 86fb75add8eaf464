import DagKitCore
import DagKitSystem
import Testing

@Suite(.serialized) struct DamagedDatabaseTests {
    private static let damage =
        "sqlite3 \"$DAGKIT_HOME/dagkit.db\" 'pragma wal_checkpoint(truncate)' >/dev/null; "
        + "yes damage | head -c 20000 | dd of=\"$DAGKIT_HOME/dagkit.db\" bs=1 seek=5000 conv=notrunc status=none"

    @Test(
        .fault(
            .F19,
            "the scheduler and `db check` refuse it and name the newest backup, which `db restore` brings back",
            by: .really("20,000 bytes of the file are overwritten")))
    func `F19 a damaged database is refused, and its backup restored`() async throws {
        let home = try FaultHome()
        _ = try await home.dagctl("dags", "trigger", "proof")
        let run = try await home.dagctl("scheduler", "--once")
        #expect(run.status == 0, "\(run)")
        let backup = try await home.dagctl("db", "backup")
        let file =
            try FileSystem.names(in: "\(home.path)/backups").map { "\(home.path)/backups/\($0)" }.first ?? ""

        _ = try await home.shell(Self.damage)
        let refused = try await home.dagctl("scheduler", "--once")
        let check = try await home.dagctl("db", "check")
        let restored = try await home.dagctl("db", "restore", file, "--yes")

        #expect(backup.status == 0 && !file.isEmpty, "\(backup)")
        for answer in [refused, check] {
            #expect(answer.status == 5, "\(answer)")
            #expect(answer.errors.contains("is damaged") && answer.errors.contains(file), "\(answer)")
            #expect(answer.errors.split(separator: "\n").count == 1, "\(answer)")
        }
        #expect(restored.status == 0, "\(restored)")
        #expect(try await home.dagctl("db", "check").status == 0)
        #expect(try await home.findings() == [])
    }

    @Test func `what a backup replaces is kept with all that its log holds`() async throws {
        let home = try FaultHome()
        let copy = "\(home.path)/copy.db"
        _ = try await home.dagctl("db", "migrate")
        let backup = try await home.dagctl("db", "backup", copy)
        let scheduler = try home.startScheduler()
        _ = try await home.dagctl("dags", "trigger", "proof")
        #expect(try await home.runsEnd(1))
        scheduler.send(9)
        _ = try await scheduler.wait()

        let restored = try await home.dagctl("db", "restore", copy, "--yes")

        #expect(backup.status == 0 && restored.status == 0, "\(backup)\(restored)")
        let names = try FileSystem.names(in: home.path)
        let kept = try #require(names.first { $0.contains(".before-") && $0.hasSuffix("Z") })
        let old = try await home.dagctl(
            "dags", "list-runs", "proof", "-o", "json",
            environment: ["DAGKIT__DATABASE__SQL_ALCHEMY_CONN": "sqlite:///\(home.path)/\(kept)"])
        #expect(old.output.contains("manual__"), "\(old)")
        #expect(try await home.dagctl("dags", "list-runs", "proof", "-o", "json").output == "[]\n")
    }

    @Test(
        .fault(
            .F19, "a file that is no database is refused with status 5 and one line",
            by: .really("the file is overwritten")))
    func `F19 a file that is no database is refused`() async throws {
        let home = try FaultHome()

        _ = try await home.shell("yes nothing | head -c 8192 >\"$DAGKIT_HOME/dagkit.db\"")

        for command in ["scheduler", "db"] {
            let answer = try await home.dagctl(command, command == "db" ? "check" : "--once")
            #expect(answer.status == 5, "\(answer)")
            #expect(answer.errors.contains("no backup"), "\(answer)")
            #expect(answer.errors.split(separator: "\n").count == 1, "\(answer)")
        }
    }

    @Test(
        .fault(
            .F19, "a backup is whole although the scheduler writes meanwhile, and is no copy onto itself",
            by: .really("backups of a home that works")))
    func `F19 a backup of a working home is whole`() async throws {
        let home = try FaultHome(ProofDAG.declaration(seconds: 0.02))
        _ = try await home.dagctl("db", "migrate")
        let scheduler = try home.startScheduler()
        for _ in 0..<5 {
            _ = try await home.dagctl("dags", "trigger", "proof")
            let copy = "\(home.path)/copy.db"
            let backup = try await home.dagctl("db", "backup", copy)
            let check = try await home.dagctl(
                "db", "check", environment: ["DAGKIT__DATABASE__SQL_ALCHEMY_CONN": "sqlite:///\(copy)"])
            #expect(backup.status == 0 && check.status == 0, "\(backup)\(check)")
        }
        let itself = try await home.dagctl("db", "backup", home.database)
        let occupied = try await home.dagctl("db", "restore", "\(home.path)/copy.db", "--yes")

        #expect(itself.status == 4, "\(itself)")
        #expect(occupied.status == 4, "\(occupied)")
        #expect(try await home.runsEnd(5))
        scheduler.send(15)
        #expect(try await scheduler.wait().isSuccess)
        #expect(try await home.findings() == [])
    }
}
