import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Testing

/// A DAG that changes while a task of it runs that hears no signal, with real processes.
@Suite(.timeLimit(.minutes(5))) struct RedeploymentTests {
    @Test func `a running task that its dag loses is dead before it is removed`() async throws {
        let bench = try await RequestBench(task: "stubborn")
        let running = Task { try await bench.scheduler.run() }
        let process = try await bench.home.process(of: 1)
        let descendants = try ProcessTree.descendants(of: process.id)

        try bench.deploy(withTask: false)
        #expect(try await bench.waits { $0.reason == RunMachine.lostTask && $0.state == .running })
        #expect(try await bench.waits { $0.state == .removed })
        #expect(([process] + descendants).filter(\.isAlive).isEmpty)
        try await bench.waitForEnd()
        bench.scheduler.stop()
        try await running.value

        #expect(try await bench.store.snapshot(of: bench.run)?.run.state == .success)
        #expect(try bench.log().contains("failed: the task is no longer part of the dag"))
    }

    @Test func `a task that comes back starts only after its old attempt is dead`() async throws {
        let bench = try await RequestBench(task: "stubborn")
        let running = Task { try await bench.scheduler.run() }
        let first = try await bench.home.process(of: 1)
        let descendants = try ProcessTree.descendants(of: first.id)

        try bench.deploy(withTask: false)
        #expect(try await bench.waits { $0.reason == RunMachine.lostTask })
        try bench.deploy(withTask: true)
        let second = try await bench.secondProcess(after: first)
        #expect(([first] + descendants).filter(\.isAlive).isEmpty)
        #expect(second.isAlive)
        try await bench.ask { .mark(bench.references(in: $0), .success, actor: "ada") }
        try await bench.waitForEnd()
        bench.scheduler.stop()
        try await running.value

        let instance = try #require(try await bench.instance())
        #expect(instance.tryNumber == 2)
        #expect(
            try await bench.store.history(of: bench.run).map(\.reason) == [
                "the task is part of the dag again"
            ])
    }
}
