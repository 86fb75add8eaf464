import DagKitCore
import DagKitSystem
import Glibc
import Testing

/// Schedulers that run tasks in their own process.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SequentialTests {
    @Test func `a scheduler that runs tasks itself runs what was changed since`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo one >>out"),
            settings: ["DAGKIT__CORE__EXECUTOR": "SequentialExecutor"])
        let scheduler = try home.startScheduler()
        _ = try await home.dagctl("dags", "trigger", "script")
        #expect(try await home.scriptEnds()?.state == .success)

        try home.write(
            ScriptDAG.declaration("echo two >>out").merging(ProofDAG.declaration(tasks: ["only": []])))
        scheduler.send(SIGHUP)
        #expect(try await holds { home.schedulerLines().contains { $0.contains("dags read again") } })
        _ = try await home.dagctl("dags", "trigger", "script")
        _ = try await home.dagctl("dags", "trigger", "proof")

        #expect(try await home.runsEnd(1))
        #expect(
            try await holds { try FileSystem.readText("\(home.path)/out") == "one\ntwo\n" })
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(try await home.findings() == [])
    }
}
