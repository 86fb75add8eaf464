import DagKitCore
import DagKitSystem
import Glibc
import Testing

@Suite(.serialized) struct ExhaustionTests {
    @Test func `a scheduler without standard streams works`() async throws {
        let home = try FaultHome(ProofDAG.declaration(tasks: ["only": []]))
        _ = try await home.dagctl("dags", "trigger", "proof")

        let scheduler = try await home.shell("exec $DAGCTL scheduler --once <&- >&- 2>&-")

        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(try await home.findings() == [])
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F21, "the run ends well, or the scheduler says in one line what is missing; nothing is lost",
            by: .really("ulimit -n, from far too few descriptors to just enough")),
        arguments: [12, 24, 32, 48])
    func `F21 a scheduler with few descriptors works or says why not`(limit: Int) async throws {
        let home = try FaultHome()
        _ = try await home.dagctl("dags", "trigger", "proof")

        let starved = try await home.shell("ulimit -n \(limit); timeout 60 \"$DAGCTL\" scheduler --once")
        let fed = try await home.dagctl("scheduler", "--once")

        #expect(starved.status != 124, "it neither ended nor gave up: \(starved)")
        #expect(starved.status == 0 || starved.errors.contains("too many open files"), "\(starved)")
        #expect(fed.status == 0, "\(fed)")
        let findings = try await home.findings()
        #expect(findings == [])
        #expect(try await home.leftovers() == [])
    }
}
