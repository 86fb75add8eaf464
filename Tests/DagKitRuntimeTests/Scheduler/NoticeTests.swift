import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Synchronization
import Testing

@Suite struct NoticeTests {
    @Test func `people are told of each failed try and of the failure, after it is stored`() async throws {
        let courier = RecordingCourier()
        let bench = try SchedulerBench([Hopeless()], courier: courier)
        let key = try await bench.trigger()

        try await bench.scheduler.run()

        let told = courier.told
        #expect(told.map(\.kind) == [.taskRetried, .taskFailed])
        #expect(told.map(\.tryNumber) == [1, 2])
        #expect(
            told.map(\.receiver.declaration) == [
                ["mail": ["ben@example.org"]], ["mail": ["ana@example.org"]],
            ])
        #expect(told.last?.reason == "no luck; give up")
        #expect(told.allSatisfy { $0.run == key })
        #expect(try await bench.store.nextNoticeAt() == nil)
    }

    @Test func `a notice that cannot be delivered waits and holds nothing up`() async throws {
        let courier = RecordingCourier(failures: .max)
        let bench = try SchedulerBench([Hopeless()], courier: courier)
        let key = try await bench.trigger()

        try await bench.scheduler.run()

        #expect(try await bench.store.snapshot(of: key)?.run.state == .failed)
        #expect(courier.told.isEmpty)
        let waiting = try await bench.store.notices(dueBy: .distantFuture, limit: 10)
        #expect(waiting.map(\.failures) == [1, 1])
    }

    @Test func `a scheduler delivers what an earlier one left`() async throws {
        let store = InMemoryStore()
        let first = try SchedulerBench([Hopeless()], store: store)
        try await first.trigger()
        try await first.scheduler.run()
        let courier = RecordingCourier()

        try await SchedulerBench([Hopeless()], store: store, courier: courier).scheduler.run()

        #expect(courier.told.count == 2)
    }

    @Test func `what was told a month ago is removed when a scheduler starts`() async throws {
        let store = InMemoryStore()
        let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))
        let first = try SchedulerBench([Calm()], store: store, clock: clock, courier: RecordingCourier())
        try await first.trigger()
        try await first.scheduler.run()
        let told = try await store.notices(NoticeQuery()).map(\.state)

        clock.advance(by: 30 * 86_400 + 1)
        try await SchedulerBench([Calm()], store: store, clock: clock, courier: RecordingCourier()).scheduler
            .run()

        #expect(told == [.delivered])
        #expect(try await store.notices(NoticeQuery()).isEmpty)
    }

    @Test func `a notice that will never be taken is given up`() async throws {
        let courier = RecordingCourier(failures: .max, refuses: true)
        let bench = try SchedulerBench([Hopeless()], courier: courier)
        try await bench.trigger()

        try await bench.scheduler.run()

        #expect(try await bench.store.nextNoticeAt() == nil)
    }

    @Test func `a callback that fails reddens no run and is called again, until its retries are used up`()
        async throws
    {
        let bench = try SchedulerBench([Calling(failures: .max)], courier: nil, callsBack: true)
        let key = try await bench.trigger()

        try await bench.scheduler.run()

        #expect(try await bench.store.snapshot(of: key)?.run.state == .success)
        let kept = try await bench.store.notices(NoticeQuery())
        #expect(Set(kept.map(\.state)) == [.failed])
        #expect(kept.map(\.lastError) == ["out of order; mend it", "out of order; mend it"])
    }

    @Test func `a failure that is followed by another call is a warning, and the last one an error`()
        async throws
    {
        let store = InMemoryStore()
        let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))
        let first = try SchedulerBench([Moody()], store: store, clock: clock)
        try await first.trigger()
        try await first.scheduler.run()
        let levels = Mutex<[TaskLogger.Level]>([])
        let log = SchedulerLog { level, _, _ in levels.withLock { $0.append(level) } }
        let courier = InProcessCourier(TaskLibrary([Moody()]), clock: clock, log: log) { _ in
            TaskServices(metadata: StoreTaskMetadata(store))
        }

        for _ in 0..<2 {
            let delivery = NoticeDelivery(store: store, courier: courier, clock: clock, log: log)
            delivery.finish()
            await delivery.run()
            clock.advance(by: 60)
        }

        #expect(levels.withLock { $0.filter { $0 >= .warning } } == [.warning, .error])
    }

    @Test(arguments: [(86_400.0, false), (-86_400, false), (-86_400, true)])
    func `a notice is told again after its delay when the clock is set`(jump: Double, isRestarted: Bool)
        async throws
    {
        let store = InMemoryStore()
        let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))
        let first = try SchedulerBench([Calm()], store: store, clock: clock)
        try await first.trigger()
        try await first.scheduler.run()
        let courier = RecordingCourier(failures: 1)
        func delivery() -> NoticeDelivery {
            NoticeDelivery(store: store, courier: courier, clock: clock, log: .none)
        }
        func deliver(_ delivery: NoticeDelivery) async -> Int {
            delivery.finish()
            await delivery.run()
            return courier.told.count
        }
        var current = delivery()
        #expect(await deliver(current) == 0)

        clock.jump(by: jump)
        if isRestarted { current = delivery() }

        #expect(await deliver(current) == 0)
        clock.advance(by: 29)
        #expect(await deliver(current) == 0)
        clock.advance(by: 1)
        #expect(await deliver(current) == 1)
        #expect(try await store.notices(NoticeQuery()).map(\.state) == [.delivered])
    }

    @Test func `closures of the dag are called for its tasks and its runs`() async throws {
        let calls = Calls()
        let bench = try SchedulerBench([Calling(calls: calls)], callsBack: true)
        try await bench.trigger(conf: ["word": "hello"])

        try await bench.scheduler.run()

        #expect(
            calls.all == ["task calling/run1/work succeeded hello work", "run calling/run1 succeeded hello "])
        #expect(Set(try await bench.store.notices(NoticeQuery()).map(\.state)) == [.delivered])
    }

    @Test func `nobody is told of what somebody marked by hand`() async throws {
        let spec = try Hopeless().spec
        var machine = RunMachine(creating: .manual(spec, by: "ada", at: Date()), of: spec, actor: "ada")
        let all = TaskSelection().references(in: machine)

        _ = machine.advance(.mark(all, .failed, actor: "ada"), at: Date())

        #expect(machine.takeBatch()?.notices.isEmpty == true)
    }
}

