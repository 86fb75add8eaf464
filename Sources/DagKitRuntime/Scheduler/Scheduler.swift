public import DagKitCore
import FoundationEssentials
import Synchronization

/// Runs the DAGs of a deployment: takes what happened, lets the ``Planner`` decide, commits, then acts.
///
/// ```swift
/// let scheduler = Scheduler(store: store, executor: executor, deployment: deployment)
/// try await scheduler.run()  // until stop() is called and the running attempts have ended
/// ```
///
/// One task turns a ``SchedulerLoop``. Each turn takes everything that was queued since the last one and commits it
/// together; nothing leaves the process before the decision behind it is stored.
public final class Scheduler: Sendable {
    private let store: any MetadataStore
    private let executor: any Executor
    private let clock: any SchedulerClock
    private let configuration: Configuration
    private let log: SchedulerLog
    private let mailbox = Mailbox<SchedulerLoop.Message>()
    private let initial: Deployment

    /// The start of the executor, while it lasts.
    private let start = Mutex<Task<AsyncStream<ExecutorEvent>, any Error>?>(nil)

    private let delivering = Mutex(Delivering())

    /// The delivery of notices, and whether it is broken off.
    private struct Delivering {
        var task: Task<Void, Never>?
        var isBrokenOff = false
    }

    /// How a scheduler works.
    public struct Configuration: Sendable {
        /// How many attempts run at once.
        public var parallelism = 32

        /// How often the store is looked at for changes that nobody announced, and the heartbeat is written.
        public var pollInterval: Duration = .seconds(5)

        /// How long running attempts get when the scheduler is told to stop.
        public var stopGrace: Duration = .seconds(30)

        /// Whether the progress of tasks survives a power cut.
        public var durability: Durability = .process

        /// What the job row says of this process.
        public var job: JobRecord

        /// What is told when runs end, after that is stored.
        public var observer: (any SchedulerObserver)?

        /// Who calls the notifiers of callbacks; without one, notices wait in the store.
        public var courier: (any NoticeCourier)?

        /// Is called at every turn of the loop and at every vain try to reach the store: the sign of life that a watchdog
        /// waits for. The first call says that the scheduler has taken over what it found.
        public var pulse: @Sendable () -> Void = {}

        /// Is asked at each poll why this process is not the scheduler of its home any more; it ends then, and leaves running
        /// attempts to the one that is.
        public var loss: @Sendable () -> (any Error)? = { nil }

        /// Is called once nothing but the time has moved the loop for some seconds, so that a program may give back memory.
        public var rest: @Sendable () -> Void = {}

        /// Ends the scheduler once nothing is running and nothing is due, for tests and batch use.
        public var endsWhenIdle = false

        public init(job: JobRecord) { self.job = job }
    }

    public init(
        store: any MetadataStore, executor: any Executor, deployment: Deployment,
        configuration: Configuration,
        clock: any SchedulerClock = SystemSchedulerClock(), log: SchedulerLog = .none
    ) {
        self.store = store
        self.executor = executor
        self.initial = deployment
        self.configuration = configuration
        self.clock = clock
        self.log = log
    }

    /// Makes the scheduler look at the store now.
    public func poke() { mailbox.post(.poke) }

    /// Replaces the DAGs; open runs go on with the new ones.
    public func replace(with deployment: Deployment) { mailbox.post(.deployment(deployment)) }

    /// Says which executable this is, by its SHA-256 (64 hex digits), for the versions of the DAGs that are in force now and
    /// later.
    public func nameExecutable(_ hash: String) { mailbox.post(.executable(hash)) }

    /// Starts nothing new, lets running attempts end within the grace, and then ends ``run()``.
    public func stop() {
        mailbox.post(.stop)
        endStart(after: Self.startPatience)
    }

    /// Ends running attempts at once, without any grace, and then ends ``run()``. Notices that are being told are broken off:
    /// the next scheduler tells them.
    public func stopAtOnce() {
        mailbox.post(.stop)
        endStart(after: .zero)
        let task = delivering.withLock { delivering in
            delivering.isBrokenOff = true
            return delivering.task
        }
        task?.cancel()
        let executor = executor
        Task { await executor.stop(grace: .zero) }
    }

    /// Starts nothing new and ends ``run()``; running attempts go on, and the next scheduler takes them over.
    public func handOver() {
        mailbox.post(.handOver)
        endStart(after: Self.startPatience)
    }

