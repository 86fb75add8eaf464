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
        workers.append(worker)
        if let channel = worker.channel { try watch(channel.descriptor, .channel(worker)) }
        try watch(worker.output.raw, .output(worker))
        try watch(worker.errors.raw, .output(worker))
        try watch(worker.child.descriptor, .exit(worker))
        return worker
    }

    /// Gives an attempt to an idle worker, or to a new one.
    func start(_ order: AttemptOrder, at now: BootTimeClock.Instant) throws {
        // A scheduler that was not sure may say it twice.
        guard attempts[order.attemptID] == nil, !outcomes.contains(order.attemptID) else { return }
        FaultPoint.orderReceived.pass()
        if isRetiring { return conclude(notStarted(order, "the supervisor takes no attempts any more")) }
        guard let worker = freeWorker() else {
            waiting.append(order)
            nextStartTry = now.advanced(by: .seconds(1))
            return
        }
        do {
            let attempt = try prepare(order, at: now)
            attempts[order.attemptID] = worker
            attempt.log.note(
                "attempt \(order.tryNumber) of \(order.lastTry) of \(order.key) starts in process \(worker.child.id)"
            )
            try worker.run(attempt)
            FaultPoint.workerTold.pass()
        } catch {
            // Before any of its effects: it fails with that reason, and its retry delay keeps it from trying in circles.
            if worker.attempt != nil { dismiss(worker) }
            worker.attempt = nil
            attempts[order.attemptID] = nil
            locks.release(order.attemptID)
            return conclude(failed(order, "\(error)", isRetryable: true, startedAt: self.now()))
        }
    }

    func startWaiting(at now: BootTimeClock.Instant) throws {
        nextStartTry = nil
        let orders = waiting
        waiting.removeAll()
        for order in orders { try start(order, at: now) }
    }

    /// The worker that was busy last, as its memory is the warmest.
    private func freeWorker() -> SupervisedWorker? {
        if let idle = workers.filter(\.isIdle).max(by: { $0.idleSince < $1.idleSince }) { return idle }
        do {
            return try startWorker()
        } catch {
            log("cannot start a worker: \(error)", level: .error)
            return nil
        }
    }

    private func prepare(_ order: AttemptOrder, at now: BootTimeClock.Instant) throws -> SupervisedAttempt {
        let folders = configuration.folders
        let lock = try locks.take(order.attemptID, now: self.now())
        FaultPoint.lockTaken.pass()
        let log = try AttemptLog(folders.log(of: order), limit: configuration.logLimit, now: self.now)
        return SupervisedAttempt(order, log: log, lock: lock, at: now, wall: self.now())
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
            try kill(worker)
        }
    }

    private func take(_ report: WorkerReport, from worker: SupervisedWorker) throws {
        switch report {
        case .mask(let values):
            worker.attempt?.log.addSecrets(values)
            try worker.channel?.send(MessageCoding.bytes(of: WorkerInstruction.masked))
        case .finished(let outcome, let isSpent): try finish(outcome, of: worker, isSpent: isSpent)
        }
    }

    private func finish(_ reported: AttemptOutcome, of worker: SupervisedWorker, isSpent: Bool) throws {
        guard let attempt = worker.attempt, attempt.order.attemptID == reported.attemptID else { return }
        FaultPoint.outcomeReceived.pass()
        worker.drain()
        worker.reportedSeconds += reported.usage?.cpuSeconds ?? 0
        let outcome = attempt.judge(reported)
        let mustGo =
            isSpent || attempt.ending != nil || worker.attemptCount >= configuration.attemptsPerWorker
        close(attempt, of: worker, outcome)
        worker.idleSince = clock.now
        if mustGo { dismiss(worker) } else { planTrim() }
        if !waiting.isEmpty { try startWaiting(at: clock.now) }
    }

    /// Ends an attempt's log and lock, and reports its outcome.
    private func close(_ attempt: SupervisedAttempt, of worker: SupervisedWorker, _ outcome: AttemptOutcome) {
        attempt.log.note(attempt.summary(of: outcome))
        attempt.log.finish()
        worker.attempt = nil
        attempts[outcome.attemptID] = nil
        locks.release(outcome.attemptID)
        conclude(outcome)
    }

    // MARK: Ending

    /// Ends a worker that is not needed any more.
    func dismiss(_ worker: SupervisedWorker) {
        if let channel = worker.channel { unwatch(channel.descriptor) }
        worker.dismiss(by: clock.now.advanced(by: .seconds(5)))
    }

    func end(_ id: AttemptID, because reason: String, at now: BootTimeClock.Instant) throws {
        if let index = waiting.firstIndex(where: { $0.attemptID == id }) {
            let order = waiting.remove(at: index)
            return conclude(failed(order, reason, isRetryable: false, startedAt: self.now()))
        }
        guard let worker = attempts[id], let attempt = worker.attempt, attempt.ending == nil else { return }
        terminate(attempt, worker, because: reason, isRetryable: false, at: now)
    }

    func endAttempts(because reason: String, at now: BootTimeClock.Instant) {
        for worker in attempts.values {
            guard let attempt = worker.attempt, attempt.ending == nil else { continue }
            terminate(attempt, worker, because: reason, isRetryable: true, at: now)
        }
    }

    /// The first deadline of an attempt is its timeout, the second the end of the grace.
    func meetDeadline(
        of attempt: SupervisedAttempt, _ worker: SupervisedWorker, at now: BootTimeClock.Instant
    )
        throws
    {
        guard attempt.ending == nil, let timeout = attempt.order.timeout else { return try kill(worker) }
        let error = AttemptTimeout(limit: timeout)
        terminate(attempt, worker, because: error.description, isRetryable: true, at: now)
    }

    /// Asks all of an attempt's processes to end.
    private func terminate(
        _ attempt: SupervisedAttempt, _ worker: SupervisedWorker, because reason: String, isRetryable: Bool,
        at now: BootTimeClock.Instant
    ) {
        attempt.end(
            because: reason, isRetryable: isRetryable, killedAt: now.advanced(by: configuration.killGrace))
        attempt.log.note("ending: \(reason)", level: .warning)
        let descendants = (try? ProcessTree.descendants(of: worker.child.id)) ?? []
        worker.child.sendToGroup(SIGTERM)
        for process in descendants { Glibc.kill(process.id, SIGTERM) }
        // A stopped process hears nothing until it goes on.
        worker.child.sendToGroup(SIGCONT)
    }

    /// Kills a worker; what it leaves is killed when its exit is seen, which follows at once.
    func kill(_ worker: SupervisedWorker) throws {
        dismiss(worker)
        worker.child.sendToGroup(SIGKILL)
        worker.forgetDeadlines()
    }

    /// Takes note that a worker has ended: its attempt, if it had one, has failed.
    func reap(_ worker: SupervisedWorker) throws {
        guard let exit = try worker.child.poll() else { return }
        // What it said last may wait to be read.
        try readReports(of: worker)
        // Whatever it left is a child of this process now; workers are spared, as are theirs.
        workers.removeAll { $0 === worker }
        try ProcessTree.killDescendants(sparing: Set(workers.map(\.child.id)))
        worker.drain()
        unwatch(worker.child.descriptor)
        unwatch(worker.output.raw)
        unwatch(worker.errors.raw)
        if let channel = worker.channel { unwatch(channel.descriptor) }
        worker.dismiss(by: clock.now)
        if let attempt = worker.attempt { close(attempt, of: worker, death(of: attempt, worker, exit)) }
        if !waiting.isEmpty { try startWaiting(at: clock.now) }
        // One that ended before it ever worked would do so again.
        if workers.isEmpty, !isRetiring, worker.attemptCount > 0 { try startWorker() }
    }

    private func death(
        of attempt: SupervisedAttempt, _ worker: SupervisedWorker, _ exit: ProcessExit
    ) -> AttemptOutcome {
        attempt.log.finish()
        let crash = attempt.log.crashLine.map { ": \($0)" } ?? ""
        var usage = exit.usage
        usage.cpuSeconds = max(0, usage.cpuSeconds - worker.reportedSeconds)
        var outcome = failed(
            attempt.order, "the task's process ended with \(exit)\(crash)", isRetryable: true,
            startedAt: attempt.startedOn)
        outcome.usage = usage
        outcome.processID = Int(worker.child.id)
        return attempt.judge(outcome)
    }
}
