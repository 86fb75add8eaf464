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
        case output(SupervisedWorker, AttemptLog.Source)
        case exit(SupervisedWorker)

        /// Whether it may wait until all else is seen to: a task that prints without end must not hold up the others.
        var isOutput: Bool {
            if case .output = self { return true }
            return false
        }
    }

    let configuration: SupervisorConfiguration
    let now: () -> Date
    let clock = BootTimeClock()
    /// What is masked in every log: the secrets of this process's environment, which all tasks see.
    let secrets: SecretPatterns
    var scheduler: FrameChannel?
    var hasGreeted = false
    private var hasMetScheduler = false
    var workers: [SupervisedWorker] = []
    var attempts: [AttemptID: SupervisedWorker] = [:]
    var outcomes: OutcomeBox
    var locks: AttemptLocks

    /// The workers that have ended and have left something that has not.
    var dead: [DeadWorker] = []
    var sweeper = DescendantSweep()
    var nextSweep: BootTimeClock.Instant?
    /// Whether the system does not say which processes there are.
    var isBlind = false

    /// Workers that were killed as nobody could listen to them; they are reaped when they have ended.
    var unheard: [SupervisedWorker] = []

    /// Orders that could not be started for want of something; tried again when a worker is free, or after a while.
    var waiting: [AttemptOrder] = []
    var nextStartTry: BootTimeClock.Instant?
    var shortage = Complaint()

    /// How often the kernel killed for lack of memory, as far as is known, by the file that counts.
    var memoryKills: [String: Int] = [:]

    /// Whether it takes no orders any more and ends once nothing is left.
    var isRetiring = false
    var stopsBy: BootTimeClock.Instant?
    private var nextTrim: BootTimeClock.Instant?
    private var idleSince: BootTimeClock.Instant

    private var hasWriteFailed = false
    private var ownLog: SupervisorLog
    private var nextWriteTry: BootTimeClock.Instant?
    private var listener: LocalListener
    private var nextSocketTry: BootTimeClock.Instant?

    /// Given up to take a connection when no descriptor is left, since who connects may free many.
    private var spare: FileDescriptor?
    private var nextAcceptTry: BootTimeClock.Instant?

    /// When memory is given back if nothing happens until then.
    private var restsAt: BootTimeClock.Instant?
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
        DescriptorReserve.fill()
        FaultPoint.supervisorStarts.pass()
        try configuration.folders.create()
        secrets = SecretPatterns(SecretFinder.secrets(inEnvironment: CurrentProcess.environment))
        outcomes = OutcomeBox(configuration.folders)
        ownLog = SupervisorLog(configuration.folders)
        locks = AttemptLocks(configuration.folders, supervisor: getpid())
        signals = try SignalSource([SIGTERM, SIGINT, SIGHUP, SIGCHLD])
        listener = try LocalListener(configuration.folders.socket(of: configuration.generation))
        poller = try Poller()
        idleSince = clock.now
        spare = try? FileDescriptor.open("/dev/null", O_RDONLY)
        for kills in readMemoryKills(of: getpid()) + [MemoryKills.topmost].compactMap(\.self) {
            memoryKills[kills.source] = kills.count
        }
        // The one who started this process waits for the end of that pipe.
        Glibc.close(SupervisorStart.readyDescriptor)
        FaultPoint.supervisorListens.pass()
        try watch(listener.descriptor, .listener)
        try watch(signals.descriptor, .signals)
    }

    /// Runs until it was told to end, or nobody needs it any more.
    ///
    /// - Throws: What makes it impossible to wait for anything; all else is the affair of one connection or worker.
    func run() throws {
        do {
            try startWorker()
        } catch {
            log("cannot start a worker yet: \(error)", level: .warning)
        }
        while !isOver {
            let tokens = try poller.wait(until: nextDeadline)
            if !tokens.isEmpty { restsAt = clock.now.advanced(by: .seconds(5)) }
            for token in tokens where sources[token]?.isOutput == false { handle(token) }
            for token in tokens where sources[token]?.isOutput == true { handle(token) }
            act(at: clock.now)
            flushWords()
        }
        for worker in workers { worker.dismiss(by: clock.now) }
        let killing = ProcessTree.killDescendants(sweeper) {
            log("cannot look for processes: \($0)", level: .error)
        }
        for survivor in killing.survivors { log("\(survivor)", level: .error) }
        locks.removeFree()
    }

    // MARK: Descriptors

    func watch(_ descriptor: Int32, _ source: Source) throws {
        lastToken += 1
        try poller.add(descriptor, as: lastToken)
        sources[lastToken] = source
        tokens[descriptor] = lastToken
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

    private func handle(_ token: UInt64) {
        guard let source = sources[token] else { return }
        do {
            try handle(source)
        } catch {
            log("\(error)", level: .error)
            switch source {
            case .listener: nextAcceptTry = clock.now.advanced(by: .seconds(1))
            case .signals: break
            case .scheduler: dropScheduler()
            case .channel(let worker), .output(let worker, _), .exit(let worker): kill(worker)
            }
        }
    }

    private func handle(_ source: Source) throws {
        switch source {
        case .listener: try acceptScheduler()
        case .signals:
            let pending = try signals.pending()
            if pending.contains(SIGTERM) { retire() }
            // A scheduler that does not find the socket asks for it.
            if pending.contains(SIGHUP) { keepSocket() }
            if pending.contains(SIGCHLD) { sweep(at: clock.now) }
        case .scheduler: try readScheduler()
        case .channel(let worker): try readReports(of: worker)
        case .output(let worker, let source):
            if worker.drain(source) == .some(true) {
                unwatch(source == .output ? worker.output.raw : worker.errors.raw)
            }
        case .exit(let worker): try reap(worker)
        }
    }

    private func acceptScheduler() throws {
        while let socket = try acceptConnection() {
            let channel = try FrameChannel(owning: FileDescriptor(owning: socket))
            guard channel.isPeerTrusted() else { continue }
            // The newest connection is that of the scheduler in charge.
            dropScheduler()
            try watch(channel.descriptor, .scheduler)
            scheduler = channel
            hasMetScheduler = true
        }
        if spare == nil { spare = try? FileDescriptor.open("/dev/null", O_RDONLY) }
    }

    private func acceptConnection() throws -> Int32? {
        do {
            return try listener.acceptDescriptor()
        } catch {
            guard error.isShortage else { throw error }
            if spare != nil {
                spare = nil
                return try listener.acceptDescriptor()
            }
            // Nobody is answered until descriptors are free; the connection waits where it is.
            log("cannot take a connection: \(error)", level: .error)
            unwatch(listener.descriptor)
            nextAcceptTry = clock.now.advanced(by: .seconds(1))
            return nil
        }
    }

    private func acceptAgain() throws {
        nextAcceptTry = nil
        if tokens[listener.descriptor] == nil { try watch(listener.descriptor, .listener) }
        try acceptScheduler()
    }

    func dropScheduler() {
        guard let channel = scheduler else { return }
        unwatch(channel.descriptor)
        scheduler = nil
        hasGreeted = false
        idleSince = clock.now
        keepSocket()
    }

    /// Listens anew if somebody removed the socket's file, so that the next scheduler finds this process.
    private func keepSocket() {
        nextSocketTry = nil
        if listener.isReachable { return }
        do {
            try configuration.folders.create()
            let fresh = try LocalListener(listener.path)
            try watch(fresh.descriptor, .listener)
            unwatch(listener.descriptor)
            listener = fresh
            log("the socket was removed, and is made again", level: .warning)
        } catch {
            nextSocketTry = clock.now.advanced(by: .seconds(1))
        }
    }

    // MARK: Time

    private func act(at now: BootTimeClock.Instant) {
        for worker in workers {
            if let attempt = worker.attempt, let deadline = attempt.deadline, deadline <= now {
                meetDeadline(of: attempt, worker, at: now)
            }
            if let attempt = worker.attempt, let due = attempt.answerDue, due <= now {
                askAgain(attempt, worker, at: now)
            }
            if let endsBy = worker.endsBy, endsBy <= now { kill(worker) }
            if let givenUpBy = worker.givenUpBy, givenUpBy <= now { giveUp(worker) }
        }
        if let stopsBy, stopsBy <= now {
            self.stopsBy = nil
            endAttempts(because: "the scheduler was stopped", at: now)
        }
        if let nextSweep, nextSweep <= now { sweep(at: now) }
        if let nextSocketTry, nextSocketTry <= now { keepSocket() }
        if let nextStartTry, nextStartTry <= now { startWaiting(at: now) }
        if let nextAcceptTry, nextAcceptTry <= now {
            do { try acceptAgain() } catch { self.nextAcceptTry = now.advanced(by: .seconds(1)) }
        }
        trimIdleWorkers(at: now)
        writeOutcomes(at: now)
        if let restsAt, restsAt <= now {
            self.restsAt = nil
            CurrentProcess.giveBackMemory()
        }
    }

    /// Outcomes that no scheduler stores go to files; a full disk is tried again and again.
    ///
    /// There is none, or it cannot: its store refuses them, or it does not know their DAG.
    private func writeOutcomes(at now: BootTimeClock.Instant) {
        guard !outcomes.isOnDisk, nextWriteTry.map({ $0 <= now }) ?? true else { return }
        if scheduler != nil { guard let unheardAt, unheardAt <= now else { return } }
        // Of what others were told since then, the answer may be on its way.
        let limit = scheduler == nil ? nil : now.advanced(by: .zero - answerTime)
        do {
            try outcomes.write(toldBy: limit) { locks.release($0) }
            nextWriteTry = nil
            if hasWriteFailed { log("outcomes can be kept again") }
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
        if isRetiring {
            return outcomes.isEmpty
                || (outcomes.isOnDisk && (scheduler == nil || lastAnswerBy.map { $0 <= clock.now } ?? true))
        }
        return scheduler == nil && outcomes.isOnDisk && lingersUntil <= clock.now
    }

    /// How long a scheduler may take to say that it has stored an outcome.
    private var answerTime: Duration { isRetiring ? .seconds(1) : .seconds(5) }

    /// When the first outcome that is in no file goes to one, with a scheduler that does not say to have stored it.
    private var unheardAt: BootTimeClock.Instant? { outcomes.oldestUnwritten()?.advanced(by: answerTime) }

    /// When no answer to any outcome is to be expected any more.
    private var lastAnswerBy: BootTimeClock.Instant? { outcomes.lastTold?.advanced(by: answerTime) }

    /// The scheduler that started this process gets the time to connect.
    private var lingersUntil: BootTimeClock.Instant {
        idleSince.advanced(
            by: hasMetScheduler ? configuration.linger : max(configuration.linger, .seconds(10)))
    }

    private var nextDeadline: BootTimeClock.Instant? {
        var instants = workers.flatMap {
            [$0.attempt?.deadline, $0.attempt?.answerDue, $0.endsBy, $0.givenUpBy]
        }
        instants += [stopsBy, nextSweep, nextStartTry, nextAcceptTry, nextSocketTry, nextTrim, restsAt]
        if outcomes.isOnDisk {
            if isRetiring, hasNothingLeft { instants.append(lastAnswerBy) }
        } else {
            instants.append(
                scheduler == nil ? nextWriteTry : [unheardAt, nextWriteTry].compactMap { $0 }.max())
        }
        if scheduler == nil {
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
        ownLog.renew([2, 1], afterWriting: bytes.count)
    }

    func noteIdle() { idleSince = clock.now }

    /// Keeps an outcome until a scheduler has stored it.
    func keep(_ outcome: AttemptOutcome) {
        outcomes.keep(outcome, at: clock.now)
    }

    /// A scheduler has stored outcomes.
    func acknowledge(_ attempts: [AttemptID]) {
        outcomes.acknowledge(attempts).forEach { locks.release($0) }
    }
}
