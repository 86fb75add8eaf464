import DagKitCore
import FoundationEssentials
import Testing

/// When nothing happens any more by itself.
@Suite struct PlannerRestTests {
    private static func failing(retries: Int = 0, runTimeout: Duration? = nil) throws -> DAGSpec {
        try .fixture(
            runTimeout: runTimeout,
            tasks: [
                FixtureTask(id: "a", upstream: [], retries: retries), FixtureTask(id: "b", upstream: ["a"]),
            ])
    }

    private static func pause(_ bench: inout PlannerBench, _ spec: DAGSpec) {
        bench.planner.setPaused([spec.id], at: .noon)
        _ = bench.planner.step(at: .noon)
    }

    @Test func `a run that waits for somebody is at rest, though it may come too late`() throws {
        let spec = try Self.failing(runTimeout: .seconds(3600))
        var bench = try PlannerBench(spec)
        let first = try #require(bench.trigger().effects.orders.first)
        Self.pause(&bench, spec)
        #expect(!bench.planner.isAtRest)

        _ = bench.finish(first)

        #expect(bench.planner.isAtRest)
        #expect(bench.planner.heldRuns.map(\.reason) == ["dag fixture is paused"])
    }

    @Test(arguments: [false, true])
    func `a task that is tried again later goes on by itself unless its dag is paused`(isPaused: Bool) throws
    {
        let spec = try Self.failing(retries: 1)
        var bench = try PlannerBench(spec)
        let first = try #require(bench.trigger().effects.orders.first)
        if isPaused { Self.pause(&bench, spec) }

        _ = bench.finish(first, .failed(reason: "no luck", isRetryable: true, retryDelay: .seconds(300)))

        #expect(bench.planner.isAtRest == isPaused)
    }
}
