import DagKitCore
import DagKitSystem
import Glibc
import Testing

/// Tasks that run of runs which the scheduler does not follow, since their DAG is gone or a row of theirs cannot be read.
@Suite(.serialized, .timeLimit(.minutes(10))) struct UnfollowedRunTests {
    private static let patient = "echo $$ >>begun; while [ ! -e open ]; do sleep 0.05; done"
    private static let settings = ["DAGKIT__SCHEDULER__POLL_INTERVAL": "0.2"]

    /// What makes a scheduler leave a run alone.
    enum Cause: CaseIterable { case dagIsGone, rowIsDamaged }

    private static func both() -> JSONValue {
        ScriptDAG.declaration(patient).merging(ProofDAG.declaration(tasks: ["only": []]))
    }

    /// A home whose scheduler was killed while the task ran, which no scheduler follows now.
    private static func home(_ cause: Cause, task: inout ProcessIdentity?) async throws -> FaultHome {
        let home = try FaultHome(both(), settings: settings)
        _ = try await home.dagctl("dags", "trigger", "script", "--run-id", "mine")
        let first = try home.startScheduler()
        task = ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0)
        first.send(SIGKILL)
        _ = try await first.wait()
        switch cause {
        case .dagIsGone: try home.write(ProofDAG.declaration(tasks: ["only": []]))
        case .rowIsDamaged: _ = try await home.sqlite("update dag_run set conf = '{' where run_id = 'mine'")
        }
        return home
    }

    private static func mend(_ cause: Cause, _ home: FaultHome) async throws {
        switch cause {
        case .dagIsGone: try home.write(both())
        case .rowIsDamaged: _ = try await home.sqlite("update dag_run set conf = '{}' where run_id = 'mine'")
        }
    }

    @Test(
        .fault(
            .F19, "a scheduler that ends when nothing runs waits for a task whose run it does not follow",
            by: .really("the DAG is taken away, or a row of the run overwritten, while the task runs")),
        arguments: Cause.allCases)
    func `F19 the end of all work waits for what runs unfollowed`(cause: Cause) async throws {
        var task: ProcessIdentity?
        let home = try await Self.home(cause, task: &task)
        _ = try await home.dagctl("dags", "trigger", "proof")

        let scheduler = try home.startScheduler("--once")
        #expect(try await home.runsEnd(1))
        #expect(try await home.schedulerLooks(3))
        #expect(task?.isAlive == true)
        try FileSystem.write([], to: "\(home.path)/open", durable: false)

        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(try await home.words(in: "begun").count == 1)
        try await Self.mend(cause, home)
        _ = try await home.dagctl("scheduler", "--once")
        #expect(try await home.script()?.run.state == .success)
        #expect(try await home.words(in: "begun").count == 1)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F19,
            "a task of a run that is deleted is ended, though the scheduler had no cause to read the damaged run",
            by: .really("a row of the run is overwritten without a trace, and the run deleted")))
    func `F19 what runs of a run is ended that somebody deletes`() async throws {
        let home = try FaultHome(Self.both(), settings: Self.settings)
        _ = try await home.dagctl("dags", "trigger", "script", "--run-id", "mine")
        let scheduler = try home.startScheduler()
        let task = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))
        _ = try await home.sqlite("update dag_run set conf = '{' where run_id = 'mine'")

        let deletion = try await home.dagctl("runs", "delete", "mine", "--dag", "script", "--yes")

        #expect(deletion.status == 0, "\(deletion)")
        #expect(try await holds { !task.isAlive })
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }
}
