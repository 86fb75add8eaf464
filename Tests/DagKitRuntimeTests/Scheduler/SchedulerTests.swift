import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Synchronization
import Testing

@Suite struct SchedulerTests {
    @Test func `a triggered run goes through its tasks, and values travel along the edges`() async throws {
        let bench = try SchedulerBench([Chain()])
        let key = try await bench.trigger()

        try await bench.scheduler.run()

        let snapshot = try #require(try await bench.store.snapshot(of: key))
        #expect(snapshot.run.state == .success)
        #expect(snapshot.instances.map(\.state) == [.success, .success, .success])
        let outputs = try await bench.store.outputs(of: "sum", key: XCom.returnValue, in: key)
        #expect(outputs.map(\.output.json) == ["6"])
    }

    @Test func `what is stored folds from the events`() async throws {
        let bench = try SchedulerBench([Chain()])
        let key = try await bench.trigger()

        try await bench.scheduler.run()

        let snapshot = try #require(try await bench.store.snapshot(of: key))
        let folded = try #require(
            RunSnapshot(folding: try await bench.store.events(of: key), of: bench.specs[0]))
        #expect(folded.instances == snapshot.instances)
        #expect(folded.run.state == snapshot.run.state)
    }

    @Test func `a mapped task runs once per element, and its outputs come back in order`() async throws {
        let bench = try SchedulerBench([Mapped()])
        let key = try await bench.trigger()

        try await bench.scheduler.run()

        let outputs = try await bench.store.outputs(of: "gathered", key: XCom.returnValue, in: key)
        #expect(outputs.map(\.output.json) == [#""BTC!,ETH!,XRP!""#])
        #expect(try await bench.store.taskInstances(of: key).count == 5)
    }

    @Test func `a task that throws fails its run with its reason, and the rest is upstream_failed`()
        async throws
    {
        let bench = try SchedulerBench([Failing()])
        let key = try await bench.trigger()

        try await bench.scheduler.run()

        let snapshot = try #require(try await bench.store.snapshot(of: key))
        #expect(snapshot.run.state == .failed)
        #expect(snapshot.instances.map(\.state) == [.failed, .upstreamFailed])
        #expect(snapshot.instances[0].reason == "the disk is on fire; call somebody")
    }

    @Test func `what runs when its run times out fails for that reason`() async throws {
        let bench = try SchedulerBench([Endless()])
        let key = try await bench.trigger()

        try await bench.scheduler.run()

        let snapshot = try #require(try await bench.store.snapshot(of: key))
        #expect(snapshot.run.state == .failed)
        #expect(snapshot.instances.map(\.state) == [.failed, .skipped])
        #expect(
            snapshot.instances[0].reason == "the run took longer than its dagrun_timeout of 0.05 seconds")
    }

    @Test(arguments: [true, false])
    func `a scheduler whose executor does not start ends when it is told to`(handsOver: Bool) async throws {
        let clock = SystemSchedulerClock()
        let executor = WaitingExecutor()
        let scheduler = Scheduler(
            store: InMemoryStore(), executor: executor,
            deployment: Deployment(bundle: "test", specs: [], arePausedAtCreation: false),
            configuration: Scheduler.Configuration(
                job: JobRecord(
                    type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                    executor: "waiting", start: clock.now, heartbeat: clock.now)))
        let run = Task { try await scheduler.run() }
        for await _ in executor.starts { break }

        if handsOver { scheduler.handOver() } else { scheduler.stop() }

        try await run.value
        #expect(executor.calls == [handsOver ? "hand over" : "abandon"])
    }

    @Test func `runs of many triggers end, each once`() async throws {
        let bench = try SchedulerBench([Chain()])
        for number in 1...50 { try await bench.trigger(number) }

        try await bench.scheduler.run()

        let runs = try await bench.store.runs(RunQuery(dagID: "chain"))
        #expect(runs.count == 50)
        #expect(runs.allSatisfy { $0.state == .success })
    }

    @Test func `a poke makes a run start that another process created`() async throws {
        let bench = try SchedulerBench([Chain()], endsWhenIdle: false)
        let running = Task { try await bench.scheduler.run() }
        let key = try await bench.trigger()

        bench.scheduler.poke()
        while try await bench.store.snapshot(of: key)?.run.state.isFinished != true { await Task.yield() }
        bench.scheduler.stop()
        try await running.value

        #expect(try await bench.store.jobs(type: "SchedulerJob", limit: 1).first?.state == "success")
    }

    @Test func `a retry follows when its delay has passed and not before`() async throws {
        let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))
        let bench = try SchedulerBench([Flaky()], endsWhenIdle: false, clock: clock)
        let key = try await bench.trigger()
        let running = Task { try await bench.scheduler.run() }

        func state() async throws -> TaskState? { try await bench.store.taskInstances(of: key).first?.state }
        while try await state() != .upForRetry { await Task.yield() }
        clock.advance(by: 59)
        #expect(try await state() == .upForRetry)
        clock.advance(by: 2)
        while try await state() != .success { await Task.yield() }
        bench.scheduler.stop()
        try await running.value

        #expect(try await bench.store.history(of: key).map(\.tryNumber) == [1])
    }
}

