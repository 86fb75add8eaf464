import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Testing

/// What people ask of a task that runs, with real processes.
@Suite(.timeLimit(.minutes(5))) struct RequestTests {
    @Test func `a running task that is cleared is dead before it starts again`() async throws {
        let bench = try await RequestBench(task: "gate")
        let running = Task { try await bench.scheduler.run() }
        let first = try await bench.home.process(of: 1)

        try await bench.ask { .clear(bench.references(in: $0), actor: "ada") }
        let second = try await bench.secondProcess(after: first)
        #expect(!first.isAlive)
        try FileSystem.write([], to: bench.home.file(1) + ".open", durable: false)
        try await bench.waitForEnd()
        bench.scheduler.stop()
        try await running.value

        #expect(second != first)
        #expect(try bench.log().contains("failed: cleared by ada"))
        let instance = try #require(try await bench.instance())
        #expect(instance.state == .success)
        #expect(instance.tryNumber == 2)
        #expect(try await bench.store.history(of: bench.run).map(\.reason) == ["cleared by ada"])
    }

    @Test(arguments: [MarkedState.success, .failed])
    func `a running task that is marked is ended, with the state that was asked for`(state: MarkedState)
        async throws
    {
        let bench = try await RequestBench(task: "stubborn")
        let running = Task { try await bench.scheduler.run() }
        let process = try await bench.home.process(of: 1)

        try await bench.ask { .mark(bench.references(in: $0), state, actor: "ada") }
        try await bench.waitForEnd()
        #expect(!process.isAlive)
        bench.scheduler.stop()
        try await running.value

        let snapshot = try #require(try await bench.store.snapshot(of: bench.run))
        #expect(snapshot.run.state.rawValue == state.rawValue)
        let instance = try #require(try await bench.instance())
        #expect(instance.reason == "marked \(state.rawValue) by ada")
        let folded = RunSnapshot(
            folding: try await bench.store.events(of: bench.run), of: bench.home.spec)
        #expect(folded?.instances == snapshot.instances)
    }
}
