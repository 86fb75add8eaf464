import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// How attempts come to a worker, and wait while the system has no room for them.
extension Supervisor {
    /// Gives an attempt to an idle worker, or to a new one.
    func start(_ order: AttemptOrder, at now: BootTimeClock.Instant) {
        // A scheduler that was not sure may say it twice.
        guard attempts[order.attemptID] == nil, !outcomes.contains(order.attemptID) else { return }
        FaultPoint.orderReceived.pass()
        if isRetiring { return conclude(notStarted(order, "the supervisor takes no attempts any more")) }
        do {
            let worker = try freeWorker()
            do {
                let attempt = try prepare(order, worker, at: now)
                attempt.log.note(
                    "attempt \(order.tryNumber) of \(order.lastTry) of \(order.key) starts in process \(worker.child.id)"
                )
                try hand(attempt, to: worker)
            } catch {
                locks.release(order.attemptID)
                throw error
            }
            if worker.attempt?.log.files.isFallback == true {
                warn(
                    "the log of \(order.key) cannot be written to \(configuration.folders.logs); it lies in "
                        + configuration.folders.fallbackLog(of: order))
            }
        } catch let error as SystemError
            where error.isShortage || error.code == EPIPE || error.code == ECONNRESET
        {
            // Nothing of it has begun: it waits for a better moment, and the same try goes then.
            wait(order, because: "\(error)", isShortage: error.isShortage, at: now)
        } catch {
            // Before any of its effects: it fails with that reason, and its retry delay keeps it from trying in circles.
            conclude(failed(order, "\(error)", isRetryable: true, startedAt: self.now()))
        }
    }

    /// - Throws: ``SystemError``: the worker has not got it, and never will.
    private func hand(_ attempt: SupervisedAttempt, to worker: SupervisedWorker) throws {
        do {
            try worker.run(attempt)
        } catch {
            // A part of it may be under way: no later message may complete it.
            kill(worker)
            throw error
        }
        FaultPoint.workerTold.pass()
        attempts[attempt.order.attemptID] = worker
        guard let channel = worker.channel else { return }
        do {
            // A large order does not fit into the socket at once.
            try updateWriting(channel)
        } catch {
            attempt.log.note("\(error)", level: .error)
            kill(worker)
        }
    }

    private func wait(
        _ order: AttemptOrder, because reason: String, isShortage: Bool, at now: BootTimeClock.Instant
    ) {
        waiting.append(order)
        nextStartTry = now.advanced(by: isShortage ? .seconds(1) : .zero)
        guard isShortage else { return }
        locks.removeFree()
        guard shortage.begin(at: now) else { return }
        warn("attempts wait until the system has room for them: \(reason)")
    }

    /// Lets an attempt of which nothing has begun wait for a better moment, and ends its worker: others may need its threads.
    func postpone(_ attempt: SupervisedAttempt, of worker: SupervisedWorker, because reason: String) {
        attempt.log.note("nothing of it has begun, and it waits: \(reason)", level: .warning)
        attempt.log.finish()
        worker.attempt = nil
        worker.lacksRoom = true
        attempts[attempt.order.attemptID] = nil
        locks.release(attempt.order.attemptID)
        if !worker.hasEnded { dismiss(worker) }
        wait(attempt.order, because: reason, isShortage: true, at: clock.now)
    }

    /// Tries what waits, in order, until something is short again.
    func startWaiting(at now: BootTimeClock.Instant) {
        nextStartTry = nil
        var orders = waiting[...]
        waiting.removeAll()
        while let order = orders.popFirst() {
            start(order, at: now)
            guard waiting.isEmpty else { return waiting += orders }
        }
    }

    /// The worker that was busy last, as its memory is the warmest.
    private func freeWorker() throws -> SupervisedWorker {
        let idle = workers.filter { $0.isIdle && ($0.isReady || !shortage.isOpen) }
        if let idle = idle.max(by: { $0.idleSince < $1.idleSince }) { return idle }
        guard shortage.isOpen else { return try startWorker() }
        // Many that start at once would keep from each other what one alone gets.
        if workers.allSatisfy(\.isReady) { try startWorker() }
        throw SystemError.failed("start one more worker yet", nil, code: EAGAIN)
    }

    private func prepare(
        _ order: AttemptOrder, _ worker: SupervisedWorker, at now: BootTimeClock.Instant
    ) throws -> SupervisedAttempt {
        let folders = configuration.folders
        try folders.requireLogSpace(configuration.logFloor)
        let wall = self.now()
        // Where only the whole machine counts, what it counted before this attempt is not this attempt's.
        if memoryKills[MemoryKills.machine] != nil { _ = noteMemoryKills(of: worker) }
        let note = AttemptNote(order, startedAt: wall, worker: worker.child.id).text
        let lock = try lock(order.attemptID, at: wall, note: note)
        FaultPoint.lockTaken.pass()
        let log = try AttemptLog(
            folders.log(of: order), orElse: folders.fallbackLog(of: order), limit: configuration.logLimit,
            isFirst: order.tryNumber == 1 && order.pokeCount == 0,
            patterns: secrets, mark: OutputLines.mark(of: worker.word), now: self.now)
        log.files.warn = { [weak self] text in self?.warn("the log of \(order.key): \(text)") }
        return SupervisedAttempt(order, log: log, lock: lock, at: now, wall: wall)
    }

    private func lock(_ attempt: AttemptID, at now: Date, note: String) throws
        -> AttemptLocks.Slot
    {
        do {
            return try locks.take(attempt, now: now, note: note)
        } catch SystemError.failed(_, _, code: ENOENT) {
            // Somebody removed the folder.
            try configuration.folders.create()
            return try locks.take(attempt, now: now, note: note)
        }
    }
}
