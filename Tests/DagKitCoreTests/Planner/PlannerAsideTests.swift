import DagKitCore
import FoundationEssentials
import Testing

/// Attempts that run of runs which a planner does not follow.
@Suite struct PlannerAsideTests {
    @Test func `what a run holds that is set aside is free when its attempt ends`() throws {
        let spec = try DAGSpec.fixture(
            maxActiveRuns: 1, tasks: [FixtureTask(id: "a", upstream: [], pool: "one")])
        var bench = try PlannerBench(spec, pools: [Pool("one", slots: 1)])
        let first = try #require(bench.trigger().effects.orders.first)

        bench.planner.setAside(first.key.run)
        let second = bench.trigger()

        #expect(second.effects.orders.isEmpty)
        #expect(second.batches.last?.updatedRun.state == .queued)
        #expect(!bench.planner.isAtRest)
        #expect(bench.finish(first).effects.orders.map(\.key.run.runID) == ["run2"])
    }

    @Test func `a run that is set aside and has nothing running holds nothing`() throws {
        let spec = try DAGSpec.fixture(maxActiveRuns: 1, tasks: [FixtureTask(id: "a", upstream: [])])
        var bench = try PlannerBench(spec)
        let first = bench.trigger(decides: false)
        #expect(first.batches.isEmpty)

        bench.planner.setAside(RunKey(spec.id, "run1"))

        #expect(bench.planner.isAtRest || bench.planner.hasMoreToDo)
        #expect(bench.trigger().effects.orders.map(\.key.run.runID) == ["run2"])
    }

    @Test func `a run that is taken anew holds its slots once`() throws {
        let spec = try DAGSpec.fixture(tasks: [
            FixtureTask(id: "a", upstream: [], weight: 2, pool: "two"),
            FixtureTask(id: "b", upstream: [], pool: "two"),
        ])
        var bench = try PlannerBench(spec, pools: [Pool("two", slots: 1)])
        let first = try #require(bench.trigger().effects.orders.first)
        let machine = try #require(bench.planner.machine(of: first.key.run))

        bench.planner.setAside(first.key.run)
        bench.planner.adopt(RunSnapshot(run: machine.run, instances: machine.instances), at: .noon)

        #expect(bench.planner.running.count == 1)
        #expect(bench.planner.step(at: .noon).effects.orders.isEmpty)
        #expect(bench.finish(first).effects.orders.map(\.key.taskID) == ["b"])
    }

    @Test func `attempts of a dag that is not known count against pools`() throws {
        let known = try DAGSpec.fixture(tasks: [FixtureTask(id: "a", upstream: [], pool: "one")])
        let gone = try DAGSpec.fixture("gone", tasks: [FixtureTask(id: "a", upstream: [], pool: "one")])
        var bench = try PlannerBench(known, and: [gone], pools: [Pool("one", slots: 1)])
        let order = try #require(bench.trigger(gone).effects.orders.first)
        let machine = try #require(bench.planner.machine(of: order.key.run))
        var after = try PlannerBench(known, pools: [Pool("one", slots: 1)])

        after.planner.adopt(RunSnapshot(run: machine.run, instances: machine.instances), at: .noon)

        #expect(after.trigger().effects.orders.isEmpty)
        #expect(after.finish(order).effects.orders.map(\.key.run.dagID) == [known.id])
    }

    @Test func `a dag that comes back counts what went on of it`() throws {
        let spec = try DAGSpec.fixture(
            maxActiveRuns: 1, maxActiveTasks: 1,
            tasks: [FixtureTask(id: "a", upstream: [], weight: 2), FixtureTask(id: "b", upstream: [])])
        var bench = try PlannerBench(spec)
        let first = try #require(bench.trigger().effects.orders.first)

        bench.planner.setDAGs([], paused: [], lastIntervals: [:], at: .noon)
        _ = bench.planner.step(at: .noon)
        bench.planner.setDAGs([spec], paused: [], lastIntervals: [:], at: .noon)

        #expect(bench.trigger().effects.orders.isEmpty)
        let second = bench.finish(first).effects.orders
        #expect(second.map(\.key.taskID) == ["b"])
        #expect(second.map(\.key.run) == [first.key.run])
    }
}
