import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Testing

/// Tasks that wait for an asset or for another DAG, through the scheduler.
@Suite struct AssetWaitTests {
    private let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))

    private func state(_ bench: SchedulerBench, _ run: RunKey) async throws -> RunState? {
        try await bench.store.snapshot(of: run)?.run.state
    }

    private func task(_ bench: SchedulerBench, _ run: RunKey) async throws -> TaskInstance? {
        try await bench.store.taskInstances(of: run).first
    }

    /// Runs a scheduler while `body` goes on.
    private func scheduling(
        _ bench: SchedulerBench, _ body: (RunKey) async throws -> Void
    ) async throws {
        let running = Task { try await bench.scheduler.run() }
        while try await bench.store.dag(bench.specs[0].id) == nil { await Task.yield() }
        let run = try await bench.trigger()
        bench.scheduler.poke()
        try await body(run)
        bench.scheduler.stop()
        try await running.value
    }

    @Test func `the update of a task ends the wait with its commit, and no attempt is made`() async throws {
        let bench = try SchedulerBench([Reader(), Loader()], endsWhenIdle: false, clock: clock)

        try await scheduling(bench) { run in
            while try await task(bench, run)?.state != .deferred { await Task.yield() }
            let loading = DAGRun.manual(bench.specs[1], by: "test", at: clock.now)
            var machine = RunMachine(creating: loading, of: bench.specs[1], actor: "test")
            _ = try await bench.store.commit([machine.takeBatch()].compactMap { $0 }, durability: .full)
            bench.scheduler.poke()
            while try await state(bench, run) != .success { await Task.yield() }

            let events = try await bench.store.events(of: run)
            #expect(events.filter { $0.taskID == "wait" }.map(\.kind) == [.scheduled, .deferred, .succeeded])
            #expect(
                events.first { $0.kind == .deferred }?.reason
                    == "waits for an update of asset prices since 2023-11-14T22:13:20+00:00")
        }
    }

    @Test func `an update from outside ends the wait once the scheduler is poked`() async throws {
        let bench = try SchedulerBench([Reader()], endsWhenIdle: false, clock: clock)

        try await scheduling(bench) { run in
            while try await task(bench, run)?.state != .deferred { await Task.yield() }
            _ = try await bench.store.recordAssetUpdate(AssetUpdate(prices, at: clock.now), by: "ana")
            bench.scheduler.poke()
            while try await state(bench, run) != .success { await Task.yield() }
        }
    }

    @Test func `an update that was made before the wait counts, an older one does not`() async throws {
        let bench = try SchedulerBench([Reader()], endsWhenIdle: false, clock: clock)
        _ = try await bench.store.recordAssetUpdate(AssetUpdate(prices, at: clock.now - 1), by: "ana")

        try await scheduling(bench) { run in
            while try await task(bench, run)?.state != .deferred { await Task.yield() }
            _ = try await bench.store.recordAssetUpdate(AssetUpdate(Asset("rates"), at: clock.now), by: "ana")
            clock.advance(by: 1)
            let second = try await bench.trigger(2)
            bench.scheduler.poke()
            while try await task(bench, second)?.state != .deferred { await Task.yield() }
            #expect(try await task(bench, run)?.state == .deferred)

            clock.advance(by: 1)
            _ = try await bench.store.recordAssetUpdate(AssetUpdate(prices, at: clock.now), by: "ana")
            let third = try await bench.trigger(3)
            bench.scheduler.poke()
            for run in [run, second, third] {
                while try await state(bench, run) != .success { await Task.yield() }
            }
        }
    }

    @Test(arguments: [SensorOptions.Mode.poke, .reschedule])
    func `an attempt that looks by itself sees the update`(mode: SensorOptions.Mode) async throws {
        let bench = try SchedulerBench([Looker(mode: mode)])
        _ = try await bench.store.recordAssetUpdate(
            AssetUpdate(prices, at: Date().roundedToMicroseconds + 60), by: "ana")
        let run = try await bench.trigger()

        try await bench.scheduler.run()

        #expect(try await state(bench, run) == .success)
        #expect(try await bench.store.events(of: run).contains { $0.kind == .running })
    }

    @Test(arguments: [
        ("missing", "work", "dag missing does not exist"), ("loader", "lode", "dag loader has no task lode"),
    ])
    func `who checks that a task exists fails at once where it does not`(
        dag: String, task: String, reason: String
    ) async throws {
        let follower = Follower(dag: DAGID(dag), task: TaskID(task), checks: true)
        let bench = try SchedulerBench([follower, Loader()])
        let run = try await bench.trigger()

        try await bench.scheduler.run()

        let instance = try await self.task(bench, run)
        #expect(instance?.state == .failed)
        #expect(instance?.reason == reason)
    }

    @Test func `who does not check waits for a dag that may come`() async throws {
        let bench = try SchedulerBench(
            [Follower(dag: "missing", task: "work", checks: false)], endsWhenIdle: false, clock: clock)

        try await scheduling(bench) { run in
            while try await task(bench, run)?.state != .deferred { await Task.yield() }
        }
    }

    @Test func `a rehearsal sees the end of what its tasks wait for`() async throws {
        let store = InMemoryStore()
        let spec = try Reader().spec
        let rehearsal = Rehearsal(
            services: TaskServices(metadata: StoreTaskMetadata(store)), now: { Date().roundedToMicroseconds },
            makeLogger: { _ in TaskLogger { _, _, _ in } })

        let snapshot = try await rehearsal.run(.manual(spec, by: "test", at: Date()), of: spec) { event in
            guard event.kind == .deferred else { return }
            _ = try? await store.recordAssetUpdate(AssetUpdate(prices, at: event.at + 1), by: "ana")
        }

        #expect(snapshot.run.state == .success)
    }
}

private let prices = Asset("prices")

private struct Loader: DAG {
    let configuration = DAGConfiguration("loader")
    func build(_ dag: inout DAGBuilder) {
        dag.task("load", options: TaskOptions(outlets: [prices])) { _ in }
    }
}

private struct Reader: DAG {
    let configuration = DAGConfiguration("reader")
    func build(_ dag: inout DAGBuilder) {
        let wait = dag.task("wait", run: AssetSensor(prices, since: { run in run.queuedAt }))
        dag.task("read", after: wait) { _ in }
    }
}

private struct Looker: DAG {
    let configuration = DAGConfiguration("looker")
    let mode: SensorOptions.Mode
    func build(_ dag: inout DAGBuilder) {
        dag.task("wait", run: AssetSensor(prices, looking: SensorOptions(mode: mode)))
    }
}

private struct Follower: DAG {
    let configuration = DAGConfiguration("follower")
    let dag: DAGID
    let task: TaskID
    let checks: Bool
    func build(_ builder: inout DAGBuilder) {
        builder.task("wait", run: ExternalTaskSensor(dag, tasks: [task], checkExistence: checks))
    }
}
