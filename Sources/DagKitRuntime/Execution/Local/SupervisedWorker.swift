import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// A worker as its supervisor sees it: a process, a connection, two pipes and the attempt that it runs.
final class SupervisedWorker {
    let child: ChildProcess
    let output: FileDescriptor
    let errors: FileDescriptor
    private(set) var channel: FrameChannel?

    /// The attempt that it runs; `nil` while it is idle or ending.
    var attempt: SupervisedAttempt?

    /// The outcome of an attempt after which the process must die; it counts once the process is dead.
    var lastOutcome: AttemptOutcome?
    var idleSince: BootTimeClock.Instant
    private(set) var attemptCount = 0

    /// When it is killed, having been told to end.
    private(set) var endsBy: BootTimeClock.Instant?
    private var isDismissed = false

    /// When it is waited for no more, having been killed.
    private(set) var givenUpBy: BootTimeClock.Instant?

    /// What the attempts used that it reported.
    private var reported = ResourceUsage(cpuSeconds: 0, peakMemory: 0)

    /// A word that marks the lines of its logger.
    let word = String(UInt64.random(in: 0 ... .max), radix: 36)

    /// Whether it has said that it takes orders.
    var isReady = false

    /// Whether it ends since the system had no room for what it needs.
    var lacksRoom = false

    /// Whether its process has ended.
    var hasEnded = false

    /// Whether its process has ended and was reaped, by whomever.
    var isGone: Bool {
        do { return try child.poll() != nil } catch { return true }
    }

    var isIdle: Bool { attempt == nil && !isDismissed && !hasEnded }

    /// Starts a worker: this program again.
    init(at now: BootTimeClock.Instant) throws {
        let output = try FileDescriptor.pipe()
        let errors = try FileDescriptor.pipe()
        try output.reader.setNonBlocking()
        try errors.reader.setNonBlocking()
        let ends = try FileDescriptor.socketPair()
        let own = FileDescriptor(owning: ends.0)
        let other = FileDescriptor(owning: ends.1)
        let nothing = try FileDescriptor.open("/dev/null", O_RDONLY)
        child = try ChildProcess.start(
            Command(
                CurrentProcess.executable, [DagKitWorker.workerArgument, word],
                descriptors: [
                    0: nothing.raw, 1: output.writer.raw, 2: errors.writer.raw,
                    WorkerProcess.channelDescriptor: other.raw,
                ],
                shownName: CommandLine.arguments.first))
        self.output = try output.reader.duplicate()
        self.errors = try errors.reader.duplicate()
        channel = try FrameChannel(owning: own)
        idleSince = now
    }

    /// Orders an attempt; its lock goes along.
    ///
    /// - Throws: ``SystemError``: the worker did not get it.
    func run(_ attempt: SupervisedAttempt) throws {
        let message = try MessageCoding.bytes(of: WorkerInstruction.run(attempt.order))
        guard let channel else { throw SystemError.failed("talk to worker", "\(child.id)", code: EPIPE) }
        try channel.send(message, passing: attempt.lockDescriptor)
        self.attempt = attempt
        attemptCount += 1
    }

    /// Takes note of what an attempt used that it reported.
    func note(_ usage: ResourceUsage?) {
        guard let usage else { return }
        reported.cpuSeconds += usage.cpuSeconds
        reported.readBytes += usage.readBytes
        reported.writtenBytes += usage.writtenBytes
        reported.contextSwitches += usage.contextSwitches
    }

    /// What the last attempt used, by what the whole process used until its end.
    func usageOfLastAttempt(_ whole: ResourceUsage) -> ResourceUsage {
        ResourceUsage(
            cpuSeconds: max(0, whole.cpuSeconds - reported.cpuSeconds), peakMemory: whole.peakMemory,
            readBytes: max(0, whole.readBytes - reported.readBytes),
            writtenBytes: max(0, whole.writtenBytes - reported.writtenBytes),
            contextSwitches: max(0, whole.contextSwitches - reported.contextSwitches))
    }

    /// Closes the connection, upon which the worker ends by itself, at the latest by force at the deadline.
    func dismiss(by deadline: BootTimeClock.Instant) {
        channel = nil
        isDismissed = true
        endsBy = min(endsBy ?? deadline, deadline)
    }

    /// Is waited for at most until an instant, as it was killed; the deadlines before that are met.
    func expectEnd(by deadline: BootTimeClock.Instant) {
        isDismissed = true
        givenUpBy = givenUpBy ?? deadline
        endsBy = nil
        attempt?.forgetDeadline()
    }

    /// Reads what a worker that has nothing more to say has printed into the log of its attempt.
    ///
    /// It ends with what is in the pipes: who else holds them open is not waited for.
    func drainAll() {
        for source in [AttemptLog.Source.output, .errors] {
            var count = 0
            // No pipe holds that much: a task that prints on does not keep the supervisor here.
            while count < 64, drain(source) == .some(false) { count += 1 }
        }
    }

