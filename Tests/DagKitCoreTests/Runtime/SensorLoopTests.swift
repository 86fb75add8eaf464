import DagKitCore
import FoundationEssentials
import Synchronization
import Testing

@Suite struct SensorLoopTests {
    /// A clock on which every sleep ends at once.
    private final class Time: Sendable {
        private let state = Mutex((now: Date.noon, sleeps: [Duration]()))

        var sleeps: [Duration] { state.withLock(\.sleeps) }

        /// A clock whose wall clock is set ahead, or back, in each sleep by so many seconds.
        func clock(setBy jump: Double) -> TaskClock {
            TaskClock(
                now: { self.state.withLock(\.now) + jump * Double(self.sleeps.count) },
                elapsed: { self.sleeps.reduce(.zero, +) },
                sleep: { span in
                    self.state.withLock { state in
                        state.sleeps.append(span)
                        state.now += span.seconds
                    }
                })
        }

        var clock: TaskClock {
            TaskClock(
                now: { self.state.withLock(\.now) },
                sleep: { span in
                    try Task.checkCancellation()
                    self.state.withLock { state in
                        state.sleeps.append(span)
                        state.now += span.seconds
                    }
                })
        }
    }

    private final class Answers: Sendable {
        private let rest: Mutex<[Poke<Int>]>

        init(_ answers: [Poke<Int>]) { rest = Mutex(answers) }

        /// The next answer; the last one for ever.
        func next() -> Poke<Int> { rest.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
    }

    private struct Watch: Sensor {
        var waiting: SensorOptions
        let answers: Answers

        func poke(in context: TaskContext) async throws -> Poke<Int> { answers.next() }
    }

    private struct Broken: Sensor {
        var waiting: SensorOptions
        let error: any Error

        func poke(in context: TaskContext) async throws -> Poke<None> { throw error }
    }

    private func order(firstStart: Date? = nil, pokeCount: Int = 0) throws -> AttemptOrder {
        var order = try TaskContext.fixture().attempt
        order.firstStart = firstStart
        order.pokeCount = pokeCount
        return order
    }

    private func outcome(
        of sensor: some Sensor, _ order: AttemptOrder, _ time: Time = Time(), clock: TaskClock? = nil
    ) async -> AttemptOutcome {
        let runner = AttemptRunner(
            services: TaskServices(metadata: ListedMetadata()), logger: TaskLogger { _, _, _ in },
            clock: clock ?? time.clock)
        return await runner.run(order, work: TaskWork(sensor))
    }

    @Test func `a sensor that keeps its worker looks until it sees, and returns what it saw`() async throws {
        let time = Time()
        let sensor = Watch(
            waiting: SensorOptions(mode: .poke, pokeInterval: .seconds(5)),
            answers: Answers([.notYet(), .notYet("soon", until: .noon + 100), .done(7)]))

        let outcome = await outcome(of: sensor, try order(), time)

        #expect(outcome.verdict == .success(try EncodedOutput(encoding: 7)))
        #expect(time.sleeps == [.seconds(5), .seconds(95)])
        #expect(outcome.pokeCount == 3)
    }

    @Test(arguments: [86_400.0, -86_400])
    func `the timeout of a sensor that keeps its worker is as long when the clock is set`(jump: Double)
        async throws
    {
        let time = Time()
        let options = SensorOptions(mode: .poke, pokeInterval: .seconds(20), timeout: .seconds(60))
        let sensor = Watch(waiting: options, answers: Answers([.notYet()]))

        let outcome = await outcome(
            of: sensor, try order(firstStart: .noon - 10), time, clock: time.clock(setBy: jump))

        #expect(time.sleeps == [.seconds(20), .seconds(20), .seconds(10)])
        guard case .failed(let reason, false, _) = outcome.verdict else {
            Issue.record("\(outcome.verdict)")
            return
        }
        #expect(reason.contains("waited in vain"))
    }

    @Test func `a sensor that gives its worker back says when it looks again`() async throws {
        let sensor = Watch(
            waiting: SensorOptions(pokeInterval: .seconds(30)), answers: Answers([.notYet("no file")]))

        let outcome = await outcome(of: sensor, try order(firstStart: .noon - 60, pokeCount: 2))

        #expect(outcome.verdict == .waiting(until: .noon + 30, reason: "no file"))
        #expect(outcome.pokeCount == 3)
    }

