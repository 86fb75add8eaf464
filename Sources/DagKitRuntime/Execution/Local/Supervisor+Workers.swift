import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// The workers of a supervisor: their start, what they report, their end.
extension Supervisor {
    // MARK: Starting

    @discardableResult
    func startWorker() throws -> SupervisedWorker {
        let worker = try SupervisedWorker(at: clock.now)
        do {
            try listen(to: worker)
        } catch {
            silence(worker)
            throw error
        }
        workers.append(worker)
        return worker
    }

    private func listen(to worker: SupervisedWorker) throws {
        if let channel = worker.channel { try watch(channel.descriptor, .channel(worker), of: worker) }
        try watch(worker.output.raw, .output(worker, .output), of: worker)
        try watch(worker.errors.raw, .output(worker, .errors), of: worker)
        try watch(worker.child.descriptor, .exit(worker), of: worker)
    }

    private func watch(_ descriptor: Int32, _ source: Source, of worker: SupervisedWorker) throws {
        try FailurePoint.watchWorker.pass("watch worker", "\(worker.child.id)")
        try watch(descriptor, source)
    }

    /// Kills a worker of which nothing would be heard.
    private func silence(_ worker: SupervisedWorker) {
        if let channel = worker.channel { unwatch(channel.descriptor) }
        for descriptor in [worker.output.raw, worker.errors.raw, worker.child.descriptor] {
            unwatch(descriptor)
        }
        worker.child.sendToGroup(SIGKILL)
        unheard.append(worker)
    }

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

    // MARK: Reports

    func readReports(of worker: SupervisedWorker) throws {
        guard let channel = worker.channel else { return }
        do {
            let (messages, isOpen) = try channel.receive()
            for message in messages {
                try take(try MessageCoding.message(WorkerReport.self, from: message), from: worker)
            }
            guard worker.channel != nil else { return }
            try channel.flush()
            try updateWriting(channel)
            // Its exit follows and says more.
            if !isOpen { unwatch(channel.descriptor) }
        } catch {
            worker.attempt?.log.note("\(error)", level: .error)
            kill(worker)
        }
    }

    private func take(_ report: WorkerReport, from worker: SupervisedWorker) throws {
        switch report {
        case .ready:
            worker.isReady = true
            if shortage.isOpen, !waiting.isEmpty { startWaiting(at: clock.now) }
        case .mask(let values):
            worker.attempt?.log.addSecrets(values)
            try worker.channel?.send(MessageCoding.bytes(of: WorkerInstruction.masked))
        case .lostCommand: worker.attempt?.hasLostCommand = true
        case .finished(let outcome, let isSpent): finish(outcome, of: worker, isSpent: isSpent)
        }
    }

    private func finish(_ reported: AttemptOutcome, of worker: SupervisedWorker, isSpent: Bool) {
        guard let attempt = worker.attempt, attempt.order.attemptID == reported.attemptID else { return }
        FaultPoint.outcomeReceived.pass()
        worker.drainAll()
        worker.note(reported.usage)
        if case .notStarted(let reason) = reported.verdict, attempt.ending == nil {
            return postpone(attempt, of: worker, because: reason)
        }
        if case .failed = reported.verdict { tellMemoryKills(of: worker, to: attempt) }
        let outcome = attempt.judge(reported)
        if isSpent || attempt.ending != nil {
            // What did not heed the end may go on in the process: the outcome counts once that is dead.
            worker.lastOutcome = outcome
            return kill(worker)
        }
        close(attempt, of: worker, outcome)
        if waiting.isEmpty, shortage.end() { log("attempts start again") }
        worker.idleSince = clock.now
        if worker.attemptCount >= configuration.attemptsPerWorker { dismiss(worker) } else { planTrim() }
        if !waiting.isEmpty { startWaiting(at: clock.now) }
    }

    /// Ends an attempt's log and lock, and reports its outcome.
    func close(_ attempt: SupervisedAttempt, of worker: SupervisedWorker, _ outcome: AttemptOutcome) {
        attempt.log.note(attempt.summary(of: outcome))
        attempt.log.finish()
        worker.attempt = nil
        attempts[outcome.attemptID] = nil
        // The lock file tells of it until the outcome is safe: so it is known that the attempt had begun.
        conclude(outcome)
    }

    // MARK: Ending

    /// Ends a worker that is not needed any more.
    func dismiss(_ worker: SupervisedWorker) {
        if let channel = worker.channel { unwatch(channel.descriptor) }
        worker.dismiss(by: clock.now.advanced(by: .seconds(5)))
    }