/// Fails twice, at once one after the other.
private struct Hopeless: DAG {
    var configuration = DAGConfiguration(
        "hopeless",
        defaults: TaskDefaults(
            retries: 1, retryDelay: .zero, emailOnFailure: ["ana@example.org"],
            emailOnRetry: ["ben@example.org"]))

    func build(_ dag: inout DAGBuilder) {
        dag.task("try") { _ in
            throw TaskFailure.retry(after: .milliseconds(1), "no luck", remedy: "give up")
        }
    }
}

private final class Calls: Sendable {
    private let texts = Mutex<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    func add(_ text: String) { texts.withLock { $0.append(text) } }
}

/// Calls closures for its task and its run.
private struct Calling: DAG {
    var configuration = DAGConfiguration("calling")
    let calls: Calls

    init(failures: Int = 0, calls: Calls = Calls()) {
        self.calls = calls
        let body: @Sendable (Notice, TaskContext) async throws -> Void = { notice, context in
            if failures > 0 { throw TaskFailure.noRetry("out of order", remedy: "mend it") }
            let word = try await context.render("{{ notice.title }} {{ params.word }} ")
            calls.add(word + context.taskID.rawValue)
        }
        configuration.callbacks = [.on(.success, .failure, run: body)]
        configuration.defaults.callbacks = [.on(.success, run: body)]
    }

    func build(_ dag: inout DAGBuilder) { dag.task("work") { _ in } }
}

/// Has a callback that fails twice.
private struct Moody: DAG {
    var configuration = DAGConfiguration(
        "moody",
        callbacks: [
            .on(.success, name: "bell", retries: 1) { _, _ in
                throw TaskFailure.retry(after: .seconds(1), "no answer", remedy: "wait")
            }
        ])

    func build(_ dag: inout DAGBuilder) { dag.task("work") { _ in } }
}

private final class RecordingCourier: NoticeCourier {
    private let state: Mutex<(failures: Int, told: [Notice])>
    private let refuses: Bool

    init(failures: Int = 0, refuses: Bool = false) {
        state = Mutex((failures, []))
        self.refuses = refuses
    }

    var told: [Notice] { state.withLock { $0.told } }

    func deliver(_ notice: Notice) async throws {
        try state.withLock { state in
            if state.failures > 0 {
                state.failures -= 1
                if refuses { throw NoticeRefusal("no such mailbox") }
                throw NoMailServer()
            }
            state.told.append(notice)
        }
    }

    struct NoMailServer: Error {}
}

private struct Calm: DAG {
    var configuration = DAGConfiguration("calm", callbacks: [.on(.success) { _, _ in }])
    func build(_ dag: inout DAGBuilder) { dag.empty("rest") }
}
