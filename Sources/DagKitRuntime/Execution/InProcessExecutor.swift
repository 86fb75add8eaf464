public import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization

/// Runs attempts as tasks of this process: for `dags test`, and for programs that embed a scheduler.
///
/// An attempt that does not heed its cancellation cannot be ended here; work that must be is for the local executor.
public final class InProcessExecutor: Executor {
    public let capacity: Int
    private let findWork: @Sendable (AttemptOrder) throws -> TaskWork
    private let services: TaskServices
    private let clock: any SchedulerClock
    private let makeLogger: @Sendable (AttemptOrder) -> TaskLogger
    private let attempts = Mutex(Attempts())
    private let executor = BatchExecutor()
    private let events: AsyncStream<ExecutorEvent>
    private let continuation: AsyncStream<ExecutorEvent>.Continuation

    /// - Parameters:
    ///   - specs: The DAGs whose tasks it runs, as they are from now on.
    ///   - capacity: How many attempts run at once; 1 runs them one after the other.
    ///   - makeLogger: Gives the log of an attempt.
    public convenience init(
        _ specs: [DAGSpec], capacity: Int = 1, services: TaskServices,
        clock: any SchedulerClock = SystemSchedulerClock(),
        makeLogger: @escaping @Sendable (AttemptOrder) -> TaskLogger = { _ in TaskLogger { _, _, _ in } }
    ) {
        let dags = Dictionary(specs.map { ($0.id, $0) }) { $1 }
        self.init(capacity: capacity, services: services, clock: clock, makeLogger: makeLogger) { order in
            guard let task = dags[order.key.run.dagID]?.task(order.key.taskID) else {
                throw TaskLibraryError.unknownTask(order.key)
            }
            return task.work
        }
    }

    /// - Parameters:
    ///   - capacity: How many attempts run at once; 1 runs them one after the other.
    ///   - makeLogger: Gives the log of an attempt.
    ///   - findWork: Gives the work of an order; what it throws fails the attempt.
    package init(
        capacity: Int, services: TaskServices, clock: any SchedulerClock = SystemSchedulerClock(),
        makeLogger: @escaping @Sendable (AttemptOrder) -> TaskLogger,
        findWork: @escaping @Sendable (AttemptOrder) throws -> TaskWork
    ) {
        self.capacity = capacity
        self.findWork = findWork
        self.services = services.offeringOutputFiles()
        self.clock = clock
        self.makeLogger = makeLogger
        (events, continuation) = AsyncStream.makeStream()
    }

    public func start() async throws -> AsyncStream<ExecutorEvent> {
        continuation.yield(.adopted([]))
        return events
    }

    public func dispatch(_ orders: [AttemptOrder]) async {
        // The lock is not held while tasks are made: those that end meanwhile would wait for it.
        var started: [(AttemptID, Task<Void, Never>)] = []
        started.reserveCapacity(orders.count)
        executor.gather {
            for order in orders {
                do {
                    let work = try findWork(order)
                    started.append(
                        (order.attemptID, Task(executorPreference: executor) { await self.run(order, work) }))
                } catch {
                    continuation.yield(.finished(refusal(of: order, because: "\(error)")))
                }
            }
        }
        attempts.withLock { $0.note(started) }
    }

    private func run(_ order: AttemptOrder, _ work: TaskWork) async {
        let clock = clock
        let taskClock = TaskClock(now: { clock.now }, elapsed: { clock.reading.elapsed }) {
            try await clock.sleep(for: $0)
        }
        let runner = AttemptRunner(services: services, logger: makeLogger(order), clock: taskClock)
        var outcome = await runner.run(order, work: work)
        outcome.processID = Int(getpid())
        outcome.hostname = CurrentProcess.hostName
        if let reason = attempts.withLock({ $0.endings[order.attemptID] }) {
            outcome = outcome.ended(because: reason, isRetryable: false)
        }
        report(outcome)
    }

    private func report(_ outcome: AttemptOutcome) {
        attempts.withLock { $0.noteEnd(of: outcome.attemptID) }
        continuation.yield(.finished(outcome))
    }

    private func refusal(of order: AttemptOrder, because reason: String) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber,
            verdict: .failed(reason: reason, isRetryable: false, retryDelay: nil),
            startedAt: clock.now, endedAt: clock.now)
    }

    public func kill(_ attempt: AttemptID, reason: String) async {
        attempts.withLock { $0.end(attempt, because: reason) }?.cancel()
    }

    public func acknowledge(_ attempts: [AttemptID]) async {}

    public func stop(grace: Duration) async {
        let open = attempts.withLock { Array($0.open.values) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for attempt in open { await attempt.value } }
            group.addTask { try? await Task.sleep(for: grace) }
            await group.next()
            for attempt in open { attempt.cancel() }
            group.cancelAll()
        }
        continuation.finish()
    }
}

extension InProcessExecutor {
    /// The attempts that run; some end before they are noted.
    private struct Attempts {
        private(set) var open: [AttemptID: Task<Void, Never>] = [:]
        private var endedEarly: Set<AttemptID> = []

        /// Why attempts were told to end.
        private(set) var endings: [AttemptID: String] = [:]

        /// Notes why an attempt is ended, and gives it if it runs.
        mutating func end(_ attempt: AttemptID, because reason: String) -> Task<Void, Never>? {
            guard let task = open[attempt] else { return nil }
            endings[attempt] = endings[attempt] ?? reason
            return task
        }

        mutating func note(_ started: [(AttemptID, Task<Void, Never>)]) {
            for (attempt, task) in started where endedEarly.remove(attempt) == nil { open[attempt] = task }
        }

        mutating func noteEnd(of attempt: AttemptID) {
            endings[attempt] = nil
            if open.removeValue(forKey: attempt) == nil { endedEarly.insert(attempt) }
        }
    }
}