    func end(_ id: AttemptID, because reason: String, at now: BootTimeClock.Instant) {
        if let index = waiting.firstIndex(where: { $0.attemptID == id }) {
            let order = waiting.remove(at: index)
            return conclude(failed(order, reason, isRetryable: false, startedAt: self.now()))
        }
        guard let worker = attempts[id], let attempt = worker.attempt, attempt.ending == nil else { return }
        terminate(
            attempt, worker, because: reason, isRetryable: false, at: now, grace: configuration.killGrace)
    }

    /// Ends what runs; what was told to end before is killed once the grace is over, if that is earlier.
    func endAttempts(because reason: String, at now: BootTimeClock.Instant, grace: Duration? = nil) {
        let grace = grace ?? configuration.killGrace
        for worker in attempts.values {
            guard let attempt = worker.attempt else { continue }
            if attempt.ending == nil {
                terminate(attempt, worker, because: reason, isRetryable: true, at: now, grace: grace)
            } else {
                attempt.hasten(to: now.advanced(by: grace))
            }
        }
    }

    /// The first deadline of an attempt is its timeout, the second the end of the grace.
    func meetDeadline(
        of attempt: SupervisedAttempt, _ worker: SupervisedWorker, at now: BootTimeClock.Instant
    ) {
        guard attempt.ending == nil, let timeout = attempt.order.timeout else { return kill(worker) }
        let error = AttemptTimeout(limit: timeout)
        terminate(
            attempt, worker, because: error.description, isRetryable: true, at: now,
            grace: configuration.killGrace)
    }

    /// Asks all of an attempt's processes to end.
    private func terminate(
        _ attempt: SupervisedAttempt, _ worker: SupervisedWorker, because reason: String, isRetryable: Bool,
        at now: BootTimeClock.Instant, grace: Duration
    ) {
        attempt.end(because: reason, isRetryable: isRetryable, killedAt: now.advanced(by: grace))
        attempt.log.note("ending: \(reason)", level: .warning)
        // Its id may be another one's by now, and what it left is being killed.
        if worker.hasEnded { return }
        let descendants = (try? ProcessTree.descendants(of: worker.child.id)) ?? []
        worker.child.sendToGroup(SIGTERM)
        for process in descendants { process.send(SIGTERM) }
        // A stopped process hears nothing until it goes on.
        worker.child.sendToGroup(SIGCONT)
        for process in descendants { process.send(SIGCONT) }
    }

    /// How long a killed worker may take before it is looked at as what may never end; its memory may be large.
    private static let deathPatience: Duration = .seconds(1)

    /// Kills a worker; what it leaves is killed when its exit is seen, which follows at once, or once it is late.
    func kill(_ worker: SupervisedWorker) {
        dismiss(worker)
        worker.child.sendToGroup(SIGKILL)
        worker.expectEnd(by: clock.now.advanced(by: Self.deathPatience))
    }

    // MARK: Memory

    /// How often the kernel has killed for lack of memory where a process runs, and where this one does.
    func readMemoryKills(of process: Int32) -> [MemoryKills] {
        if let events = configuration.memoryEvents { return [MemoryKills.read(events)].compactMap(\.self) }
        let found = [MemoryKills.of(process), MemoryKills.of(getpid())].compactMap(\.self)
        return found.count == 2 && found[0].source == found[1].source ? [found[0]] : found
    }

    /// Whether a kill is counted that no death was put down to yet; one death is put down to one kill.
    func take(_ kills: [MemoryKills]) -> Bool {
        for kills in kills where kills.count > memoryKills[kills.source, default: 0] {
            memoryKills[kills.source, default: 0] += 1
            return true
        }
        return false
    }

    /// Puts down what was counted and not noted yet to nobody.
    ///
    /// - Returns: How many kills that were.
    private func noteMemoryKills(of worker: SupervisedWorker) -> Int {
        var count = 0
        for kills in readMemoryKills(of: worker.child.id) {
            count += kills.count - memoryKills[kills.source, default: 0]
            memoryKills[kills.source] = kills.count
        }
        return count
    }

    /// Puts the failure of an attempt whose command was killed down to a lack of memory, if the kernel counted a kill meanwhile.
    ///
    /// Of another attempt that failed by itself its log says that the kernel ended processes, which may be its own.
    private func tellMemoryKills(of worker: SupervisedWorker, to attempt: SupervisedAttempt) {
        if attempt.hasLostCommand, take(readMemoryKills(of: worker.child.id)) {
            attempt.lacksMemory = true
            if attempts.count == 1 { _ = noteMemoryKills(of: worker) }
            return
        }
        let count = noteMemoryKills(of: worker)
        guard count > 0 else { return }
        attempt.log.note(
            "the kernel ended \(count) processes for lack of memory while tasks ran", level: .warning)
    }
}
