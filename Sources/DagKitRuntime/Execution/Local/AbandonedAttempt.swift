import DagKitCore
import DagKitSystem
import Glibc

/// The end of an attempt whose supervisor is dead, step by step.
struct AbandonedAttempt {
    /// What a step came to.
    struct Step {
        /// Whether the attempt is dead, but for what cannot be ended.
        let isOver: Bool
        /// What is to be told to those who look after the home.
        let complaints: [String]
    }

    private let attempt: AttemptID
    private let name: String
    private let lock: String
    private let start: BootTimeClock.Instant

    /// When each process was first told to end.
    private var told: [ProcessIdentity: BootTimeClock.Instant] = [:]
    private var survivors: Set<ProcessIdentity> = []
    /// Since when the lock is held and nobody is found who holds it.
    private var sawNobodySince: BootTimeClock.Instant?

    /// The id of its worker, once the lock file was read.
    private var worker: Int32?

    /// How long a worker may take to end by itself, with all that it has started.
    private static let patience: Duration = .seconds(1)

    /// - Parameters:
    ///   - key: The task instance that it is an attempt of.
    ///   - lock: The path of its lock file.
    init(_ attempt: AttemptID, of key: TaskInstanceKey, lock: String, at now: BootTimeClock.Instant) {
        self.attempt = attempt
        name = "attempt \(attempt) of \(key)"
        self.lock = lock
        start = now
    }

    /// Whether its worker may live: a process has its id.
    private mutating func mayHaveWorker() throws(SystemError) -> Bool {
        if worker == nil { worker = try AttemptNote.read(lock)?.worker }
        guard let worker else { return true }
        guard let process = try ProcessIdentity.find(worker) else { return false }
        return try process.lives()
    }

    /// Looks for its processes and kills what is left of them.
    ///
    /// - Throws: ``SystemError`` if the system does not say whether any is left.
    mutating func step(at now: BootTimeClock.Instant) throws(SystemError) -> Step {
        let isHeld = try FileLock.isHeld(lock)
        // Until then a worker that lives ends its children and itself, in that order.
        var isLate = now > start.advanced(by: Self.patience)
        if !isLate { isLate = try !mayHaveWorker() }
        var found: Set<ProcessIdentity> = []
        if !isHeld || isLate { found.formUnion(try AttemptMark.processes(of: attempt, lock: lock)) }
        if isHeld, isLate { found.formUnion(try FileLock.holders(of: lock)) }
        var complaints: [String] = []
        for process in found where !survivors.contains(process) {
            let delivery = process.send(SIGKILL)
            let first = told[process] ?? now
            told[process] = first
            guard first.advanced(by: DescendantSweep.patience) <= now else { continue }
            survivors.insert(process)
            var error: SystemError?
            if case .refused(let refusal) = delivery { error = refusal }
            let survivor = DescendantSweep.Survivor(process: process, error: error)
            complaints.append("\(survivor), which \(name) left: end it as its owner, or as root")
        }
        if !isHeld || !found.isEmpty { sawNobodySince = nil }
        if isHeld, isLate, found.isEmpty { sawNobodySince = sawNobodySince ?? now }
        let isDead = found.allSatisfy(survivors.contains)
        var isOver = isDead && (!isHeld || !found.isEmpty)
        // Nobody sees who holds it, so nobody can end it: it is waited for no longer than what cannot be ended.
        if let since = sawNobodySince, now >= since.advanced(by: DescendantSweep.patience) {
            isOver = true
            complaints.append(
                "\(name) left a process that this user cannot see, which holds \(lock): end it as root")
        }
        return Step(isOver: isOver, complaints: complaints)
    }
}