    /// Runs until ``stop()`` was called and every attempt has ended, or until ``handOver()``.
    public func run() async throws {
        var loop = SchedulerLoop(
            store: store, executor: executor, clock: clock, configuration: configuration, log: log)
        try await loop.open(initial)
        guard let events = try await startExecutor() else { return try await loop.close() }
        let mailbox = mailbox
        let pump = Task(executorPreference: store.writingExecutor) {
            for await event in events { mailbox.post(.executor(event)) }
            mailbox.post(.executorEnded)
        }
        defer { pump.cancel() }
        let delivery = configuration.courier.map {
            NoticeDelivery(store: store, courier: $0, clock: clock, log: log, tellsOfLoss: false)
        }
        let telling = Task { if let delivery { await delivery.run() } }
        defer { telling.cancel() }
        let isBrokenOff = delivering.withLock { delivering in
            delivering.task = telling
            return delivering.isBrokenOff
        }
        if isBrokenOff { telling.cancel() }
        try await loop.adoptRuns()
        loop.isEndWanted = { mailbox.holds { $0.isEnd } }
        do {
            try await withTaskExecutorPreference(store.writingExecutor) { try await turn(&loop, delivery) }
        } catch let error as GivenUp {
            log.error("ending without the store: what attempts report is kept for the next scheduler")
            await endExecutor(isHandingOver: loop.isHandingOver || error.isLost)
            throw error.cause
        }
        delivery?.finish()
        await end(telling, delivery, within: loop.isHandingOver ? .seconds(2) : configuration.stopGrace)
        try await loop.close()
    }

    /// How long the start of the executor may go on once somebody has asked for the end: what is nearly there ends in order.
    private static let startPatience: Duration = .seconds(1)

    /// Breaks off the start of the executor, if it lasts.
    private func endStart(after delay: Duration) {
        guard let start = start.withLock({ $0 }) else { return }
        let clock = clock
        Task {
            if delay > .zero { try? await clock.sleep(for: delay) }
            start.cancel()
        }
    }

    /// Starts the executor.
    ///
    /// - Returns: `nil` if somebody asked for the end before it had started: it was ended, and what attempts report is kept
    ///   for the next scheduler.
    private func startExecutor() async throws -> AsyncStream<ExecutorEvent>? {
        let (executor, thread) = (executor, store.writingExecutor)
        let task = Task { try await executor.start(tellingOn: thread) }
        start.withLock { $0 = task }
        defer { start.withLock { $0 = nil } }
        if mailbox.holds(where: \.isEnd) { endStart(after: Self.startPatience) }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch let error as CancellationError {
            guard mailbox.holds(where: \.isEnd) else { throw error }
            log.info(
                "ending before it is known what runs: what attempts report is kept for the next scheduler")
            if mailbox.holds(where: \.isHandOver) {
                await executor.handOver()
            } else {
                await executor.abandon(grace: configuration.stopGrace)
            }
            return nil
        }
    }

    /// Ends the executor in the place of a loop that was given up.
    private func endExecutor(isHandingOver: Bool) async {
        if isHandingOver || mailbox.holds(where: \.isHandOver) {
            await executor.handOver()
        } else {
            await executor.abandon(grace: configuration.stopGrace)
        }
        while await !mailbox.takeAll().contains(where: \.isExecutorEnd) { configuration.pulse() }
    }

    /// Waits for the end of the deliveries; what takes longer is broken off, and the next scheduler delivers it again.
    private func end(
        _ telling: Task<Void, Never>, _ delivery: NoticeDelivery?, within limit: Duration
    ) async {
        let (clock, log) = (clock, log)
        let silence = min(limit, Self.silence)
        let watch = Task {
            try await clock.sleep(for: silence)
            if let notices = delivery?.underWay { log.info("waiting for \(notices)") }
            try await clock.sleep(for: limit - silence)
            telling.cancel()
        }
        await telling.value
        watch.cancel()
    }

    /// How long the end waits for deliveries without a word.
    private static let silence: Duration = .milliseconds(500)

    /// How long after the last work the loop is at rest.
    private static let restDelay: Duration = .seconds(5)

    /// It belongs to no actor, so that it runs where the store prefers it.
    @concurrent private func turn(_ loop: inout SchedulerLoop, _ delivery: NoticeDelivery?) async throws {
        let mailbox = mailbox
        var alarm = Alarm(clock: clock) { mailbox.post(.alarm) }
        var isStopping = false
        var restsAt: Duration? = clock.reading.elapsed + Self.restDelay
        while !loop.hasEnded {
            configuration.pulse()
            alarm.set(loop.nextWake, asOf: loop.lastReading)
            let messages = await mailbox.takeAll()
            if messages.contains(where: \.isAlarm) { alarm.hasRung() }
            try await loop.turn(messages)
            if !messages.allSatisfy(\.isAlarm) {
                restsAt = clock.reading.elapsed + Self.restDelay
            } else if let instant = restsAt, instant <= clock.reading.elapsed {
                restsAt = nil
                configuration.rest()
            }
            // Who knocked may have asked for a notice to be told again.
            if loop.takeNotice() || messages.contains(where: \.isPoke) { delivery?.ring() }
            if loop.isStopping, !isStopping {
                isStopping = true
                let (executor, grace) = (executor, configuration.stopGrace)
                let handsOver = loop.isHandingOver
                Task { if handsOver { await executor.handOver() } else { await executor.stop(grace: grace) } }
            }
        }
    }
}
