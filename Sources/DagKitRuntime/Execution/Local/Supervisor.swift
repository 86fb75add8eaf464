import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// The process that owns the workers of a scheduler and outlives it.
///
/// It is one loop on one thread: it waits for connections, messages, output, exits and deadlines, and never for anything
/// else. It reads no store. An attempt's outcome is reported once all of its processes are dead and its output is in the
/// log, and kept until a scheduler has stored it.
final class Supervisor {
    /// What a descriptor of the loop belongs to.
    enum Source {
        case listener
        case signals
        case scheduler
        case channel(SupervisedWorker)
        case output(SupervisedWorker)
        case exit(SupervisedWorker)
    }

    let configuration: SupervisorConfiguration
    let now: () -> Date
    let clock = BootTimeClock()
    let program: String
    var scheduler: FrameChannel?
    var hasGreeted = false
    private var hasMetScheduler = false
    var workers: [SupervisedWorker] = []
    var attempts: [AttemptID: SupervisedWorker] = [:]
    var outcomes: OutcomeBox
    var locks: AttemptLocks

    /// Orders that no worker could be started for; tried again when a worker is free, or after a while.
    var waiting: [AttemptOrder] = []
    var nextStartTry: BootTimeClock.Instant?

    /// Whether it takes no orders any more and ends once nothing is left.
    var isRetiring = false
    var stopsBy: BootTimeClock.Instant?
    private var nextTrim: BootTimeClock.Instant?
    private var idleSince: BootTimeClock.Instant
    private var hasWriteFailed = false
    private var nextWriteTry: BootTimeClock.Instant?
    private let listener: LocalListener
    private let signals: SignalSource
    private var poller: Poller
    private var sources: [UInt64: Source] = [:]
    private var tokens: [Int32: UInt64] = [:]
    private var lastToken: UInt64 = 0

    init(_ configuration: SupervisorConfiguration, now: @escaping () -> Date) throws {
        self.configuration = configuration
        self.now = now
        CurrentProcess.ignoreBrokenPipes()
        try ProcessTree.adoptOrphans()
        try configuration.folders.create()
        program = try CurrentProcess.executableIdentity()
        outcomes = OutcomeBox(configuration.folders, isDurable: configuration.isDurable)
        locks = AttemptLocks(configuration.folders)
        signals = try SignalSource([SIGTERM, SIGINT, SIGHUP])
        listener = try LocalListener(configuration.folders.socket(of: configuration.generation))
        poller = try Poller()
        idleSince = clock.now
        // The one who started this process waits for the end of that pipe.
        close(SupervisorStart.readyDescriptor)
        try watch(listener.descriptor, .listener)
        try watch(signals.descriptor, .signals)
    }

    /// Runs until it was told to end, or nobody needs it any more.
    func run() throws {
        try startWorker()
        while !isOver {
            for token in try poller.wait(until: nextDeadline) {
                if let source = sources[token] { try handle(source) }
            }
            try act(at: clock.now)
        }
        for worker in workers { worker.dismiss(by: clock.now) }
        try ProcessTree.killDescendants()
        locks.removeSpares()
    }

    // MARK: Descriptors

    func watch(_ descriptor: Int32, _ source: Source) throws {
        lastToken += 1
        sources[lastToken] = source
        tokens[descriptor] = lastToken
        try poller.add(descriptor, as: lastToken)
    }

    func unwatch(_ descriptor: Int32) {
        guard let token = tokens.removeValue(forKey: descriptor) else { return }
        sources[token] = nil
        poller.remove(descriptor)
    }

    /// Waits for room if a channel could not write all.
    func updateWriting(_ channel: FrameChannel) throws {
        guard channel.hasOutgoing != channel.isAwaited, let token = tokens[channel.descriptor] else { return }
        try poller.setWriting(channel.hasOutgoing, channel.descriptor, as: token)
        channel.isAwaited = channel.hasOutgoing
    }

    private func handle(_ source: Source) throws {
        switch source {
        case .listener: try acceptScheduler()
        case .signals:
            if try signals.pending().contains(SIGTERM) { beginStop(grace: .zero, at: clock.now) }
        case .scheduler: try readScheduler()
        case .channel(let worker): try readReports(of: worker)
        case .output(let worker): for pipe in worker.drain() { unwatch(pipe) }
        case .exit(let worker): try reap(worker)
        }
    }

