import DagKitCore
import DagKitRuntime
import DagKitSystem
import DagKitTesting
import FoundationEssentials
import Synchronization
import Testing

@Suite(.serialized) struct ClockDurationTests {
    @Test(
        .fault(
            .F23, "a retry comes after its delay, and a run times out after its limit",
            by: .standIn(
                "the machine's clocks, the wall clock ten years ahead and set right while tasks wait")))
    func `F23 retries and timeouts keep their length when the clock is set right`() async throws {
        let bench = try await DurationBench(ahead: 315_360_000)

        try await bench.run(setting: 0)

        try await bench.expectLengths()
        #expect(bench.lines.contains { $0.hasPrefix("the clock was set back by 315360000 s: ") })
        let duration = try await bench.instance("again")?.duration ?? -1
        #expect((0...120).contains(duration), "\(duration)")
    }

    @Test(
        .fault(
            .F23, "a retry comes after its delay, and a run times out after its limit",
            by: .standIn("the machine's clocks, the wall clock set ahead by an hour while tasks wait")))
    func `F23 retries and timeouts keep their length when the clock jumps ahead`() async throws {
        let bench = try await DurationBench(ahead: 0)

        try await bench.run(setting: 3_600)

        try await bench.expectLengths()
        #expect(bench.lines.contains { $0.hasPrefix("the clock was set ahead by 3600 s: ") })
    }
}

/// A scheduler on clocks of which the wall clock is off, and one run: a task that is tried again after three seconds, and
/// one that takes longer than the ten seconds that the run may.
private struct DurationBench {
    private static let delay: Duration = .seconds(3)
    private static let limit: Duration = .seconds(10)

    /// What two looks at a clock may be apart.
    private static let tolerance: Duration = .seconds(1)

    private let store = InMemoryStore()
    private let clock: OffsetClock
    private let scheduler: Scheduler
    private let key: RunKey
    private let noted = Noted()
    private let began = BootTimeClock().now

    /// Creates the run as the command line does.
    init(ahead seconds: Double) async throws {
        let noted = noted
        clock = OffsetClock(by: seconds)
        let spec = try DAGSpec(Lengths(delay: Self.delay, limit: Self.limit, noted: noted))
        let executor = InProcessExecutor(
            [spec], capacity: 8, services: TaskServices(metadata: StoreTaskMetadata(store)), clock: clock)
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                executor: "in_process", start: clock.now, heartbeat: clock.now))
        configuration.pollInterval = .milliseconds(200)
        scheduler = Scheduler(
            store: store, executor: executor,
            deployment: Deployment(bundle: "faults", specs: [spec], arePausedAtCreation: false),
            configuration: configuration, clock: clock, log: SchedulerLog { _, line, _ in noted.add(line) })
        let run = DAGRun.manual(spec, by: "test", at: clock.now)
        key = run.key
        var machine = RunMachine(creating: run, of: spec, actor: "test")
        if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .full) }
    }

    var lines: [String] { noted.lines }

    func instance(_ id: TaskID) async throws -> TaskInstance? {
        try await store.taskInstances(of: key).first { $0.taskID == id }
    }

    /// Runs to the end of the run; the wall clock is set while a task waits for its retry.
    func run(setting seconds: Double) async throws {
        let scheduler = scheduler
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await scheduler.run() }
            defer { scheduler.stop() }
            #expect(try await holds { try await hasFailed })
            clock.set(by: seconds)
            #expect(try await holds { try await isOver })
            noted.noteEnd()
            scheduler.stop()
            try await group.waitForAll()
        }
    }

    private var hasFailed: Bool {
        get async throws {
            let instance = try await instance("again")
            return instance?.state == .upForRetry || (instance?.tryNumber ?? 0) > 1
        }
    }

    private var isOver: Bool {
        get async throws { try await store.snapshot(of: key)?.run.state.isFinished == true }
    }

    /// By the clock that nobody sets, the second try did not begin before its delay, and the run did not end before its
    /// limit; that both came at all is seen by the states.
    func expectLengths() async throws {
        let stored = try await store.snapshot(of: key)
        #expect(stored?.run.reason == RunMachine.timedOut)
        #expect(try await instance("again")?.state == .success)
        #expect(noted.tries.count == 2)
        guard let first = noted.tries.first, let last = noted.tries.last, let end = noted.end else { return }
        #expect(first.duration(to: last) >= Self.delay - Self.tolerance)
        #expect(began.duration(to: end) >= Self.limit - Self.tolerance)
    }
}

private struct Lengths: DAG {
    var configuration: DAGConfiguration
    private let noted: Noted

    init(delay: Duration, limit: Duration, noted: Noted) {
        configuration = DAGConfiguration(
            "lengths", runTimeout: limit, defaults: TaskDefaults(retries: 1, retryDelay: delay))
        self.noted = noted
    }

    func build(_ dag: inout DAGBuilder) {
        let noted = noted
        dag.task("again") { context in
            noted.noteTry()
            if context.attempt.tryNumber == 1 { throw NotYet() }
        }
        dag.task("long") { _ in try await BootTimeClock().sleep(for: .seconds(600)) }
    }
}

private struct NotYet: Error {}

/// What happened when, by the clock that nobody sets.
private final class Noted: Sendable {
    private let state = Mutex(
        (tries: [BootTimeClock.Instant](), end: BootTimeClock.Instant?.none, lines: [String]()))

    var tries: [BootTimeClock.Instant] { state.withLock { $0.tries } }
    var end: BootTimeClock.Instant? { state.withLock { $0.end } }
    var lines: [String] { state.withLock { $0.lines } }

    func noteTry() { state.withLock { $0.tries.append(BootTimeClock().now) } }
    func noteEnd() { state.withLock { $0.end = BootTimeClock().now } }
    func add(_ line: String) { state.withLock { $0.lines.append(line) } }
}

/// The machine's clocks, of which the wall clock is off.
private final class OffsetClock: SchedulerClock {
    private let system = SystemSchedulerClock()
    private let offset: Mutex<Double>

    init(by seconds: Double) { offset = Mutex(seconds) }

    var now: Date { reading.wall }

    var reading: ClockReading {
        let reading = system.reading
        let offset = offset.withLock { $0 }
        return ClockReading(wall: (reading.wall + offset).roundedToMicroseconds, elapsed: reading.elapsed)
    }

    func set(by seconds: Double) { offset.withLock { $0 = seconds } }

    func sleep(until instant: Date) async throws {
        try await system.sleep(until: system.now + instant.timeIntervalSince(now))
    }
}
