import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// A worker that has ended or cannot be ended, and whose attempt stays open until what it left is dead.
struct DeadWorker {
    let worker: SupervisedWorker
    /// `nil` if nobody knows it: it has not ended, or did so while it was waited for no more.
    let exit: ProcessExit?
    let kills: [MemoryKills]

    /// Whether it could not get what it needs to take an order: nothing has begun in it.
    var lackedRoom: Bool {
        !worker.isReady && exit?.reason == .exited(DagKitWorker.shortageStatus)
    }
}

/// The end of workers, and of what they leave behind: the loop never waits for a process.
extension Supervisor {
    /// Takes note that a worker has ended: its attempt, if it had one, has failed once all of its processes are dead.
    func reap(_ worker: SupervisedWorker) throws {
        // Its control group cannot be asked for any more once it is reaped.
        let kills = worker.attempt == nil ? [] : readMemoryKills(of: worker.child.id)
        guard let exit = try worker.child.poll() else { return }
        bury(worker, exit, kills)
    }

    /// Leaves a killed worker that has not ended to the sweep, which kills what is below it and does not wait for ever.
    func giveUp(_ worker: SupervisedWorker) {
        do {
            try reap(worker)
            if !worker.hasEnded { bury(worker, nil, []) }
        } catch {
            log("\(error)", level: .error)
            bury(worker, nil, [])
        }
    }

    private func bury(_ worker: SupervisedWorker, _ exit: ProcessExit?, _ kills: [MemoryKills]) {
        worker.hasEnded = true
        // What it said last may wait to be read.
        try? readReports(of: worker)
        workers.removeAll { $0 === worker }
        unwatch(worker.child.descriptor)
        if let channel = worker.channel { unwatch(channel.descriptor) }
        worker.dismiss(by: clock.now)
        dead.append(DeadWorker(worker: worker, exit: exit, kills: kills))
        sweep(at: clock.now)
    }

    /// Kills and reaps what workers that have ended left; it is done again whenever a child ends, until nothing is left.
    func sweep(at now: BootTimeClock.Instant) {
        nextSweep = nil
        unheard.removeAll { $0.isGone }
        // What was given up is reaped when it ends after all.
        guard !dead.isEmpty else { return sweeper.reapSurvivors() }
        do {
            // Whatever they left is a child of this process now; workers are spared, as are theirs.
            let step = try sweeper.step(sparing: Set(workers.map(\.child.id)), at: now)
            if isBlind { log("processes can be looked at again") }
            isBlind = false
            for survivor in step.survivors { tell(of: survivor) }
            if !step.survivors.isEmpty {
                for attempt in dead.compactMap(\.worker.attempt) {
                    locks.noteSurvivor(of: attempt.order.attemptID)
                }
            }
            if step.isOver { return closeDead() }
            // The end of a child is told by a signal, that of a stranger's child is not.
            nextSweep = now.advanced(by: .milliseconds(20))
        } catch {
            if !isBlind {
                warn("attempts that have ended wait until their processes can be looked at: \(error)")
            }
            isBlind = true
            nextSweep = now.advanced(by: .milliseconds(200))
        }
    }

    private func tell(of survivor: DescendantSweep.Survivor) {
        let attempt = dead.last?.worker.attempt
        attempt?.log.note("\(survivor); it runs on", level: .error)
        warn(
            "\(survivor); \(attempt.map { "\($0.order.key)" } ?? "a worker") left it: "
                + "end it as its owner, or as root")
    }

    private func closeDead() {
        let closing = dead
        dead.removeAll()
        for ended in closing { close(ended) }
        // It would be the same at once: the next try comes in its time, or with the end of an attempt.
        if closing.contains(where: { $0.worker.lacksRoom || !$0.worker.isReady }) { return }
        if !waiting.isEmpty { startWaiting(at: clock.now) }
        // One that ended before it ever worked would do so again.
        guard workers.isEmpty, !isRetiring, closing.contains(where: { $0.worker.attemptCount > 0 }) else {
            return
        }
        do {
            try startWorker()
        } catch {
            log("cannot start a worker yet: \(error)", level: .warning)
        }
    }

    private func close(_ ended: DeadWorker) {
        let worker = ended.worker
        worker.drainAll()
        unwatch(worker.output.raw)
        unwatch(worker.errors.raw)
        guard let attempt = worker.attempt else { return }
        if ended.lackedRoom, attempt.ending == nil {
            postpone(
                attempt, of: worker, because: "a worker cannot start its threads; run fewer tasks at once")
        } else {
            close(attempt, of: worker, worker.lastOutcome ?? death(of: attempt, ended))
        }
    }

    private func death(of attempt: SupervisedAttempt, _ ended: DeadWorker) -> AttemptOutcome {
        attempt.log.finish()
        guard let exit = ended.exit else {
            return attempt.judge(
                failed(
                    attempt.order, "the task's process was killed and does not end", isRetryable: true,
                    startedAt: attempt.startedOn))
        }
        var reason = "the task's process ended with \(exit)"
        if exit.reason == .signalled(SIGKILL), attempt.ending == nil, take(ended.kills) {
            reason = "out of memory: the kernel ended the task's process (\(exit))"
        } else if let crash = attempt.log.crashLine {
            reason += ": \(crash)"
        }
        var outcome = failed(attempt.order, reason, isRetryable: true, startedAt: attempt.startedOn)
        outcome.usage = ended.worker.usageOfLastAttempt(exit.usage)
        outcome.processID = Int(ended.worker.child.id)
        return attempt.judge(outcome)
    }
}
