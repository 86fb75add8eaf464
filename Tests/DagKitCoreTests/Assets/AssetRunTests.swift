import DagKitCore
import FoundationEssentials
import Testing

/// Updates by tasks, and the runs that the planner creates for them.
@Suite struct AssetRunTests {
    private static let prices = Asset("prices")
    private static let rates = Asset("rates")

    // MARK: Updates

    @Test func `a task that succeeds updates its outlets in the same batch, with what it tells`() throws {
        var machine = try Self.machine(options: TaskOptions(outlets: [Self.prices, Self.rates]))
        let outcome = Self.outcome(.success(nil), extras: ["prices": ["rows": 12], "other": ["no": 1]])

        _ = machine.advance(.finished(outcome), at: .noon + 5)
        let batch = machine.takeBatch()

        let source = TaskInstanceKey(machine.run.key, "load")
        #expect(
            batch?.assetUpdates == [
                AssetUpdate(Self.prices, at: .noon + 5, extra: ["rows": 12], source: source),
                AssetUpdate(Self.rates, at: .noon + 5, source: source),
            ])
        let event = batch?.events.first { $0.kind == .succeeded }
        #expect(event?.detail["asset_updates"]?[0] == ["uri": "prices", "extra": ["rows": 12]])
    }

    @Test(arguments: [
        AttemptOutcome.Verdict.skipped(reason: "no news"),
        .failed(reason: "exit 1", isRetryable: true, retryDelay: nil),
        .failed(reason: "exit 1", isRetryable: false, retryDelay: nil),
    ])
    func `a task that is skipped or fails updates nothing`(verdict: AttemptOutcome.Verdict) throws {
        var machine = try Self.machine(options: TaskOptions(retries: 1, outlets: [Self.prices]))

        _ = machine.advance(.finished(Self.outcome(verdict)), at: .noon + 5)

        #expect(machine.takeBatch()?.assetUpdates == [])
    }

    @Test func `a task that somebody marks a success updates nothing`() throws {
        var machine = try Self.machine(options: TaskOptions(outlets: [Self.prices]))
        let load = InstanceRef(task: 0, instance: 0)

        _ = machine.advance(.mark([load], .success, actor: "ana"), at: .noon + 5)
        _ = machine.advance(.finished(Self.outcome(.success(nil))), at: .noon + 6)

        #expect(machine[load].state == .success)
        #expect(machine.takeBatch()?.assetUpdates == [])
    }

    @Test func `an empty task updates its outlets when it is passed`() throws {
        struct Point: DAG {
            let configuration = DAGConfiguration("point")
            func build(_ dag: inout DAGBuilder) {
                dag.empty("done", options: TaskOptions(outlets: [AssetRunTests.prices]))
            }
        }
        let spec = try DAGSpec(Point())
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)

        _ = machine.advance(.start, at: .noon + 1)

        #expect(machine.takeBatch()?.assetUpdates.map(\.asset) == [Self.prices])
    }

    @Test func `each instance of a mapped task updates its outlets`() throws {
        struct Mapped: DAG {
            let configuration = DAGConfiguration("mapped")
            func build(_ dag: inout DAGBuilder) {
                let list = dag.task("list") { _ in [1, 2] }
                dag.map("load", over: list, options: TaskOptions(outlets: [AssetRunTests.prices])) {
                    _, item in item
                }
            }
        }
        let spec = try DAGSpec(Mapped())
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        var next = machine.advance(.start, at: .noon).ready
        var token: Int64 = 0
        while let reference = next.popLast() {
            token += 1
            _ = machine.advance(.dispatched([(reference, AttemptID(rawValue: token))]), at: .noon)
            let list = reference.task == 0 ? try EncodedOutput(encoding: [1, 2]) : nil
            let outcome = AttemptOutcome(
                attemptID: AttemptID(rawValue: token), key: machine[reference].key, tryNumber: 1,
                verdict: .success(list), startedAt: .noon, endedAt: .noon)
            next += machine.advance(.finished(outcome), at: .noon).ready
        }

        let sources = machine.takeBatch()?.assetUpdates.compactMap(\.source?.mapIndex)

        #expect(sources?.sorted() == [0, 1])
    }

    // MARK: Runs

    @Test func `a run is created once all assets of a condition are updated`() throws {
        var bench = try AssetBench(.assets(Self.prices & Self.rates))

        let early = bench.step(queue: ["prices": 1])
        let step = bench.step(queue: ["prices": 3, "rates": 2], through: 3)

        #expect(early.batches.isEmpty)
        let batch = try #require(step.batches.first)
        #expect(batch.run.runID == "asset_triggered__2023-11-14T22:13:21+00:00")
        #expect(batch.updatedRun.type == .assetTriggered)
        #expect(batch.updatedRun.logicalDate == .noon + 1)
        #expect(batch.updatedRun.dataInterval == DataInterval(start: .noon - 60, end: .noon))
        #expect(batch.consumption == AssetConsumption(uris: ["prices", "rates"], after: 0, through: 3))
        #expect(batch.events.first?.detail["asset_events"]?["through"] == 3)
        #expect(step.effects.orders.map(\.key.taskID) == ["a"])
    }

    @Test func `updates gather while the dag has as many runs as it may, and one run takes them all`() throws
    {
        var bench = try AssetBench(.assets(.any(Self.prices)), maxActiveRuns: 1)
        let first = bench.step(queue: ["prices": 1], through: 1)
        #expect(first.batches.count == 1)

        let waiting = bench.step(queue: ["prices": 5], after: 1, through: 5)
        #expect(waiting.batches.isEmpty)
        _ = bench.finish(first.effects.orders[0])
        let second = bench.step(queue: ["prices": 5], after: 1, through: 5)

        #expect(
            second.batches.map(\.consumption) == [AssetConsumption(uris: ["prices"], after: 1, through: 5)])
        #expect(bench.step(queue: [:]).batches.isEmpty)
    }

    @Test func `a paused dag has no run for its assets until it is unpaused`() throws {
        var bench = try AssetBench(.assets(.any(Self.prices)))
        bench.planner.setPaused(["follower"], at: .noon)
        #expect(bench.step(queue: ["prices": 1], through: 1).batches.isEmpty)

        bench.planner.setPaused([], at: .noon)

        #expect(bench.step(queue: ["prices": 1], through: 1).batches.count == 1)
    }

    @Test func `two runs for updates of one instant stand for instants of their own`() throws {
        var bench = try AssetBench(.assets(.any(Self.prices)))

        let runs = [1, 2].flatMap { number in
            bench.step(queue: ["prices": number], after: number - 1, through: number).batches
        }

        #expect(runs.map(\.updatedRun.logicalDate) == [.noon + 1, Date(microseconds: 1_700_000_001_000_001)])
    }

    @Test func `a dag by assets or time has runs of both kinds`() throws {
        var bench = try AssetBench(.assetsOrTime(.any(Self.prices), .every(.minutes(30))))

        let scheduled = bench.step(queue: [:])
        let triggered = bench.step(queue: ["prices": 1], through: 1)

        #expect(scheduled.batches.map(\.updatedRun.type) == [.scheduled])
        #expect(triggered.batches.map(\.updatedRun.type).contains(.assetTriggered))
    }

    // MARK: Fixtures

    private static func machine(options: TaskOptions) throws -> RunMachine {
        struct Loader: DAG {
            let options: TaskOptions
            let configuration = DAGConfiguration("loader")
            func build(_ dag: inout DAGBuilder) { dag.task("load", options: options) { _ in } }
        }
        let spec = try DAGSpec(Loader(options: options))
        var machine = RunMachine(
            creating: .manual(spec, runID: "run", by: "test", at: .noon), of: spec)
        _ = machine.advance(.start, at: .noon)
        let load = InstanceRef(task: 0, instance: 0)
        _ = machine.advance(.dispatched([(load, AttemptID(rawValue: 1))]), at: .noon)
        _ = machine.takeBatch()
        return machine
    }

    private static func outcome(
        _ verdict: AttemptOutcome.Verdict, extras: [String: JSONValue] = [:]
    ) -> AttemptOutcome {
        var outcome = AttemptOutcome(
            attemptID: AttemptID(rawValue: 1), key: TaskInstanceKey(RunKey("loader", "run"), "load"),
            tryNumber: 1, verdict: verdict, startedAt: .noon, endedAt: .noon + 5)
        outcome.assetExtras = extras
        return outcome
    }
}

