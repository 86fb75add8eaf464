import DagKitCore
import FoundationEssentials
import Testing

@Suite struct PlannerWaitingTests {
    /// A planner with runs of one DAG, at one slot of the executor.
    private struct Bench {
        var planner = Planner(parallelism: 1)
        let specs: [DAGSpec]

        init(_ dags: [any DAG], pools: [Pool] = [], paused: Set<DAGID> = []) throws {
            specs = try dags.map { try DAGSpec($0) }
            planner.addTokens(1...1000)
            planner.setPools(try [Pool(Pool.defaultName, slots: 128)] + pools)
            planner.setDAGs(specs, paused: paused, lastIntervals: [:], at: .noon)
        }

        mutating func trigger(_ dag: Int = 0, _ number: Int = 1, at now: Date = .noon) {
            let run = DAGRun.manual(
                specs[dag], logicalDate: .noon + Double(number), runID: RunID("run\(number)"), by: "test",
                at: now)
            var machine = RunMachine(creating: run, of: specs[dag])
            _ = machine.takeBatch()
            planner.adopt(RunSnapshot(run: machine.run, instances: machine.instances), at: now)
        }

        func states(_ dag: Int = 0, _ number: Int = 1) -> [TaskState?] {
            planner.machine(of: RunKey(specs[dag].id, RunID("run\(number)")))?.instances.map(\.state) ?? []
        }
    }

    @Test func `waits hold no slot, however many there are`() throws {
        var bench = try Bench([Gates(count: 50), Busy()])
        bench.trigger(1)
        #expect(bench.planner.step(at: .noon).effects.orders.count == 1)

        bench.trigger()
        let step = bench.planner.step(at: .noon)

        #expect(step.effects.orders.isEmpty)
        #expect(bench.states().allSatisfy { $0 == .deferred })
        #expect(bench.planner.running.count == 1)
    }

    @Test func `thousands of waits cost one deadline, and nothing until it comes`() throws {
        var bench = try Bench([Gates(count: 2000)])
        for number in 1...5 { bench.trigger(0, number) }
        _ = bench.planner.step(at: .noon)

        let quiet = bench.planner.step(at: .noon + 30)
        #expect(quiet.batches.isEmpty && !bench.planner.hasMoreToDo)
        #expect(bench.planner.nextDeadline == .noon + 60)

        let due = bench.planner.step(at: .noon + 60)
        #expect(due.effects.finishedRuns.count == 5)
    }

    @Test func `a wait that ends well updates the outlets of its task`() throws {
        var bench = try Bench([Gates(count: 1, outlets: [Asset("gate")])])
        bench.trigger()
        let begun = bench.planner.step(at: .noon)

        let ended = bench.planner.step(at: .noon + 60)

        #expect(begun.batches.flatMap(\.assetUpdates) == [])
        #expect(ended.batches.flatMap(\.assetUpdates).map(\.asset.uri) == [Asset("gate").uri])
    }

    @Test func `a paused dag begins no wait`() throws {
        var bench = try Bench([Gates(count: 1)], paused: ["gates"])
        bench.trigger()
        _ = bench.planner.step(at: .noon)
        #expect(bench.states() == [nil])

        bench.planner.setPaused([], at: .noon)
        _ = bench.planner.step(at: .noon)

        #expect(bench.states() == [.deferred])
    }

    @Test func `a pool that counts deferred instances holds others back until they are done`() throws {
        var bench = try Bench(
            [Gates(count: 2, pool: "p")], pools: [Pool("p", slots: 1, includesDeferred: true)])
        bench.trigger()
        let step = bench.planner.step(at: .noon)
        #expect(bench.states() == [.deferred, .scheduled])
        #expect(step.batches[0].instances[1].reason == "waits for a slot of pool p (1 slots)")

        // The second one's instant has passed when it gets the slot: it is done at once.
        let due = bench.planner.step(at: .noon + 60)

        #expect(due.effects.finishedRuns.map(\.state) == [.success])
    }

    @Test func `a pool that does not count them lets them wait`() throws {
        var bench = try Bench([Gates(count: 2, pool: "p")], pools: [Pool("p", slots: 1)])
        bench.trigger()
        _ = bench.planner.step(at: .noon)
        #expect(bench.states() == [.deferred, .deferred])

        bench.planner.setPools(try [Pool("p", slots: 1, includesDeferred: true)])
        bench.trigger(0, 2)
        _ = bench.planner.step(at: .noon)

        #expect(bench.states(0, 2) == [.scheduled, .scheduled])
    }

