import DagKitCore
import DagKitStore
import DagKitSystem
import Glibc
import Testing

/// Schedulers that begin while what an earlier one told to end is still ending.
@Suite(.serialized, .timeLimit(.minutes(10))) struct EarlyRestartTests {
    @Test(
        .fault(
            .F55,
            "a scheduler that is killed while it stops leaves a supervisor which ends its attempts; the next scheduler has others start what is new",
            by: .really("SIGTERM, then SIGKILL to the scheduler while a task has its grace")))
    func `F55 a supervisor that was told to end is given nothing new`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >>begun; while [ ! -e open ]; do sleep 0.05; done")
                .merging(ProofDAG.declaration(tasks: ["only": []])))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        _ = try await home.words(in: "begun")
        first.send(SIGTERM)
        #expect(try await holds { home.schedulerLines().contains { $0.contains("stopping: 1 running") } })
        first.send(SIGKILL)
        _ = try await first.wait()

        let second = try home.startScheduler()
        _ = try await home.dagctl("dags", "trigger", "proof")

        #expect(try await home.runsEnd(1))
        #expect(try await home.findings() == [])
        let counts = try await home.withStore { store in
            var counts: [Int] = []
            for run in try await store.runs(RunQuery(dagID: "proof")) {
                counts.append(try await store.events(of: run.key).count { $0.kind == .requeued })
            }
            return counts
        }
        #expect(counts == [0])
        try FileSystem.write([], to: "\(home.path)/open", durable: false)
        #expect(try await home.scriptEnds()?.state == .success)
        #expect(try await home.words(in: "begun").count == 1)
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }
}