    /// Reads what fits into one read into the log of the attempt.
    ///
    /// - Returns: Whether nobody writes to the pipe any more; `nil` if there was nothing.
    @discardableResult
    func drain(_ source: AttemptLog.Source) -> Bool? {
        let bytes = try? source == .output ? output.read(upTo: 1 << 16) : errors.read(upTo: 1 << 16)
        guard let bytes else { return nil }
        if bytes.isEmpty { return true }
        attempt?.log.take(bytes, from: source)
        return false
    }
}

/// An attempt that a worker runs.
final class SupervisedAttempt {
    let order: AttemptOrder
    let log: AttemptLog

    /// The wall clock's time of its start.
    let startedOn: Date
    private let lock: AttemptLocks.Slot

    /// Whether a command of it was killed by signal 9.
    var hasLostCommand = false

    /// Whether that was the kernel, for lack of memory.
    var lacksMemory = false

    /// Why it was told to end, and whether another try may follow; `nil` while nobody has.
    private(set) var ending: (reason: String, isRetryable: Bool)?

    /// When its timeout is over or, once it was told to end, when it is killed; `nil` for no limit.
    private(set) var deadline: BootTimeClock.Instant?

    /// By when its worker has to say that it starts nothing more, before its other processes are asked to end; `nil` if that is
    /// not waited for.
    private(set) var answerDue: BootTimeClock.Instant?
    private(set) var isAskedAgain = false

    init(
        _ order: AttemptOrder, log: AttemptLog, lock: AttemptLocks.Slot, at now: BootTimeClock.Instant,
        wall: Date
    ) {
        self.order = order
        self.log = log
        self.lock = lock
        startedOn = wall
        deadline = order.timeout.map { now.advanced(by: $0) }
    }

    var lockDescriptor: Int32 { lock.descriptor }

    /// Notes that it was told to end, unless it was before.
    func end(because reason: String, isRetryable: Bool, killedAt deadline: BootTimeClock.Instant) {
        if ending == nil { ending = (reason, isRetryable) }
        self.deadline = deadline
    }

    /// Is killed at `instant` if it was to be killed later.
    func hasten(to instant: BootTimeClock.Instant) {
        if let deadline, deadline > instant { self.deadline = instant }
    }

    func forgetDeadline() {
        deadline = nil
        answerDue = nil
    }

    /// Waits for the answer of its worker.
    func expectAnswer(by instant: BootTimeClock.Instant, isAgain: Bool) {
        answerDue = instant
        isAskedAgain = isAgain
    }

    /// Its other processes are asked to end.
    func forgetAnswer() { answerDue = nil }

    /// The outcome as it counts: an attempt that was told to end has failed for that reason, whatever it says itself, and one
    /// that ran out of memory for that; secrets are masked.
    func judge(_ reported: AttemptOutcome) -> AttemptOutcome {
        var outcome =
            ending.map { reported.ended(because: $0.reason, isRetryable: $0.isRetryable) } ?? reported
        if ending == nil, lacksMemory, case .failed(let reason, let isRetryable, let delay) = outcome.verdict
        {
            outcome.verdict = .failed(
                reason: "out of memory: the kernel ended a process of the task: \(reason)",
                isRetryable: isRetryable, retryDelay: delay)
        }
        outcome.verdict = masked(outcome.verdict)
        outcome.rendered = outcome.rendered.map { TemplateField($0.name, log.mask($0.text)) }
        return outcome
    }

    /// The last line of the log: how it ended and what it used.
    func summary(of outcome: AttemptOutcome) -> String {
        let end =
            switch outcome.verdict {
            case .success: "success"
            case .skipped(let reason): "skipped: \(reason)"
            case .failed(let reason, _, _): "failed: \(reason)"
            case .notStarted(let reason): "not started: \(reason)"
            case .waiting(let until, _): "waiting until \(until.isoText)"
            }
        guard let usage = outcome.usage else { return end }
        let milliseconds = Int((usage.cpuSeconds * 1000).rounded())
        return
            "\(end) (\(milliseconds) ms of processor time, \(usage.peakMemory >> 20) MiB of memory at most)"
    }

    private func masked(_ verdict: AttemptOutcome.Verdict) -> AttemptOutcome.Verdict {
        switch verdict {
        case .success: verdict
        case .skipped(let reason): .skipped(reason: log.mask(reason))
        case .failed(let reason, let isRetryable, let delay):
            .failed(reason: log.mask(reason), isRetryable: isRetryable, retryDelay: delay)
        case .notStarted(let reason): .notStarted(reason: log.mask(reason))
        case .waiting(let until, let reason): .waiting(until: until, reason: log.mask(reason))
        }
    }
}
