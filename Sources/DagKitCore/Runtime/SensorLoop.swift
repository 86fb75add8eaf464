package import FoundationEssentials

/// The looks of one attempt of a sensor: all of them where it keeps its worker, one where it does not.
struct SensorLoop {
    private let options: SensorOptions
    private let context: TaskContext
    private let clock: TaskClock

    /// When the wait ends, whatever is seen and whatever is done to the wall clock, as ``TaskClock/elapsed``.
    private let deadline: Duration

    /// - Throws: ``ServiceError/noService(_:)`` where nobody gave the task a clock.
    init(_ options: SensorOptions, in context: TaskContext) throws {
        guard let clock = context.clock else { throw ServiceError.noService("TaskClock") }
        self.options = options
        self.context = context
        self.clock = clock
        let now = clock.now()
        let waited = context.attempt.firstStart.map { now.timeIntervalSince($0) } ?? 0
        deadline = clock.elapsed() + options.timeout - .seconds(waited)
    }

    /// Looks until what is waited for is there, the attempt ends for now, or the time is up.
    ///
    /// - Throws: ``SensorPause`` where the attempt ends for now.
    func run<Output>(_ poke: (TaskContext) async throws -> Poke<Output>) async throws -> Output {
        var looks = context.attempt.pokeCount
        while true {
            looks += 1
            context.outbox.notePoke(looks)
            switch try await look(poke).answer {
            case .done(let output): return output
            case .notYet(let reason, let until): try await pause(after: looks, reason, until: until)
            }
        }
    }

    private func look<Output>(_ poke: (TaskContext) async throws -> Poke<Output>) async throws -> Poke<Output>
    {
        do {
            return try await poke(context)
        } catch let failure as TaskFailure where options.softFail && !failure.isRetryable {
            throw TaskSkip("soft fail: \(failure.problem)")
        }
    }

    private func pause(after looks: Int, _ reason: String?, until: Date?) async throws {
        let (now, left) = (clock.now(), deadline - clock.elapsed())
        let reason = reason ?? "what it waits for is not there yet"
        guard left > .zero else { throw lateness(reason) }
        // The last look is at the deadline, however long the wait has grown.
        let due = until ?? now + options.interval(after: looks, of: context.attempt).seconds
        let next = min(due, now + left.seconds)
        if options.mode == .reschedule { throw SensorPause(until: next, reason: reason) }
        context.logger.info("look \(looks): \(reason)")
        try await clock.sleep(.seconds(max(0, next.timeIntervalSince(now))))
    }

    private func lateness(_ reason: String) -> any Error {
        let problem = SensorOptions.lateness(of: options.timeout, reason)
        if options.softFail { return TaskSkip("soft fail: \(problem)") }
        return TaskFailure.noRetry(problem, remedy: "allow more time, or see why it does not come")
    }
}

extension SensorOptions {
    /// What is said of a wait that took too long.
    static func lateness(of timeout: Duration, _ reason: String) -> String {
        "waited in vain for \(timeout): \(reason)"
    }
}

/// Thrown by a sensor whose attempt ends for now: the task goes on at an instant, and no try is spent.
package struct SensorPause: Error, Hashable {
    package let until: Date
    package let reason: String

    package init(until: Date, reason: String) {
        self.until = until
        self.reason = reason
    }
}

/// The clock of a running task.
package struct TaskClock: Sendable {
    /// The wall clock.
    package let now: @Sendable () -> Date

    /// The time that has passed since some moment, by a clock that nobody sets.
    package let elapsed: @Sendable () -> Duration
    package let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameter elapsed: `nil` where nobody sets the wall clock.
    package init(
        now: @escaping @Sendable () -> Date, elapsed: (@Sendable () -> Duration)? = nil,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.now = now
        self.elapsed = elapsed ?? { .microseconds(now().microsecondsSinceEpoch) }
        self.sleep = sleep
    }
}