private struct Chain: DAG {
    var configuration = DAGConfiguration("chain")

    func build(_ dag: inout DAGBuilder) {
        let one = dag.task("one") { _ in [1, 2] }
        let two = dag.task("two", after: one) { _ in 3 }
        dag.task("sum", reading: one, two) { _, one, two in one.reduce(two, +) }
    }
}

private struct Mapped: DAG {
    var configuration = DAGConfiguration("mapped")

    func build(_ dag: inout DAGBuilder) {
        let symbols = dag.task("symbols") { _ in ["BTC", "ETH", "XRP"] }
        let prices = dag.map("price", over: symbols) { _, symbol in symbol + "!" }
        dag.task("gathered", reading: prices) { _, prices in prices.joined(separator: ",") }
    }
}

private struct Failing: DAG {
    var configuration = DAGConfiguration("failing")

    func build(_ dag: inout DAGBuilder) {
        let bad = dag.task("bad") { _ -> Int in
            throw TaskFailure.noRetry("the disk is on fire", remedy: "call somebody")
        }
        dag.task("after", after: bad) { _ in 1 }
    }
}

private struct Flaky: DAG {
    var configuration = DAGConfiguration(
        "flaky", defaults: TaskDefaults(retries: 1, retryDelay: .seconds(60)))

    func build(_ dag: inout DAGBuilder) {
        dag.task("flaky") { context in
            if context.tryNumber == 1 {
                throw TaskFailure.retry(after: .seconds(60), "not yet", remedy: "wait")
            }
        }
    }
}

private struct Endless: DAG {
    let configuration = DAGConfiguration(
        "endless", runTimeout: .milliseconds(50), defaults: TaskDefaults(retries: 3))

    func build(_ dag: inout DAGBuilder) {
        let wait = dag.task("wait") { _ in try await Task.sleep(for: .seconds(600)) }
        dag.task("after", after: wait) { _ in }
    }
}

/// An executor that waits for ever at its start.
private final class WaitingExecutor: Executor {
    let capacity = 1
    let starts: AsyncStream<Void>
    private let started: AsyncStream<Void>.Continuation
    private let log = Mutex<[String]>([])

    /// What it was told.
    var calls: [String] { log.withLock(\.self) }

    init() { (starts, started) = AsyncStream.makeStream() }

    func start() async throws -> AsyncStream<ExecutorEvent> {
        started.yield()
        try await Task.sleep(for: .seconds(3600))
        return AsyncStream { $0.finish() }
    }

    func dispatch(_ orders: [AttemptOrder]) async {}

    func kill(_ attempt: AttemptID, reason: String) async {}

    func acknowledge(_ attempts: [AttemptID]) async {}

    func stop(grace: Duration) async { log.withLock { $0.append("stop") } }

    func abandon(grace: Duration) async { log.withLock { $0.append("abandon") } }

    func handOver() async { log.withLock { $0.append("hand over") } }
}
