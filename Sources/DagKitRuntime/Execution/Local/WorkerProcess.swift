import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

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
    private let signals: SignalSource

    init(
        _ library: TaskLibrary, services: @escaping @Sendable (AttemptOrder) async throws -> TaskServices,
        now: @escaping @Sendable () -> Date
    ) throws {
        self.library = library
        self.services = services
        self.now = now
        CurrentProcess.writeOutputByLine()
        CurrentProcess.ignoreBrokenPipes()
        try ProcessTree.adoptOrphans()
        try ProcessTree.continueWithoutParent()
        // No Ctrl-C of a terminal ends a worker: its supervisor does.
        signals = try SignalSource([SIGTERM, SIGINT, SIGHUP])
        _ = fcntl(Self.channelDescriptor, F_SETFD, FD_CLOEXEC)
        channel = SupervisorChannel(
            try MessageSocket(owning: FileDescriptor(owning: Self.channelDescriptor)))
        ProcessTree.whenClosed(Self.channelDescriptor) {
            // Nobody reads what this worker does any more: it leaves nothing behind, not even what it was about to start.
            ChildProcess.forbidStarts()
            _ = try? ProcessTree.killDescendants()
            _exit(0)
        }
    }

    /// Runs attempts until the supervisor closes the connection.
    ///
    /// It belongs to no actor, so that it runs where its caller prefers it.
    @concurrent func run() async throws {
        let state = try WorkerState()
        var usual: Int?
        while let (order, lock) = try await channel.nextOrder() {
            FaultPoint.attemptReceived.pass()
            var outcome = await run(order)
            FaultPoint.workEnded.pass()
            let leftovers = try ProcessTree.killDescendants()
            if !leftovers.isEmpty {
                logger.warning("ended \(leftovers.count) processes that the task had left behind")
            }
            CurrentProcess.flushOutput()
            try state.restore()
            withExtendedLifetime(lock) {}
            let open = WorkerState.openDescriptors
            // What stays open after the first attempt are caches that every attempt uses; what comes later is a leak.
            let isSpent = open > (usual ?? open) + 8
            usual = usual ?? open
            outcome.processID = Int(getpid())
            outcome.hostname = CurrentProcess.hostName
            try await channel.report(.finished(outcome, isSpent: isSpent))
            FaultPoint.outcomeReported.pass()
        }
    }

    private func run(_ order: AttemptOrder) async -> AttemptOutcome {
        ProcessMeasurement.resetPeakMemory()
        let before = ProcessMeasurement.now()
        let started = now()
        var outcome: AttemptOutcome
        do {
            let work = try library.work(for: order)
            var services = try await services(order)
            services.metadata = MaskingMetadata(services.metadata, channel: channel)
            services = services.offeringOutputFiles()
            try await channel.mask(SecretFinder.secrets(in: order))
            FaultPoint.workBegins.pass()
            outcome = await attempt(order, work, services)
        } catch {
            logger.error("\(error)")
            let isRetryable = !(error is TaskLibraryError) && !(error is DAGValidationError)
            outcome = AttemptOutcome(
                attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber,
                verdict: .failed(reason: "\(error)", isRetryable: isRetryable, retryDelay: nil),
                startedAt: started, endedAt: now())
        }
        outcome.usage = ProcessMeasurement.now().usage(since: before)
        return outcome
    }

    /// Runs the work, cancelled when the supervisor asks for its end.
    private func attempt(_ order: AttemptOrder, _ work: TaskWork, _ services: TaskServices) async
        -> AttemptOutcome
    {
        let runner = AttemptRunner(services: services, logger: logger, now: now)
        let signals = signals
        return await withTaskGroup(of: AttemptOutcome?.self) { group in
            // The work of the task may use all cores.
            group.addTask(executorPreference: globalConcurrentExecutor) {
                await runner.run(order, work: work)
            }
            group.addTask {
                await Self.termination(signals)
                return nil
            }
            var outcome = await group.next() ?? nil
            group.cancelAll()
            while let next = await group.next() { outcome = outcome ?? next }
            return outcome!  // one of the two tasks gives one, and both have ended
        }
    }

    /// Returns once SIGTERM has come, or the task is cancelled.
    private static func termination(_ signals: SignalSource) async {
        var iterator = signals.makeAsyncIterator()
        while let signal = try? await iterator.next() {
            if signal == SIGTERM { return }
        }
    }

    /// Writes to stdout, marked, so that its lines keep their place among those that the task prints.
    private var logger: TaskLogger {
        let now = now
        return TaskLogger { level, text, location in
            let mark = String(UnicodeScalar(OutputLines.mark))
            let line = LogLine.render(text, level: level, at: now(), from: location)
            let marked = line.split(separator: "\n", omittingEmptySubsequences: false).map {
                "\(mark)\($0)\n"
            }
            let bytes = Array(marked.joined().utf8)
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
                if count < 0, errno != EINTR { return }
                rest = rest.dropFirst(max(count, 0))
            }
        }
    }
}