    @Test func `the wait doubles from look to look up to its cap, with a jitter`() async throws {
        let options = SensorOptions(
            pokeInterval: .seconds(10), timeout: .days(1), backoff: .exponential(cap: .seconds(100)))
        var waits: [Double] = []
        for look in 0..<8 {
            let sensor = Watch(waiting: options, answers: Answers([.notYet()]))
            let outcome = await outcome(of: sensor, try order(pokeCount: look))
            guard case .waiting(let until, _) = outcome.verdict else { continue }
            waits.append(until.timeIntervalSince(.noon))
        }

        #expect(waits.count == 8)
        for (look, wait) in waits.enumerated() {
            let base = 10 * Double(1 << look)
            #expect(wait >= min(base, 100) && wait <= min(2 * base, 100))
        }
    }

    @Test func `the last look is at the end of the time, and then it fails for good`() async throws {
        let options = SensorOptions(pokeInterval: .seconds(60), timeout: .seconds(100))
        let sensor = Watch(waiting: options, answers: Answers([.notYet("no file")]))

        let early = await outcome(of: sensor, try order(firstStart: .noon - 80))
        let late = await outcome(of: sensor, try order(firstStart: .noon - 100))

        #expect(early.verdict == .waiting(until: .noon + 20, reason: "no file"))
        guard case .failed(let reason, isRetryable: false, _) = late.verdict else {
            Issue.record("\(late.verdict)")
            return
        }
        #expect(reason.hasPrefix("waited in vain for 100.0 seconds: no file"))
    }

    @Test func `softly it skips where it would fail for good, and fails where another try may help`()
        async throws
    {
        let options = SensorOptions(timeout: .seconds(100), softFail: true)
        let late = await outcome(
            of: Watch(waiting: options, answers: Answers([.notYet()])), try order(firstStart: .noon - 100))
        let final = await outcome(
            of: Broken(waiting: options, error: TaskFailure.noRetry("no access", remedy: "ask")), try order())
        let other = await outcome(
            of: Broken(waiting: options, error: ServiceError.noVariable("x")), try order())

        for outcome in [late, final] {
            guard case .skipped(let reason) = outcome.verdict else {
                Issue.record("\(outcome.verdict)")
                continue
            }
            #expect(reason.hasPrefix("soft fail: "))
        }
        guard case .failed(_, isRetryable: true, _) = other.verdict else {
            Issue.record("\(other.verdict)")
            return
        }
    }

    @Test func `a policy on errors does not take a wait for one`() async throws {
        let policy = ErrorPolicy("all") { _, _ in .fail }
        var draft = GraphDraft(configuration: DAGConfiguration("policy"))
        let sensor = Watch(waiting: SensorOptions(), answers: Answers([.notYet()]))
        draft.tasks = [
            TaskDraft(
                id: "load", edges: [], options: TaskOptions(errorPolicy: policy), operatorName: "Watch",
                work: TaskWork(sensor), location: SourceLocation(file: "Fixture.swift", line: 1))
        ]
        let spec = try DAGSpec(draft, zones: TimeZones())
        let runner = AttemptRunner(
            services: TaskServices(metadata: ListedMetadata()), logger: TaskLogger { _, _, _ in },
            clock: Time().clock)

        let outcome = await runner.run(try order(), work: spec.tasks[0].work)

        guard case .waiting = outcome.verdict else {
            Issue.record("\(outcome.verdict)")
            return
        }
    }

    @Test func `a time sensor that is run by hand waits for its instant alone`() async throws {
        // The data interval of the fixture ends at midnight; the clock stands before it.
        let early = TimeDeltaSensor(.days(30_000), timeout: .days(90_000))
        let due = DataInterval.fixture.end + Duration.days(30_000).seconds
        let outcome = await outcome(of: early, try order())
        let late = await self.outcome(of: TimeDeltaSensor(.days(-9000)), try order())

        #expect(outcome.verdict == .waiting(until: due, reason: "waits until \(due.isoText)"))
        #expect(late.verdict == .success(nil))
    }

    @Test func `a time of day is that of the day on which the task starts, in its zone`() throws {
        let run = try order().run
        let sensor = TimeOfDaySensor(hour: 18, minute: 30)

        let due = sensor.instant(of: run, start: .noon)

        #expect(due == (try Date(isoText: "2023-11-14T18:30:00Z")))
    }
}
