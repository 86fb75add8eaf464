package import FoundationEssentials

/// Runs the work of one attempt in this process and says how it ended.
///
/// Workers and the in-process executor share it.
package struct AttemptRunner: Sendable {
    private let services: TaskServices
    private let logger: TaskLogger
    private let clock: TaskClock
    private let keepsTimeout: Bool

    /// - Parameter now: Gives the instants of the outcome.
    package init(services: TaskServices, logger: TaskLogger, now: @escaping @Sendable () -> Date) {
        self.init(services: services, logger: logger, clock: TaskClock(now: now))
    }

    /// - Parameters:
    ///   - clock: Gives the instants of the outcome, and what sensors wait by.
    ///   - keepsTimeout: Whether the work is cancelled after its timeout; else that is the affair of whoever ends the attempt.
    package init(services: TaskServices, logger: TaskLogger, clock: TaskClock, keepsTimeout: Bool = true) {
        self.services = services
        self.logger = logger.from(services.logLevel)
        self.clock = clock
        self.keepsTimeout = keepsTimeout
    }

    /// Runs `work` and gives its outcome; whatever the work throws is part of it.
    ///
    /// The work is cancelled when the current task is, and when its timeout has passed. Work that does not heed its
    /// cancellation goes on: only a process of its own can be ended.
    package func run(_ order: AttemptOrder, work: TaskWork) async -> AttemptOutcome {
        let started = clock.now()
        let outbox = TaskOutbox()
        let context = TaskContext(
            attempt: order, logger: logger, services: services, outbox: outbox, clock: clock)
        let verdict = await verdict(of: work, in: context, timeout: keepsTimeout ? order.timeout : nil)
        var rendered: [TemplateField] = []
        if !work.templates.isEmpty { rendered = await render(work.templates, in: context) }
        var outcome = AttemptOutcome(
            attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber, verdict: verdict,
            pushed: outbox.all.map { XCom(task: order.key, key: $0.key, output: $0.output) },
            startedAt: started, endedAt: clock.now(), rendered: rendered)
        outcome.mapName = outbox.mapName
        outcome.pokeCount = outbox.pokeCount
        outcome.assetExtras = outbox.assetExtras
        return outcome
    }

    private func verdict(
        of work: TaskWork, in context: TaskContext, timeout: Duration?
    ) async -> AttemptOutcome.Verdict {
        do {
            return .success(try await Self.limited(to: timeout) { try await work.run(context) })
        } catch let skip as TaskSkip {
            logger.info("skipped: \(skip.reason)")
            return .skipped(reason: skip.reason)
        } catch let pause as SensorPause {
            logger.info("\(pause.reason); looks again at \(pause.until.isoText)")
            return .waiting(until: pause.until, reason: pause.reason)
        } catch let failure as TaskFailure {
            tellFailure(failure.description, of: context.attempt)
            return .failed(
                reason: failure.description, isRetryable: failure.isRetryable, retryDelay: failure.retryDelay)
        } catch let error as OutputError {
            let located = error.located(in: context.taskID)
            tellFailure(located.description, of: context.attempt)
            return .failed(reason: located.description, isRetryable: !located.isFinal, retryDelay: nil)
        } catch {
            let reason = error is CancellationError ? "the attempt was cancelled" : "\(error)"
            tellFailure(reason, of: context.attempt)
            return .failed(reason: reason, isRetryable: true, retryDelay: nil)
        }
    }

    /// Says why work failed. Of a notice its delivery says so, which knows whether it is told again.
    private func tellFailure(_ text: String, of order: AttemptOrder) {
        if order.notice == nil { logger.error(text) } else { logger.debug(text) }
    }

    /// Runs `body`, cancelled after `timeout`.
    private static func limited<Value: Sendable>(
        to timeout: Duration?, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let timeout else { return try await body() }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw AttemptTimeout(limit: timeout)
            }
            defer { group.cancelAll() }
            return try await group.next()!  // two tasks were added
        }
    }

    /// The templates as they were rendered; a template that cannot be rendered shows why.
    private func render(_ templates: [TemplateField], in context: TaskContext) async -> [TemplateField] {
        var rendered: [TemplateField] = []
        for field in templates {
            do {
                rendered.append(TemplateField(field.name, try await context.render(field.text)))
            } catch {
                rendered.append(TemplateField(field.name, "\(error)"))
            }
        }
        return rendered
    }
}

/// An attempt ran longer than its task may.
package struct AttemptTimeout: DagKitError, Equatable {
    package let limit: Duration

    package init(limit: Duration) { self.limit = limit }

    package var problem: String { "the task ran longer than its timeout of \(limit)" }
    package var remedy: String { "give it a longer timeout, or find out what it waits for" }
}
