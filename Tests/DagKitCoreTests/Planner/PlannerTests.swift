import DagKitCore
import FoundationEssentials
import Testing

@Suite struct PlannerTests {
    @Test func `a due interval becomes a run whose first task is dispatched in the same step`() throws {
        var bench = try PlannerBench(
            .fixture(
                schedule: .every(.minutes(30)), startDate: "2023-11-14T22:00:00Z",
                tasks: [FixtureTask(id: "a", upstream: [])]))

        let early = bench.planner.step(at: .noon)
        let step = bench.planner.step(at: .noon + 1800)

        #expect(early.batches.isEmpty)
        #expect(step.batches.map(\.run.runID) == ["scheduled__2023-11-14T22:00:00+00:00"])
        #expect(step.effects.orders.map(\.key.taskID) == ["a"])
    }

    @Test func `the next deadline is the next planned run`() throws {
        var bench = try PlannerBench(
            .fixture(
                schedule: .hourly, startDate: "2023-11-14T22:00:00Z",
                tasks: [FixtureTask(id: "a", upstream: [])]))

        _ = bench.planner.step(at: .noon)

        #expect(bench.planner.nextDeadline == (try Date(isoText: "2023-11-14T23:00:00Z")))
    }

    @Test func `runs of no length that follow each other start at most once a second`() throws {
        var bench = try PlannerBench(
            .fixture(
                schedule: .continuous, startDate: "2023-11-14T22:00:00Z",
                tasks: [FixtureTask(id: "a", upstream: [], isEmpty: true)]))
        var now = Date.noon
        var runs: [DAGRun] = []

        for _ in 0..<1000 {
            guard now < .noon + 10 else { break }
            runs += bench.planner.step(at: now).effects.finishedRuns
            if !bench.planner.hasMoreToDo { now = try #require(bench.planner.nextDeadline) }
        }

        #expect(runs.map { $0.queuedAt.timeIntervalSince(.noon) } == (0..<10).map(Double.init))
        #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.dataInterval?.end == $1.dataInterval?.start })
    }

    @Test func `heavier tasks go first, and no more run than may`() throws {
        var bench = try PlannerBench(
            .fixture(tasks: [
                FixtureTask(id: "light", upstream: [], weight: 1),
                FixtureTask(id: "heavy", upstream: [], weight: 9),
                FixtureTask(id: "middle", upstream: [], weight: 5),
            ]), parallelism: 2)

        let step = bench.trigger()

        #expect(step.effects.orders.map(\.key.taskID).sorted() == ["heavy", "middle"])
    }

    @Test func `a task that waits for its pool says so and goes when a slot is free`() throws {
        var bench = try PlannerBench(
            .fixture(tasks: [
                FixtureTask(id: "a", upstream: [], weight: 2, pool: "one"),
                FixtureTask(id: "b", upstream: [], pool: "one"),
            ]), pools: [Pool("one", slots: 1)])
        let first = bench.trigger()
        #expect(first.effects.orders.map(\.key.taskID) == ["a"])
        let waiting = first.batches[0].instances.first { $0.taskID == "b" }
        #expect(waiting?.reason == "waits for a slot of pool one (1 slots)")

        let second = bench.finish(first.effects.orders[0])

        #expect(second.effects.orders.map(\.key.taskID) == ["b"])
    }

    @Test func `what one slot of a pool costs that becomes free does not grow with those that wait`() throws {
        let tasks = (0..<400).map { FixtureTask(id: "t\($0)", upstream: [], pool: "one") }
        var bench = try PlannerBench(
            .fixture(maxActiveTasks: 1000, tasks: tasks), pools: [Pool("one", slots: 2)])
        var open = bench.trigger().effects.orders
        var done = 0

        while let order = open.popLast() {
            done += 1
            open += bench.finish(order).effects.orders
        }

        #expect(done == 400)
        #expect(bench.planner.consideredCandidates < 4 * 400)
    }

    @Test func `a task runs no more instances than it may, and the next one follows`() throws {
        var draft = GraphDraft(configuration: DAGConfiguration("limited"))
        draft.tasks = ["a", "b"].map { id in
            TaskDraft(
                id: TaskID(id), edges: [], options: TaskOptions(maxActiveInstances: id == "a" ? 1 : nil),
                operatorName: "Fixture", work: TaskWork { _ in nil },
                location: SourceLocation(file: "Fixture.swift", line: 1))
        }
        var bench = try PlannerBench(DAGSpec(draft, zones: TimeZones()))
        let first = bench.trigger()
        #expect(first.effects.orders.map(\.key.taskID).sorted() == ["a", "b"])

        let second = bench.trigger()
        #expect(second.effects.orders.map(\.key.taskID) == ["b"])
        let waiting = second.batches.flatMap(\.instances).first { $0.taskID == "a" && $0.state == .scheduled }
        #expect(waiting?.reason == "waits for another instance of task a to end (max_active_tis_per_dag)")
        let third = bench.finish(try #require(first.effects.orders.first { $0.key.taskID == "a" }))

        #expect(third.effects.orders.map(\.key.taskID) == ["a"])
    }

    @Test func `max_active_tasks holds back one dag and not the others`() throws {
        let narrow = try DAGSpec.fixture(
            "narrow", maxActiveTasks: 1,
            tasks: [FixtureTask(id: "a", upstream: []), FixtureTask(id: "b", upstream: [])])
        let other = try DAGSpec.fixture("other", tasks: [FixtureTask(id: "c", upstream: [])])
        var bench = try PlannerBench(narrow, and: [other])

        _ = bench.trigger(narrow, decides: false)
        let step = bench.trigger(other)

        #expect(step.effects.orders.map(\.key.taskID).sorted() == ["a", "c"])
    }

    @Test func `a second run waits while max_active_runs are active and starts when one ends`() throws {
        var bench = try PlannerBench(.fixture(maxActiveRuns: 1, tasks: [FixtureTask(id: "a", upstream: [])]))
        let first = bench.trigger()
        let second = bench.trigger()
        #expect(second.effects.orders.isEmpty)

        var step = bench.finish(first.effects.orders[0])
        while bench.planner.hasMoreToDo { step = bench.planner.step(at: .noon) }

        #expect(step.effects.orders.count == 1)
        #expect(step.effects.orders[0].key.run != first.effects.orders[0].key.run)
    }

    @Test func `a run that waits starts too when somebody else ends the one before`() throws {
        var bench = try PlannerBench(.fixture(maxActiveRuns: 1, tasks: [FixtureTask(id: "a", upstream: [])]))
        let first = bench.trigger().effects.orders[0]
        #expect(bench.trigger().effects.orders.isEmpty)

        var machine = try #require(bench.planner.machine(of: first.key.run))
        _ = machine.advance(.markRun(.success, actor: "ada"), at: .noon)
        _ = machine.advance(
            .finished(
                AttemptOutcome(
                    attemptID: first.attemptID, key: first.key, tryNumber: 1, verdict: .success(nil),
                    startedAt: .noon, endedAt: .noon)), at: .noon)
        bench.planner.adopt(RunSnapshot(run: machine.run, instances: machine.instances), at: .noon)
        let step = bench.planner.step(at: .noon)

        #expect(machine.run.state == .success)
        #expect(step.effects.orders.map(\.key.run.runID) == ["run2"])
    }

    @Test func `a paused dag starts nothing until it is unpaused`() throws {
        var bench = try PlannerBench(.fixture(tasks: [FixtureTask(id: "a", upstream: [])]))
        bench.planner.setPaused(["fixture"], at: .noon)
        let held = bench.trigger()
        #expect(held.effects.orders.isEmpty)

        bench.planner.setPaused([], at: .noon)
        let step = bench.planner.step(at: .noon)

        #expect(step.effects.orders.map(\.key.taskID) == ["a"])
    }

    @Test func `a dag that is unpaused and deployed at once goes on with what it held back`() throws {
        let dag = try DAGSpec.fixture(tasks: [FixtureTask(id: "a", upstream: [])])
        var bench = try PlannerBench(dag)
        bench.planner.setPaused(["fixture"], at: .noon)
        _ = bench.trigger()

        bench.planner.setDAGs([dag], paused: [], lastIntervals: [:], at: .noon)
        let step = bench.planner.step(at: .noon)

        #expect(step.effects.orders.map(\.key.taskID) == ["a"])
    }

    @Test func `a limit that a deployment raises holds for what waited for it`() throws {
        let tasks = ["a", "b", "c"].map { FixtureTask(id: $0, upstream: []) }
        var bench = try PlannerBench(.fixture(maxActiveTasks: 1, tasks: tasks))
        #expect(bench.trigger().effects.orders.count == 1)

        try bench.planner.setDAGs(
            [.fixture(maxActiveTasks: 3, tasks: tasks)], paused: [], lastIntervals: [:], at: .noon)
        let step = bench.planner.step(at: .noon)

        #expect(step.effects.orders.count == 2)
    }

    @Test func `a dag pauses itself with the last of too many failed runs in a row`() throws {
        var bench = try PlannerBench(
            .fixture(maxConsecutiveFailedRuns: 2, tasks: [FixtureTask(id: "a", upstream: [])]))
        func fail() -> Planner.Step {
            bench.finish(
                bench.trigger().effects.orders[0],
                .failed(reason: "no", isRetryable: false, retryDelay: nil))
        }

        #expect(fail().batches.map(\.pausesDAG) == [false])
        #expect(bench.finish(bench.trigger().effects.orders[0]).batches.map(\.pausesDAG) == [false])
        #expect(fail().batches.map(\.pausesDAG) == [false])
        let last = fail()

        #expect(last.batches.map(\.pausesDAG) == [true])
        #expect(last.effects.pausedDAGs == ["fixture"])
        #expect(bench.trigger().effects.orders.isEmpty)
    }

    @Test func `an attempt that is gone after a restart goes again under the same try`() throws {
        var bench = try PlannerBench(.fixture(tasks: [FixtureTask(id: "a", upstream: [])]))
        let order = bench.trigger().effects.orders[0]

        bench.planner.reconcile(alive: [], at: .noon)
        let step = bench.planner.step(at: .noon)

        #expect(step.effects.orders.map(\.key) == [order.key])
        #expect(step.effects.orders.map(\.tryNumber) == [1])
        #expect(step.effects.orders[0].attemptID != order.attemptID)
    }

    @Test func `conf overrides params`() throws {
        var bench = try PlannerBench(.fixture(tasks: [FixtureTask(id: "a", upstream: [])]))

        let step = bench.trigger(conf: ["limit": 5])

        #expect(step.effects.orders[0].params == ["limit": 5])
    }
}
