import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Synchronization
import Testing

/// What a scheduler finds in the store and cannot act on, turn by turn.
@Suite struct StrangerTests {
    private let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))
    private let store = InMemoryStore()
    private let executor = IdleExecutor()
    private let lines = LoopLines()

    private func loop() -> SchedulerLoop {
        let configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                executor: "recording", start: clock.now, heartbeat: clock.now))
        return SchedulerLoop(
            store: store, executor: executor, clock: clock, configuration: configuration,
            log: SchedulerLog { [lines] _, line, _ in lines.add(line) })
    }

    private func deployment(_ specs: [DAGSpec]) -> Deployment {
        Deployment(bundle: "test", specs: specs, arePausedAtCreation: false)
    }

    @Test func `what an attempt of an unknown dag reports is kept until the dag is loaded, and stored then`()
        async throws
    {
        let spec = try Work().spec
        let attempt = AttemptID(rawValue: 1)
        var machine = RunMachine(creating: .manual(spec, by: "test", at: clock.now), of: spec)
        _ = machine.advance(.start, at: clock.now)
        _ = machine.advance(.dispatched([(InstanceRef(task: 0, instance: 0), attempt)]), at: clock.now)
        _ = try await store.commit([machine.takeBatch()].compactMap { $0 }, durability: .full)
        let outcome = AttemptOutcome(
            attemptID: attempt, key: machine.instances[0].key, tryNumber: 1, verdict: .success(nil),
            startedAt: clock.now, endedAt: clock.now)
        var loop = loop()
        try await loop.open(deployment([]))
        try await loop.adoptRuns()

        try await loop.turn([.executor(.adopted([attempt])), .executor(.finished(outcome))])
        try await loop.turn([.poke])
        #expect(executor.acknowledged.isEmpty)
        #expect(executor.killed.isEmpty)
        #expect(
            lines.all.contains(
                "1 open runs wait: their dags are not loaded here (work), and until they are, no timeout of these runs is kept"
            ))
        try await loop.turn([.deployment(deployment([spec]))])

        #expect(Set(executor.acknowledged) == [attempt])
        #expect(try await store.snapshot(of: machine.run.key)?.run.state == .success)
    }

    /// A run of a DAG that no scheduler below knows, whose one task runs as attempt 1.
    private func runningStranger() async throws -> RunMachine {
        let spec = try Work().spec
        try await store.register(
            [DAGRecord(spec, bundle: "test", isPaused: false)], bundle: "test", at: clock.now)
        var machine = RunMachine(creating: .manual(spec, by: "test", at: clock.now), of: spec)
        _ = machine.advance(.start, at: clock.now)
        _ = machine.advance(
            .dispatched([(InstanceRef(task: 0, instance: 0), AttemptID(rawValue: 1))]), at: clock.now)
        _ = try await store.commit([machine.takeBatch()].compactMap { $0 }, durability: .full)
        return machine
    }

    /// Asks for something as a command does that has nothing but the stored structure.
    private func ask(_ machine: RunMachine, _ event: RunMachine.Event) async throws {
        let version = try await store.version(of: "work", hash: machine.run.structureHash)
        let spec = try #require(version.flatMap { DAGSpec($0) })
        _ = try await store.change(machine.run.key, of: spec, at: clock.now) { _ in event }
    }

    private func only(of machine: RunMachine) async throws -> TaskInstance? {
        try await store.snapshot(of: machine.run.key)?.instances.first
    }

    private func outcome(of machine: RunMachine, _ verdict: AttemptOutcome.Verdict) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: AttemptID(rawValue: 1), key: machine.instances[0].key, tryNumber: 1, verdict: verdict,
            startedAt: clock.now, endedAt: clock.now)
    }

    @Test(arguments: [true, false])
    func `what somebody marks of an unknown dag is ended, before the start or after it`(
        isBefore: Bool
    ) async throws {
        let attempt = AttemptID(rawValue: 1)
        let machine = try await runningStranger()
        let mark = RunMachine.Event.mark([InstanceRef(task: 0, instance: 0)], .failed, actor: "ana")
        if isBefore { try await ask(machine, mark) }
        var loop = loop()
        try await loop.open(deployment([]))
        try await loop.adoptRuns()
        try await loop.turn([.executor(.adopted([attempt]))])
        if !isBefore {
            #expect(executor.killed.isEmpty)
            try await ask(machine, mark)
            try await loop.turn([.poke])
        }
        #expect(executor.killed == [attempt])
        #expect(try await only(of: machine)?.state == .running)

        let ended = outcome(of: machine, .failed(reason: "marked", isRetryable: false, retryDelay: nil))
        try await loop.turn([.executor(.finished(ended))])

        #expect(try await only(of: machine)?.state == .failed)
        #expect(try await only(of: machine)?.reason == "marked failed by ana")
        #expect(Set(executor.acknowledged) == [attempt])
    }

    @Test func `a task of an unknown dag that is cleared ends, and starts anew once its dag is loaded`()
        async throws
    {
        let attempt = AttemptID(rawValue: 1)
        let machine = try await runningStranger()
        var loop = loop()
        try await loop.open(deployment([]))
        try await loop.adoptRuns()
        try await loop.turn([.executor(.adopted([attempt]))])

        try await ask(machine, .clear([InstanceRef(task: 0, instance: 0)], actor: "ana"))
        try await loop.turn([.poke])
        let ended = outcome(of: machine, .failed(reason: "cleared", isRetryable: false, retryDelay: nil))
        try await loop.turn([.executor(.finished(ended))])
        try await loop.turn([.poke])

        #expect(executor.killed == [attempt])
        #expect(Set(executor.acknowledged) == [attempt])
        #expect(executor.orders.isEmpty)
        try await loop.turn([.deployment(deployment([try Work().spec]))])
        #expect(executor.orders.map(\.key.taskID) == ["only"])
    }

    @Test func `a task of an unknown dag that died before somebody marked it is as it was marked`()
        async throws
    {
        let machine = try await runningStranger()
        var loop = loop()
        try await loop.open(deployment([]))
        try await loop.adoptRuns()
        try await loop.turn([.executor(.adopted([]))])

        try await ask(machine, .mark([InstanceRef(task: 0, instance: 0)], .success, actor: "ana"))
        try await loop.turn([.poke])

        #expect(try await only(of: machine)?.state == .success)
        #expect(executor.killed.isEmpty)
    }

    @Test func `a scheduled run whose date another run has is told of, and the next one follows`()
        async throws
    {
        let spec = try Hourly().spec
        var loop = loop()
        try await loop.open(deployment([spec]))
        try await loop.adoptRuns()
        try await loop.turn([.executor(.adopted([]))])
        let taken = try Date(isoText: "2023-11-14T22:00:00Z")
        let other = DAGRun.manual(spec, logicalDate: taken, runID: "mine", by: "ana", at: clock.now)
        var machine = RunMachine(creating: other, of: spec, actor: "ana")
        _ = try await store.commit([machine.takeBatch()].compactMap { $0 }, durability: .full)

        clock.advance(by: 3600)
        try await loop.turn([.alarm])
        clock.advance(by: 3600)
        try await loop.turn([.alarm])

        #expect(
            lines.all.contains(
                "dag hourly gets no scheduled run for 2023-11-14T22:00:00+00:00: run mine has that date already"
            ))
        let runs = try await store.runs(RunQuery(dagID: "hourly"))
        #expect(runs.map(\.runID).contains("scheduled__2023-11-14T23:00:00+00:00"))
        #expect(!runs.map(\.runID).contains("scheduled__2023-11-14T22:00:00+00:00"))
    }
}

private struct Work: DAG {
    let configuration = DAGConfiguration("work")
    func build(_ dag: inout DAGBuilder) { dag.task("only") { _ in } }
}

private struct Hourly: DAG {
    let configuration = DAGConfiguration(
        "hourly", schedule: .hourly, startDate: "2023-11-14T22:00:00Z", catchup: .all)
    func build(_ dag: inout DAGBuilder) { dag.task("only") { _ in } }
}