/// A planner with one DAG that runs on assets.
private struct AssetBench {
    var planner = Planner(parallelism: 8)

    init(_ schedule: Schedule, maxActiveRuns: Int = 16) throws {
        let spec = try DAGSpec.fixture(
            "follower", schedule: schedule, startDate: "2023-11-14T21:00:00Z", maxActiveRuns: maxActiveRuns,
            tasks: [FixtureTask(id: "a", upstream: [])])
        planner.addTokens(1...100)
        planner.setPools([try Pool(Pool.defaultName, slots: 16)])
        planner.setDAGs([spec], paused: [], lastIntervals: [:], at: .noon)
    }

    /// One turn of a scheduler that finds this queue in its store.
    mutating func step(queue: [String: Int], after: Int = 0, through: Int = 0) -> Planner.Step {
        planner.setAssetQueue(queue.isEmpty ? [:] : ["follower": queue.mapValues(Int64.init)])
        for (id, _) in planner.dagsDueByAssets {
            let events = WaitingAssetEvents(
                after: Int64(after), through: Int64(through), latest: .noon + 1,
                dataInterval: DataInterval(start: .noon - 60, end: .noon))
            planner.take(events, for: id)
        }
        return planner.step(at: .noon + 2)
    }

    mutating func finish(_ order: AttemptOrder) -> Planner.Step {
        planner.take(
            AttemptOutcome(
                attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber,
                verdict: .success(nil),
                startedAt: .noon, endedAt: .noon), at: .noon + 2)
        return planner.step(at: .noon + 2)
    }
}
