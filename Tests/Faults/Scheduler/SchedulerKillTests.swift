import DagKitCore
import DagKitStore
import DagKitSystem
import Glibc
import Testing

@Suite(.serialized) struct SchedulerKillTests {
    /// A DAG whose one run the scheduler itself creates.
    private static let scheduled = ProofDAG.declaration(
        more: ["schedule": "@once", "start_date": "2026-01-01"])

    @Test(
        .fault(
            .F1, "no half run is stored; the next scheduler creates the run, once",
            by: .really("kill -9 at the fault point before the commit")))
    func `F1 a run that was not stored yet is created after the restart`() async throws {
        let home = try FaultHome(Self.scheduled)

        let exit = try await home.startScheduler(environment: ["DAGKIT_FAULT": "scheduler.creating:1"]).wait()
        let before = try await home.withStore { try await $0.runs(RunQuery(dagID: ProofDAG.id)) }
        let rest = try await home.dagctl("scheduler", "--once")

        #expect(exit.reason == .signalled(SIGKILL))
        #expect(before.isEmpty)
        #expect(rest.status == 0, "\(rest)")
        #expect(try await home.withStore { try await $0.runs(RunQuery(dagID: ProofDAG.id)).count } == 1)
        #expect(try await home.findings() == [])
    }

    @Test(
        .fault(
            .F2, "a run and its task instances are stored together or not at all",
            by: .really("kill -9 before each statement of the transaction in turn")))
    func `F2 a run is never without its task instances`() async throws {
        let home = try FaultHome()
        var statement = 0
        var exit: ProcessExit
        repeat {
            statement += 1
            let database = "\(home.path)/\(statement).db"
            exit = try await home.faultProcess("create-run", database, statement)
            let store = try await home.store(at: database)
            let run = try await store.snapshot(of: RunKey("fault_dag", "run1"))

            #expect(run == nil || run?.instances.count == 4, "killed at statement \(statement)")
            #expect((run == nil) == (exit.reason == .signalled(SIGKILL)), "killed at statement \(statement)")
            await store.close()
        } while exit.reason == .signalled(SIGKILL) && statement < 100

        #expect(exit.isSuccess)
        #expect(statement > 4)
    }

    @Test(
        .fault(
            .F3, "the same try goes at once after the restart, and runs once",
            by: .really("kill -9 at the fault points around the hand-over")),
        arguments: ["scheduler.dispatched:1", "scheduler.ordering:1"])
    func `F3 an attempt that was never handed over goes again as the same try`(point: String) async throws {
        let home = try FaultHome(ProofDAG.declaration(tasks: ["only": []]))
        _ = try await home.dagctl("dags", "trigger", "proof")

        let exit = try await home.startScheduler(environment: ["DAGKIT_FAULT": point]).wait()
        let rest = try await home.dagctl("scheduler", "--once")

        #expect(exit.reason == .signalled(SIGKILL))
        #expect(rest.status == 0, "\(rest)")
        let proof = try Proof(of: home)
        #expect(proof.begun.map(\.tryNumber) == [1])
        #expect(proof.ended.map(\.tryNumber) == [1])
        #expect(try await home.findings() == [])
        #expect(try await home.leftovers() == [])
    }
}
