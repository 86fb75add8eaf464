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
    var idleSince: BootTimeClock.Instant
    private(set) var attemptCount = 0

    /// When it is killed, having been told to end.
    private(set) var endsBy: BootTimeClock.Instant?
    private var isDismissed = false

    /// The processor time of the attempts that it reported.
    var reportedSeconds = 0.0

    var isIdle: Bool { attempt == nil && !isDismissed }

    /// Starts a worker: this program again.
    init(at now: BootTimeClock.Instant) throws {
        let output = try FileDescriptor.pipe()
        let errors = try FileDescriptor.pipe()
        let ends = try FileDescriptor.socketPair()
        let own = FileDescriptor(owning: ends.0)
        let other = FileDescriptor(owning: ends.1)
        let nothing = try FileDescriptor.open("/dev/null", O_RDONLY)
        child = try ChildProcess.start(
            Command(
                CurrentProcess.executable, [DagKitWorker.workerArgument],
                descriptors: [
                    0: nothing.raw, 1: output.writer.raw, 2: errors.writer.raw,
                    WorkerProcess.channelDescriptor: other.raw,
                ],
                shownName: CommandLine.arguments.first))
        self.output = try output.reader.duplicate()
        self.errors = try errors.reader.duplicate()
        try self.output.setNonBlocking()
        try self.errors.setNonBlocking()
        channel = try FrameChannel(owning: own)
        idleSince = now
    }

    /// Orders an attempt; its lock goes along.
    func run(_ attempt: SupervisedAttempt) throws {
        self.attempt = attempt
        attemptCount += 1
        try channel?.send(
            MessageCoding.bytes(of: WorkerInstruction.run(attempt.order)), passing: attempt.lockDescriptor)
    }

    /// Closes the connection, upon which the worker ends by itself, at the latest by force at the deadline.
    func dismiss(by deadline: BootTimeClock.Instant) {
        channel = nil
        isDismissed = true
        endsBy = min(endsBy ?? deadline, deadline)
    }

    /// Has no deadlines any more: what they were for is done.
    func forgetDeadlines() {
        isDismissed = true
        endsBy = nil
        attempt?.forgetDeadline()
    }

    /// Reads what the worker has printed so far into the log of its attempt.
    ///
    /// - Returns: The pipes that nobody writes to any more.
    @discardableResult
    func drain() -> [Int32] {
        var ended: [Int32] = []
        if drain(output, as: .output) { ended.append(output.raw) }
        if drain(errors, as: .errors) { ended.append(errors.raw) }
        return ended
    }

    private func drain(_ pipe: borrowing FileDescriptor, as source: AttemptLog.Source) -> Bool {
        // A pipe holds 64 KiB: a task that prints without end does not keep the loop here.
        for _ in 0..<4 {
            guard let bytes = try? pipe.read(upTo: 1 << 16) else { return false }
            if bytes.isEmpty { return true }
            attempt?.log.take(bytes, from: source)
        }
        return false
    }
}

/// An attempt that a worker runs.
final class SupervisedAttempt {
    let order: AttemptOrder
    let log: AttemptLog

    /// The wall clock's time of its start.
    let startedOn: Date
    private let lock: FileLock

    /// Why it was told to end, and whether another try may follow; `nil` while nobody has.
    private(set) var ending: (reason: String, isRetryable: Bool)?

    /// When its timeout is over or, once it was told to end, when it is killed; `nil` for no limit.
    private(set) var deadline: BootTimeClock.Instant?

    init(
        _ order: AttemptOrder, log: AttemptLog, lock: consuming FileLock, at now: BootTimeClock.Instant,
        wall: Date
    ) {
        self.order = order
        self.log = log
        self.lock = lock
        startedOn = wall
        deadline = order.timeout.map { now.advanced(by: $0) }
    }

    var lockDescriptor: Int32 { lock.descriptor.raw }

    /// Notes that it was told to end, unless it was before.
    func end(because reason: String, isRetryable: Bool, killedAt deadline: BootTimeClock.Instant) {
        if ending == nil { ending = (reason, isRetryable) }
        self.deadline = deadline
    }

    func forgetDeadline() { deadline = nil }

    /// The outcome as it counts: an attempt that was told to end has failed for that reason, whatever it says itself; secrets
    /// are masked.
    func judge(_ reported: AttemptOutcome) -> AttemptOutcome {
        var verdict = reported.verdict
        if let ending {
            verdict = .failed(reason: ending.reason, isRetryable: ending.isRetryable, retryDelay: nil)
        }
        return AttemptOutcome(
            attemptID: reported.attemptID, key: reported.key, tryNumber: reported.tryNumber,
            verdict: masked(verdict),
            pushed: ending == nil ? reported.pushed : [], startedAt: reported.startedAt,
            endedAt: reported.endedAt,
            usage: reported.usage, processID: reported.processID, hostname: reported.hostname,
            rendered: reported.rendered.map { TemplateField($0.name, log.mask($0.text)) })
    }

    /// The last line of the log: how it ended and what it used.
    func summary(of outcome: AttemptOutcome) -> String {
        let end =
            switch outcome.verdict {
            case .success: "success"
            case .skipped(let reason): "skipped: \(reason)"
            case .failed(let reason, _, _): "failed: \(reason)"
            case .notStarted(let reason): "not started: \(reason)"
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
        }
    }
}
