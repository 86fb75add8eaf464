import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// What becomes of attempts whose supervisor, or whose scheduler, was lost.
extension LocalExecutor {
    /// Decides what becomes of the attempts of a supervisor whose connection has ended.
    func settle(_ link: SupervisorLink) async {
        link.close()
        if current === link { current = nil }
        if isAbandoned { return forget(link) }
        // Its attempts are its own for as long as it lives, and only the kernel can say that it does not.
        var hasComplained = false
        while (try? await link.process.waitForEnd(until: clock.now.advanced(by: .seconds(1)))) != true {
            if await connectAgain(link) { return forget(link) }
            if !hasComplained { log.warning("supervisor \(link.process.id) does not answer; waiting for it") }
            hasComplained = true
        }
        forget(link)
        await answered("which outcomes supervisor \(link.process.id) has left") { try reportKeptOutcomes() }
        let lost = open.values.filter { $0.process == link.process }.map(\.order)
        defer { removeFiles(of: link.process) }
        if lost.isEmpty { return }
        log.error("supervisor \(link.process.id) is lost with \(lost.count) attempts")
        for order in lost {
            let lock = folders.lock(of: order.attemptID)
            let hasBegun = await answered("whether attempt \(order.attemptID) had begun") {
                try FileLock.note(in: lock) != nil
            }
            await endProcesses(of: order.attemptID)
            guard open[order.attemptID] != nil else { continue }
            let reason = isStopping ? "the scheduler was stopped" : "the supervisor of its worker was lost"
            report(hasBegun ? failed(order, reason) : notStarted(order, reason))
            try? FileSystem.remove(folders.lock(of: order.attemptID))
        }
    }

    /// Removes what a dead supervisor left of attempts whose outcomes are stored: it may have died before it could.
    private func removeFiles(of supervisor: ProcessIdentity) {
        for attempt in (try? folders.attempts(endingWith: ".lock")) ?? []
        where open[attempt] == nil && unstored[attempt] == nil {
            try? FileSystem.remove(folders.lock(of: attempt))
        }
        for spare in (try? folders.spareLocks(of: supervisor.id)) ?? [] { try? FileSystem.remove(spare) }
    }

    private func forget(_ link: SupervisorLink) {
        if links[link.process] === link {
            links[link.process] = nil
            readers[link.process] = nil
        }
    }

    /// Asks a supervisor that lives what it has; what it did not get goes again.
    private func connectAgain(_ link: SupervisorLink) async -> Bool {
        guard let identity = try? starter.identity(),
            let again = try? await SupervisorLink.connect(link.path, identity: identity, until: soon),
            again.process == link.process
        else { return false }
        adopt(again)
        if current == nil, again.welcome.identity == identity, !isStopping { current = again }
        let known = Set(again.welcome.running.map(\.attemptID))
        for (attempt, entry) in open where entry.process == link.process && !known.contains(attempt) {
            report(notStarted(entry.order, "the supervisor did not get it"))
        }
        return true
    }

    /// Reports the outcomes that supervisors which have ended left in files.
    func reportKeptOutcomes() throws {
        for attempt in try folders.attempts(endingWith: ".outcome") where unstored[attempt] == nil {
            do {
                finish(try OutcomeBox.read(folders.outcome(of: attempt)), keptBy: nil)
            } catch let error as SystemError where error.isShortage {
                throw error
            } catch {
                log.error("the outcome of attempt \(attempt) cannot be read: \(error)")
            }
        }
    }

    /// Ends what is left of attempts that no supervisor owns, and reports those that had begun as failed.
    func settleAbandonedAttempts(except owned: Set<AttemptID>) async throws {
        for attempt in try folders.attempts(endingWith: ".lock")
        where !owned.contains(attempt) && unstored[attempt] == nil {
            await endProcesses(of: attempt)
            let path = folders.lock(of: attempt)
            let text = await answered("whose attempt \(attempt) is") { try FileLock.note(in: path) }
            if let note = text.flatMap(AttemptNote.init) {
                finish(note.lost(attempt, at: now()), keptBy: nil)
            } else {
                try FileSystem.remove(path)
            }
        }
        // A supervisor that lives makes new ones.
        for spare in try folders.spareLocks() { try FileSystem.remove(spare) }
    }

    /// Returns once no process of an attempt is left whose supervisor is dead, by the kernel's own word.
    ///
    /// A worker without its supervisor ends by itself at once; one that cannot is killed, as is what a killed one left.
    private func endProcesses(of attempt: AttemptID) async {
        var end = AbandonedAttempt(attempt, lock: folders.lock(of: attempt), at: clock.now)
        while true {
            let now = clock.now
            let step = await answered("whether attempt \(attempt) is dead") { () throws(SystemError) in
                try end.step(at: now)
            }
            for line in step.complaints { log.error(line) }
            if step.isOver { return }
            try? await clock.sleep(for: .milliseconds(5))
        }
    }

    /// The answer to a question on which lives depend: it is asked until the system answers, which is said once.
    private func answered<Value>(_ question: String, _ ask: () throws -> Value) async -> Value {
        var hasComplained = false
        while true {
            do {
                return try ask()
            } catch {
                if !hasComplained {
                    log.error("cannot say \(question), and waits until the system does: \(error)")
                }
                hasComplained = true
                try? await clock.sleep(for: .milliseconds(200))
            }
        }
    }
}
