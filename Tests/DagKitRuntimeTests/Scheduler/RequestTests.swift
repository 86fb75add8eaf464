import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Testing

/// What people ask of a task that runs, with real processes.
@Suite struct RequestTests {
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

/// A scheduler with real workers, and one run of which a single task is left to run.
private struct RequestBench: Sendable {
    let home: ExecutorHome
    let store = InMemoryStore()
    let scheduler: Scheduler
    let run: RunKey
    private let task: TaskID

    init(task: TaskID) async throws {
        home = try ExecutorHome()
        self.task = task
        let now = Date().roundedToMicroseconds
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                executor: "local", start: now, heartbeat: now))
        configuration.stopGrace = .milliseconds(100)
        let spec = home.spec
        let made = DAGRun.manual(
            spec, runID: "mine", conf: ["file": .string(home.file(1))], by: "ada", at: now)
        var machine = RunMachine(creating: made, of: spec, actor: "ada")
        let others = TaskSelection(tasks: Set(spec.tasks.map(\.id)).subtracting([task]))
        _ = machine.advance(
            .mark(others.references(in: machine), .success, actor: "ada"), at: now)
        run = made.key
        if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .full) }
        scheduler = Scheduler(
            store: store, executor: home.executor(),
            deployment: Deployment(bundle: "test", specs: [spec], arePausedAtCreation: false),
            configuration: configuration)
    }

    func references(in machine: RunMachine) -> [InstanceRef] {
        TaskSelection(tasks: [task]).references(in: machine)
    }

    func ask(_ event: @Sendable (RunMachine) -> RunMachine.Event) async throws {
        let change = try await store.change(run, of: home.spec, at: Date().roundedToMicroseconds) {
            event($0)
        }
        #expect(change?.step.kills.count == 1)
        scheduler.poke()
    }

    func instance() async throws -> TaskInstance? {
        try await store.taskInstances(of: run).first { $0.taskID == task }
    }

    func waitForEnd() async throws {
        while try await store.snapshot(of: run)?.run.state.isFinished != true {
            try await BootTimeClock().sleep(for: .milliseconds(5))
        }
    }

    /// The process of the next attempt, which overwrites what the first one said.
    func secondProcess(after first: ProcessIdentity) async throws -> ProcessIdentity {
        while true {
            let next = try await home.process(of: 1)
            if next != first { return next }
            try await BootTimeClock().sleep(for: .milliseconds(5))
        }
    }
}
