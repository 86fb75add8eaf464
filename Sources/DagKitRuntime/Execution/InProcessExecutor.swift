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
    private let dags: [DAGID: DAGSpec]
    private let services: TaskServices
    private let clock: any SchedulerClock
    private let makeLogger: @Sendable (AttemptOrder) -> TaskLogger
    private let attempts = Mutex<[AttemptID: Task<Void, Never>]>([:])
    private let events: AsyncStream<ExecutorEvent>
    private let continuation: AsyncStream<ExecutorEvent>.Continuation

    /// - Parameters:
    ///   - capacity: How many attempts run at once; 1 runs them one after the other.
    ///   - makeLogger: Gives the log of an attempt.
    public init(
        _ specs: [DAGSpec], capacity: Int = 1, services: TaskServices,
        clock: any SchedulerClock = SystemSchedulerClock(),
        makeLogger: @escaping @Sendable (AttemptOrder) -> TaskLogger = { _ in TaskLogger { _, _, _ in } }
    ) {
        self.capacity = capacity
        dags = Dictionary(specs.map { ($0.id, $0) }) { $1 }
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
        for order in orders {
            guard let work = dags[order.key.run.dagID]?.task(order.key.taskID)?.work else {
                report(refusal(of: order))
                continue
            }
            attempts.withLock { attempts in
                attempts[order.attemptID] = Task { await self.run(order, work) }
            }
        }
    }

    private func run(_ order: AttemptOrder, _ work: TaskWork) async {
        let clock = clock
        let runner = AttemptRunner(services: services, logger: makeLogger(order)) { clock.now }
        var outcome = await runner.run(order, work: work)
        outcome.processID = Int(getpid())
        outcome.hostname = CurrentProcess.hostName
        report(outcome)
    }

    private func report(_ outcome: AttemptOutcome) {
        attempts.withLock { $0[outcome.attemptID] = nil }
        continuation.yield(.finished(outcome))
    }

    private func refusal(of order: AttemptOrder) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber,
            verdict: .failed(
                reason: "this executable has no task \"\(order.key.run.dagID)/\(order.key.taskID)\"; "
                    + "start the scheduler that has it", isRetryable: false, retryDelay: nil),
            startedAt: clock.now, endedAt: clock.now)
    }

    public func kill(_ attempt: AttemptID, reason: String) async {
        attempts.withLock { $0[attempt] }?.cancel()
    }

    public func acknowledge(_ attempts: [AttemptID]) async {}

    public func stop(grace: Duration) async {
        let open = attempts.withLock { Array($0.values) }
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
