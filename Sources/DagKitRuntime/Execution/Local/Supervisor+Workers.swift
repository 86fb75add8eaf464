import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// The workers of a supervisor: their start, and what they report.
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
        case .ending: hearEnding(of: worker, at: clock.now)
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
}
