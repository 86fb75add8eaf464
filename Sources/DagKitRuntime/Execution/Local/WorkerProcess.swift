import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization

/// The life of a worker: it runs one attempt after the other, as its supervisor orders.
///
/// Descriptor 3 is the connection to the supervisor; 1 and 2 are pipes that it reads.
struct WorkerProcess {
    /// The descriptor of the connection to the supervisor.
    static let channelDescriptor: Int32 = 3

    private let library: TaskLibrary
    private let services: @Sendable (AttemptOrder) async throws -> TaskServices
    private let now: @Sendable () -> Date
    private let channel: SupervisorChannel
    private let termination: AttemptTermination

    /// Whether a command of the attempt was killed by signal 9.
    private let lostCommand = SharedFlag()

    /// Why the command that is all of the task could not be started, if the system was short of something.
    private let shortage = SharedReason()

    /// Where the work of a task begins: this thread waits for it.
    private let executor: BorrowedThread
    private let hostName = CurrentProcess.hostName

    /// What begins a line of the logger.
    private let mark: [UInt8]

    init(
        _ library: TaskLibrary, services: @escaping @Sendable (AttemptOrder) async throws -> TaskServices,
        mark: [UInt8], thread: ThreadExecutor,
        now: @escaping @Sendable () -> Date
    ) throws {
        executor = BorrowedThread(thread)
        self.library = library
        self.services = services
        self.mark = mark
        self.now = now
        CurrentProcess.writeOutputByLine()
        CurrentProcess.ignoreBrokenPipes()
        try ProcessTree.adoptOrphans()
        try ProcessTree.continueWithoutParent()
        // No Ctrl-C of a terminal ends a worker: its supervisor does.
        termination = AttemptTermination(try SignalSource([SIGTERM, SIGINT, SIGHUP]))
        _ = fcntl(Self.channelDescriptor, F_SETFD, FD_CLOEXEC)
        channel = SupervisorChannel(
            try MessageSocket(owning: FileDescriptor(owning: Self.channelDescriptor)))
        FaultPoint.workerStarts.pass()
        let hear = { @Sendable [termination, channel] in
            guard termination.hear() else { return }
            // A word that is lost is asked for again: the supervisor waits for it, and not for ever.
            Task { try? await channel.report(.ending) }
        }
        try ProcessTree.whenClosed(Self.channelDescriptor, hearing: (termination.descriptor, hear)) {
            // Nobody reads what this worker does any more: it leaves nothing behind, not even what it was about to start.
            ChildProcess.forbidStarts()
            ProcessTree.killDescendants()
            _exit(0)
        }
    }

    /// Runs attempts until the supervisor closes the connection.
    ///
    /// It belongs to no actor, so that it runs where its caller prefers it.
    @concurrent func run() async throws {
        var state = try WorkerState()
        try Reactor.shared.prepare()
        try await channel.report(.ready)
        while let (order, lock) = try await channel.nextOrder() {
            termination.begin()
            FaultPoint.attemptReceived.pass()
            var outcome = await run(order, lock)
            FaultPoint.workEnded.pass()
            // What was asked to end has its grace, the children of a command that has ended too; the supervisor keeps the time.
            if termination.isAsked, order.notice == nil { ProcessTree.waitForDescendants() }
            let survives = endLeftovers()
            let wasCancelled = termination.end() || Self.hasTimedOut(outcome, order)
            CurrentProcess.flushOutput()
            let damage = try state.restore() ?? survives
            if let damage { logger.warning("\(damage); another process runs the next one") }
            withExtendedLifetime(lock) {}
            outcome.processID = Int(getpid())
            outcome.hostname = hostName
            if lostCommand.take() { try await channel.report(.lostCommand) }
            // Work that was cancelled may not have heeded it in all its parts.
            let isSpent = damage != nil || wasCancelled || outcome.verdict.isNotStarted
            do {
                try await channel.report(.finished(outcome, isSpent: isSpent))
            } catch let error as FrameError {
                // Rendered fields and outputs are each within their limits, and too much together.
                outcome = failed(
                    order, "what the attempt reports is too large: \(error)", isRetryable: false,
                    startedAt: outcome.startedAt)
                try await channel.report(.finished(outcome, isSpent: isSpent))
            }
            FaultPoint.outcomeReported.pass()
        }
    }

    /// Ends what the task has left behind.
    ///
    /// - Returns: Why this process should run nothing more; `nil` if nothing is left.
    private func endLeftovers() -> String? {
        let killing = ProcessTree.killDescendants {
            logger.warning("what the task has left cannot be looked for yet: \($0)")
        }
        let ended = killing.killed.subtracting(killing.survivors.map(\.process.id))
        if !ended.isEmpty {
            logger.warning("ended \(ended.count) processes that the task had left behind")
        }
        if killing.survivors.isEmpty { return nil }
        return killing.survivors.map(\.description).joined(separator: ", ")
    }