    @Test func `who waits for a run is told of it when it changes, and of no other`() throws {
        var bench = try Bench([Follower(), Busy()])
        bench.trigger()
        let first = bench.planner.step(at: .noon)
        #expect(first.effects.looks.map(\.waiter.run.runID) == ["run1"], "it may have ended before")

        bench.trigger(1, 2)
        let other = bench.planner.step(at: .noon)
        #expect(other.effects.looks.isEmpty)
        bench.planner.take(
            AttemptOutcome(
                attemptID: other.effects.orders[0].attemptID, key: other.effects.orders[0].key, tryNumber: 1,
                verdict: .success(nil), startedAt: .noon, endedAt: .noon), at: .noon)
        #expect(bench.planner.step(at: .noon).effects.looks.isEmpty)

        bench.trigger(1, 1)
        let same = bench.planner.step(at: .noon)
        #expect(same.effects.looks.count == 1)
        let key = RunKey("busy", "run1")
        guard var run = bench.planner.machine(of: key)?.run, let look = same.effects.looks.first,
            case .runs(let wait) = look.awaited
        else {
            Issue.record("nobody looks")
            return
        }
        run.state = .success
        bench.planner.take(wait.verdict(on: [ExternalWait.Run(run)]), for: look, at: .noon)
        #expect(bench.planner.step(at: .noon).effects.finishedRuns.map(\.dagID) == ["follower"])
    }

    @Test func `what others write lets those look who wait for it`() throws {
        var bench = try Bench([Follower(), Busy()])
        bench.trigger()
        _ = bench.planner.step(at: .noon)

        bench.planner.tellWaiters(of: [
            RunEvent(.runSucceeded, run: RunKey("elsewhere", "x"), at: .noon, actor: "ada")
        ])
        #expect(bench.planner.step(at: .noon).effects.looks.isEmpty)
        bench.planner.tellWaiters(of: [
            RunEvent(.succeeded, run: RunKey("busy", "x"), at: .noon, taskID: "work", actor: "ada")
        ])
        #expect(bench.planner.step(at: .noon).effects.looks.isEmpty, "the run as a whole is waited for")
        bench.planner.tellWaiters(of: [
            RunEvent(.runSucceeded, run: RunKey("busy", "x"), at: .noon, actor: "ada")
        ])

        #expect(bench.planner.step(at: .noon).effects.looks.count == 1)
    }

    @Test func `who waits for an asset looks when it is updated, and for no other`() throws {
        var bench = try Bench([AssetReader(), Gates(count: 1, outlets: [Asset("prices")])])
        bench.trigger()
        #expect(bench.planner.awaitsAssets == false)
        let first = bench.planner.step(at: .noon)
        #expect(first.effects.looks.map(\.waiter.run.dagID) == ["asset_reader"], "it may be there already")

        bench.trigger(1)
        let begun = bench.planner.step(at: .noon)
        let updated = bench.planner.step(at: .noon + 60)
        #expect(begun.effects.looks.isEmpty)
        #expect(updated.effects.looks.count == 1)
        bench.planner.take(.success, for: updated.effects.looks[0], at: .noon + 60)
        let ended = bench.planner.step(at: .noon + 60)

        #expect(ended.effects.finishedRuns.map(\.dagID) == ["asset_reader"])
        #expect(!bench.planner.awaitsAssets)
    }
}

private struct AssetReader: DAG {
    var configuration = DAGConfiguration("asset_reader")
    func build(_ dag: inout DAGBuilder) { dag.task("wait", run: AssetSensor(Asset("prices"))) }
}

private struct Gates: DAG {
    var configuration = DAGConfiguration("gates")
    let count: Int
    var pool: String?
    var outlets: [Asset] = []

    init(count: Int, pool: String? = nil, outlets: [Asset] = []) {
        self.count = count
        self.pool = pool
        self.outlets = outlets
    }

    func build(_ dag: inout DAGBuilder) {
        for number in 0..<count {
            dag.task(
                TaskID("gate\(number)"), options: TaskOptions(pool: pool, outlets: outlets),
                run: DateTimeSensor { _ in .noon + 60 })
        }
    }
}

private struct Busy: DAG {
    var configuration = DAGConfiguration("busy")
    func build(_ dag: inout DAGBuilder) { dag.task("work") { _ in } }
}

private struct Follower: DAG {
    var configuration = DAGConfiguration("follower")
    func build(_ dag: inout DAGBuilder) { dag.task("wait", run: ExternalTaskSensor(run: "busy")) }
}