    private func acceptScheduler() throws {
        while let socket = try listener.acceptDescriptor() {
            let channel = try FrameChannel(owning: FileDescriptor(owning: socket))
            guard channel.isPeerTrusted() else { continue }
            // The newest connection is that of the scheduler in charge.
            dropScheduler()
            scheduler = channel
            hasMetScheduler = true
            try watch(channel.descriptor, .scheduler)
        }
    }

    func dropScheduler() {
        guard let channel = scheduler else { return }
        unwatch(channel.descriptor)
        scheduler = nil
        hasGreeted = false
        idleSince = clock.now
    }

    // MARK: Time

    private func act(at now: BootTimeClock.Instant) throws {
        for worker in workers {
            if let attempt = worker.attempt, let deadline = attempt.deadline, deadline <= now {
                try meetDeadline(of: attempt, worker, at: now)
            }
            if let endsBy = worker.endsBy, endsBy <= now { try kill(worker) }
        }
        if let stopsBy, stopsBy <= now {
            self.stopsBy = nil
            endAttempts(because: "the scheduler was stopped", at: now)
        }
        if let nextStartTry, nextStartTry <= now { try startWaiting(at: now) }
        trimIdleWorkers(at: now)
        try writeOutcomes(at: now)
    }

    /// Without a scheduler outcomes go to files; a full disk is tried again and again.
    private func writeOutcomes(at now: BootTimeClock.Instant) throws {
        guard scheduler == nil, !outcomes.isOnDisk, nextWriteTry.map({ $0 <= now }) ?? true else { return }
        do {
            try outcomes.write()
            nextWriteTry = nil
            hasWriteFailed = false
        } catch {
            if !hasWriteFailed { log("cannot keep outcomes: \(error)", level: .error) }
            hasWriteFailed = true
            nextWriteTry = now.advanced(by: .seconds(1))
        }
    }

    /// Ends idle workers but the one that was busy last: surplus ones soon, so that a lull between two orders costs no
    /// restart, the others after a while.
    private func trimIdleWorkers(at now: BootTimeClock.Instant) {
        guard nextTrim.map({ $0 <= now }) ?? false else { return }
        nextTrim = nil
        let idle = workers.filter(\.isIdle).sorted { $0.idleSince > $1.idleSince }
        for (index, worker) in idle.enumerated() where index > 0 {
            let limit =
                index >= configuration.idleWorkers ? configuration.surplusTime : configuration.idleTime
            let due = worker.idleSince.advanced(by: limit)
            if due <= now { dismiss(worker) } else { nextTrim = min(nextTrim ?? due, due) }
        }
    }

    /// Looks for idle workers to end once the first of them may have been idle for long enough.
    func planTrim() {
        let due = clock.now.advanced(by: configuration.surplusTime)
        nextTrim = min(nextTrim ?? due, due)
    }

    private var hasNothingLeft: Bool { attempts.isEmpty && waiting.isEmpty }

    private var isOver: Bool {
        guard hasNothingLeft else { return false }
        if isRetiring { return outcomes.isEmpty || (scheduler == nil && outcomes.isOnDisk) }
        return scheduler == nil && outcomes.isOnDisk && lingersUntil <= clock.now
    }

    /// The scheduler that started this process gets the time to connect.
    private var lingersUntil: BootTimeClock.Instant {
        idleSince.advanced(
            by: hasMetScheduler ? configuration.linger : max(configuration.linger, .seconds(10)))
    }

    private var nextDeadline: BootTimeClock.Instant? {
        var instants = workers.flatMap { [$0.attempt?.deadline, $0.endsBy] }
        instants += [stopsBy, nextStartTry, nextTrim]
        if scheduler == nil {
            instants.append(nextWriteTry)
            if hasNothingLeft, outcomes.isOnDisk { instants.append(lingersUntil) }
        }
        return instants.compactMap { $0 }.min()
    }

    // MARK: Words

    /// Writes a line to the supervisors' own log, which is this process's stderr.
    func log(_ text: String, level: TaskLogger.Level = .info, fileID: String = #fileID, line: Int = #line) {
        let place = SourceLocation(file: fileID, line: line)
        let bytes = Array((LogLine.render(text, level: level, at: now(), from: place) + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }

    func noteIdle() { idleSince = clock.now }
}