    private func run(_ order: AttemptOrder, _ lock: LockHolder) async -> AttemptOutcome {
        if let mark = AttemptMark.value(of: order.attemptID, lock: lock.raw) {
            setenv(AttemptMark.variable, mark, 1)
        }
        // What the task starts holds the lock, too, however it is started and whatever it forgets of its environment.
        if lock.raw >= 0 {
            _ = fcntl(lock.raw, F_SETFD, 0)
            ChildProcess.handOn(lock.raw)
        }
        defer { ChildProcess.handOn(nil) }
        ProcessMeasurement.resetPeakMemory()
        let before = ProcessMeasurement.now()
        let started = now()
        var outcome: AttemptOutcome
        do {
            let work = try library.work(for: order)
            var services = try await services(order)
            services.metadata = MaskingMetadata(services.metadata, channel: channel)
            services[AttemptProcessGroup.self] = AttemptProcessGroup {
                Self.print(Array($0) + [UInt8(ascii: "\n")])
            } noteKill: { [lostCommand] in
                lostCommand.set()
            } noteShortage: { [shortage] reason in
                shortage.set(reason)
            } isEnding: { [termination] in
                // A notifier has no supervisor, which would ask its processes.
                termination.isAsked && order.notice == nil
            }
            services = services.offeringOutputFiles()
            try await channel.mask(SecretFinder.secrets(in: order))
            FaultPoint.workBegins.pass()
            outcome = await attempt(order, work, services)
            if let reason = shortage.take(), case .failed = outcome.verdict {
                outcome.verdict = .notStarted(reason: reason)
            }
        } catch let error as SystemError where error.isShortage {
            outcome = failed(order, "\(error)", startedAt: started)
            outcome.verdict = .notStarted(reason: "\(error)")
        } catch {
            if order.notice == nil { logger.error("\(error)") } else { logger.debug("\(error)") }
            let isRetryable = !(error is TaskLibraryError) && !(error is DAGValidationError)
            outcome = failed(order, "\(error)", isRetryable: isRetryable, startedAt: started)
        }
        outcome.usage = ProcessMeasurement.now().usage(since: before)
        return outcome
    }

    private func failed(
        _ order: AttemptOrder, _ reason: String, isRetryable: Bool = true, startedAt: Date
    ) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber,
            verdict: .failed(reason: reason, isRetryable: isRetryable, retryDelay: nil), startedAt: startedAt,
            endedAt: now())
    }

    /// Runs the work, cancelled when somebody asks for its end.
    private func attempt(
        _ order: AttemptOrder, _ work: TaskWork, _ services: TaskServices
    ) async -> AttemptOutcome {
        let clock = TaskClock(now: now, elapsed: { BootTimeClock().now.sinceBoot }) {
            try await BootTimeClock().sleep(for: $0)
        }
        // The supervisor keeps the timeout, so that one alone asks processes to end; a notifier has none.
        let runner = AttemptRunner(
            services: services, logger: logger, clock: clock, keepsTimeout: order.notice != nil)
        executor.lend()
        let attempt = Task(executorPreference: executor) {
            await runner.run(order, work: work)
        }
        termination.onRequest { attempt.cancel() }
        let outcome = await attempt.value
        return termination.isAsked ? Self.blamingSignal(outcome) : outcome
    }

    private static func hasTimedOut(_ outcome: AttemptOutcome, _ order: AttemptOrder) -> Bool {
        guard case .failed(let reason, _, _) = outcome.verdict, let limit = order.timeout else {
            return false
        }
        return reason == AttemptTimeout(limit: limit).description
    }

    /// Work that ended as it was cancelled has failed for the signal; the supervisor knows more if it sent it.
    private static func blamingSignal(_ outcome: AttemptOutcome) -> AttemptOutcome {
        guard case .failed(_, let isRetryable, let delay) = outcome.verdict else { return outcome }
        var changed = outcome
        changed.verdict = .failed(
            reason: "the task's process was told to end (signal 15)", isRetryable: isRetryable,
            retryDelay: delay)
        return changed
    }

    /// Writes to stdout, marked, so that its lines keep their place among those that the task prints.
    private var logger: TaskLogger {
        let now = now
        let mark = mark
        return TaskLogger { level, text, location in
            let text = LogLine.render(text, level: level, at: now(), from: location)
            let bytes = text.split(separator: "\n", omittingEmptySubsequences: false).flatMap {
                mark + Array($0.utf8) + [UInt8(ascii: "\n")]
            }
            Self.print(bytes)
        }
    }

    /// Writes to stdout, past the buffers of the C library.
    private static func print(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}

extension AttemptOutcome.Verdict {
    fileprivate var isNotStarted: Bool {
        if case .notStarted = self { return true }
        return false
    }
}

/// A reason that one task gives and another one asks for.
private final class SharedReason: Sendable {
    private let reason = Mutex<String?>(nil)

    func set(_ text: String) { reason.withLock { $0 = text } }

    /// The reason that was given since it was asked for last.
    func take() -> String? { reason.withLock { $0.take() } }
}

/// What one task says and another one asks.
private final class SharedFlag: Sendable {
    private let isSet = Atomic(false)

    func set() { isSet.store(true, ordering: .relaxed) }

    /// Whether it was set since it was asked last.
    func take() -> Bool { isSet.exchange(false, ordering: .relaxed) }
}
