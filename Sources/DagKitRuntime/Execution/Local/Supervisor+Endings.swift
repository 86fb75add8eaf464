import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// How attempts are told to end, and workers killed.
extension Supervisor {
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

    /// Asks an attempt to end: first its worker, which cancels its work and starts nothing more, and upon its answer all else.
    private func terminate(
        _ attempt: SupervisedAttempt, _ worker: SupervisedWorker, because reason: String, isRetryable: Bool,
        at now: BootTimeClock.Instant, grace: Duration
    ) {
        attempt.end(because: reason, isRetryable: isRetryable, killedAt: now.advanced(by: grace))
        attempt.log.note("ending: \(reason)", level: .warning)
        ask(worker)
        attempt.expectAnswer(by: now.advanced(by: Self.answerPatience), isAgain: false)
    }

    /// How long a worker has to answer; twice as long, and the other processes of its attempt are asked without its answer.
    private static let answerPatience: Duration = .milliseconds(500)

    private func ask(_ worker: SupervisedWorker) {
        // Its id may be another one's by now, and what it left is being killed.
        if worker.hasEnded { return }
        worker.child.send(SIGTERM)
        // A stopped process hears nothing until it goes on.
        worker.child.send(SIGCONT)
    }

    /// Asks a worker once more that did not answer: it was about to begin the attempt, or it hangs.
    func askAgain(_ attempt: SupervisedAttempt, _ worker: SupervisedWorker, at now: BootTimeClock.Instant) {
        ask(worker)
        if attempt.isAskedAgain { return askProcesses(of: attempt, worker, at: now) }
        attempt.expectAnswer(by: now.advanced(by: Self.answerPatience), isAgain: true)
    }

    /// A worker has heard that its attempt is to end, from this supervisor or somebody else.
    func hearEnding(of worker: SupervisedWorker, at now: BootTimeClock.Instant) {
        guard let attempt = worker.attempt else { return }
        if attempt.ending == nil {
            let reason = "the task's process was told to end (signal 15)"
            attempt.end(
                because: reason, isRetryable: true, killedAt: now.advanced(by: configuration.killGrace))
            attempt.log.note("ending: \(reason)", level: .warning)
        } else if attempt.answerDue == nil {
            return
        }
        askProcesses(of: attempt, worker, at: now)
    }

    /// Asks all processes below a worker to end, those that left its group and session too, once.
    private func askProcesses(
        of attempt: SupervisedAttempt, _ worker: SupervisedWorker, at now: BootTimeClock.Instant
    ) {
        if worker.hasEnded { return attempt.forgetAnswer() }
        do {
            let processes = try ProcessTree.descendants(of: worker.child.id)
            for process in processes { process.send(SIGTERM) }
            for process in processes { process.send(SIGCONT) }
            attempt.forgetAnswer()
        } catch {
            // The system shows them at the next look, or else they are killed at the end of the grace.
            attempt.expectAnswer(by: now.advanced(by: Self.answerPatience), isAgain: true)
        }
    }

    /// How long a killed worker may take before it is looked at as what may never end; its memory may be large.
    private static let deathPatience: Duration = .seconds(1)

    /// Kills a worker; what it leaves is killed when its exit is seen, which follows at once, or once it is late.
    func kill(_ worker: SupervisedWorker) {
        dismiss(worker)
        worker.child.sendToGroup(SIGKILL)
        worker.expectEnd(by: clock.now.advanced(by: Self.deathPatience))
    }
}
