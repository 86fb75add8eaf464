import DagKitCore
import DagKitSystem
import Glibc
import Testing

/// Rows of the metadata database that cannot be read: each holds up what it belongs to, and nothing else.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DamagedRowTests {
    /// One DAG whose rows are spoilt, and one that must go on.
    private static func home(_ command: String = "true") throws -> FaultHome {
        try FaultHome(
            ProofDAG.declaration(tasks: ["only": []]).merging(ScriptDAG.declaration(command)),
            settings: ["DAGKIT__SCHEDULER__POLL_INTERVAL": "0.2"])
    }

    private static let instance = "run_id = 'mine' and task_id = 'only'"

    @Test(
        .fault(
            .F19,
            "a run with a row that cannot be read is left alone and named in one line; all else goes on, and the run does once the row is corrected as the line says",
            by: .really("values of single rows are overwritten, before a scheduler starts")),
        arguments: [
            SpoiltRow("dag_run", "state", "'xyzzy'"), SpoiltRow("dag_run", "conf", "'{'"),
            SpoiltRow("dag_run", "run_after", "'tomorrow'"),
            SpoiltRow("dag_run", "revision", "9223372036854775807"),
            SpoiltRow("dag_run", "data_interval_end", "null"),
            SpoiltRow("task_instance", "state", "'xyzzy'", where: instance),
            SpoiltRow("task_instance", "try_number", "9223372036854775807", where: instance),
            SpoiltRow("task_instance", "awaits", "'{'", where: instance),
        ])
    func `F19 a damaged row of a run holds up that run alone`(row: SpoiltRow) async throws {
        let home = try Self.home()
        _ = try await home.dagctl("dags", "trigger", "script", "--run-id", "mine")
        _ = try await home.dagctl("dags", "trigger", "proof")

        let (before, line) = try await home.run(beside: row, toldBy: " ERROR ")

        #expect(line.contains("run script/mine is left alone"))
        #expect(try await home.runsEnd(1))
        #expect(try await home.findings() == [])
        try await home.correct(as: line, value: before)
        let second = try await home.dagctl("scheduler", "--once")
        #expect(second.status == 0 && !second.errors.contains(" ERROR "), "\(second)")
        #expect(try await home.script()?.run.state == .success)
    }

    @Test(arguments: [
        SpoiltRow("dag_run", "conf", "'{'"), SpoiltRow("task_instance", "state", "'xyzzy'", where: instance),
    ])
    func `a check of the scheduler tells of runs that it leaves alone`(row: SpoiltRow) async throws {
        let home = try Self.home()
        _ = try await home.dagctl("dags", "trigger", "script", "--run-id", "mine")
        _ = try await home.dagctl("dags", "trigger", "proof")
        let sound = try await home.dagctl("jobs", "check")
        _ = try await home.spoil(row)

        let check = try await home.dagctl("jobs", "check")

        #expect(!sound.errors.contains("warning"), "\(sound)")
        let lines = check.errors.split(separator: "\n").filter { $0.contains("warning") }
        #expect(lines.count == 1, "\(check)")
        #expect(
            lines.first?.hasPrefix("warning: a scheduler leaves this run alone: run script/mine: ") == true,
            "\(check)")
        #expect(check.status == 1 && sound.status == 1)
    }

    @Test(
        .fault(
            .F19,
            "a damaged row that is no run's is named in one line and left out, and the runs of all DAGs go on",
            by: .really("values of single rows are overwritten, before a scheduler starts")),
        arguments: [
            SpoiltRow("slot_pool", "slots", "'many'", where: "pool = 'default_pool'"),
            SpoiltRow("slot_pool", "include_deferred", "'x'", where: "pool = 'default_pool'"),
            SpoiltRow("dag", "is_paused", "'xyzzy'", where: "dag_id = 'crypto_monitoring'"),
            SpoiltRow("job", "latest_heartbeat", "'tomorrow'", where: "id = 1"),
        ])
    func `F19 a damaged row of a pool, a DAG or a job stops no scheduler`(row: SpoiltRow) async throws {
        let home = try Self.home()
        _ = try await home.dagctl("scheduler", "--once")
        _ = try await home.dagctl("dags", "trigger", "proof")

        let (before, line) = try await home.run(beside: row, toldBy: "a row is left out")

        #expect(try await home.runsEnd(1))
        try await home.correct(as: line, value: before)
        #expect(try await !home.dagctl("scheduler", "--once").errors.contains("a row is left out"))
    }

    @Test(
        .fault(
            .F19,
            "a run whose row is damaged while it runs is left alone and its attempt goes on; once the row is corrected the outcome of that attempt is stored",
            by: .really("the state of a run is overwritten while a scheduler works on it")))
    func `F19 a run that is damaged in flight goes on once it is corrected`() async throws {
        let home = try Self.home("echo $$ >>begun; while [ ! -e open ]; do sleep 0.05; done")
        _ = try await home.dagctl("dags", "trigger", "script", "--run-id", "mine")
        let scheduler = try home.startScheduler()
        _ = try await home.words(in: "begun")

        // The scheduler reads the run again when somebody else changes it, or it cannot store what it decides.
        let before = try await home.spoil(SpoiltRow("dag_run", "conf", "'{'"))
        _ = try await home.sqlite("update dag_run set revision = revision + 1 where run_id = 'mine'")
        try FileSystem.write([], to: "\(home.path)/open", durable: false)
        let parked = "run script/mine is left alone"
        #expect(try await holds { home.schedulerLines().contains { $0.contains(parked) } })
        _ = try await home.dagctl("dags", "trigger", "proof")
        #expect(try await home.runsEnd(1))
        let listing = try await home.dagctl("dags", "list-runs", "script")
        let line = try #require(home.schedulerLines().first { $0.contains(parked) })
        try await home.correct(as: line, value: before)

        #expect(try await home.scriptEnds()?.state == .success)
        #expect(home.schedulerLines().count { $0.contains(parked) } == 1)
        // It says so once what it decides is stored.
        #expect(try await holds { home.schedulerLines().contains { $0.contains("run script/mine goes on") } })
        #expect(try await home.words(in: "begun").count == 1)
        #expect(
            listing.status == 5 && listing.errors.contains("run script/mine: column \"conf\""), "\(listing)")
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F19, "a run with a damaged row can be deleted as the line says, and what runs of it is ended",
            by: .really("the state of a run is overwritten while no scheduler works, and its attempt goes on")
        ))
    func `F19 a damaged run can be deleted`() async throws {
        let home = try Self.home("echo $$ >begun; while :; do sleep 0.1; done")
        _ = try await home.dagctl("dags", "trigger", "script", "--run-id", "mine")
        let first = try home.startScheduler()
        let task = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))
        first.send(SIGKILL)
        _ = try await first.wait()
        _ = try await home.spoil(SpoiltRow("dag_run", "state", "'xyzzy'"))
        let second = try home.startScheduler()
        let parked = "run script/mine is left alone"
        #expect(try await holds { home.schedulerLines().contains { $0.contains(parked) } })
        _ = try await home.dagctl("dags", "trigger", "proof")
        #expect(try await home.runsEnd(1))
        #expect(task.isAlive)

        let line = try #require(home.schedulerLines().first { $0.contains(parked) })
        let command = try #require(line.firstRange(of: "dagctl runs delete ").map { line[$0.upperBound...] })
        let deletion = try await home.shell("exec $DAGCTL runs delete \(command) --yes")

        #expect(deletion.status == 0, "\(deletion)")
        #expect(try await holds { !task.isAlive })
        #expect(try await home.dagctl("dags", "list-runs", "script", "-o", "json").output == "[]\n")
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }

    @Test func `a start that fails says why in one line`() async throws {
        let home = try Self.home()
        _ = try await home.dagctl("dags", "trigger", "proof")
        // It is missed once the scheduler takes over what is open.
        _ = try await home.sqlite("alter table task_instance rename to elsewhere")

        let scheduler = try await home.dagctl("scheduler", "--once")

        #expect(scheduler.status != 0)
        let errors = scheduler.errors.split(separator: "\n").filter { $0.tellsOfError }
        #expect(errors.count == 1 && errors[0].contains("task_instance"), "\(scheduler)")
    }
}

extension FaultHome {
    /// Spoils a row and runs a scheduler to its end, which tells of it in one line that has a word.
    ///
    /// - Returns: What stood there before, as SQL, and the line.
    fileprivate func run(beside row: SpoiltRow, toldBy word: String) async throws -> (
        before: String, line: String
    ) {
        let before = try await spoil(row)
        let scheduler = try await dagctl("scheduler", "--once")
        let lines = scheduler.errors.split(separator: "\n").filter { $0.contains(word) }
        #expect(scheduler.status == 0 && lines.count == 1, "\(scheduler)")
        let line = try #require(lines.first.map(String.init))
        #expect(line.contains("column \"\(row.column)\" of table \"\(row.table)\""))
        return (before, line)
    }
}

extension Substring {
    /// Whether a line tells of an error.
    fileprivate var tellsOfError: Bool { contains(" ERROR ") || contains("error:") }
}
