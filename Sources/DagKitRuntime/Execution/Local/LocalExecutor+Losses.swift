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
        try? reportKeptOutcomes()
        let lost = open.values.filter { $0.process == link.process }.map(\.order)
        defer { removeFiles(of: link.process) }
        if lost.isEmpty { return }
        log.error("supervisor \(link.process.id) is lost with \(lost.count) attempts")
        for order in lost {
            let hasBegun = FileSystem.exists(folders.lock(of: order.attemptID))
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
        where open[attempt] == nil && unstored[attempt] == nil && !suspects.contains(attempt) {
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
            } catch {
                log.error("the outcome of attempt \(attempt) cannot be read: \(error)")
            }
        }
    }

    /// Ends what is left of attempts that no supervisor owns, and reports those that had begun as failed.
    ///
    /// - Parameter suspects: The attempts that are looked at; `nil` for all that there are.
    func settleAbandonedAttempts(except owned: Set<AttemptID>, among suspects: Set<AttemptID>? = nil)
        async throws
    {
        for attempt in try folders.attempts(endingWith: ".lock")
        where !owned.contains(attempt) && unstored[attempt] == nil && suspects?.contains(attempt) ?? true {
            await endProcesses(of: attempt)
            let path = folders.lock(of: attempt)
            if let note = FileLock.note(in: path).flatMap(AttemptNote.init) {
                finish(note.lost(attempt, at: now()), keptBy: nil)
            } else {
                try FileSystem.remove(path)
            }
        }
        // A supervisor that lives makes new ones.
        for spare in try folders.spareLocks() { try FileSystem.remove(spare) }
    }

    /// Returns once no process of an attempt is left whose supervisor is dead.
    ///
    /// A worker without its supervisor ends by itself at once; one that cannot is killed, as is what a killed one left.
    private func endProcesses(of attempt: AttemptID) async {
        let path = folders.lock(of: attempt)
        let patience = clock.now.advanced(by: .seconds(1))
        while true {
            let isHeld = (try? FileLock.isHeld(path)) == true
            let left = isHeld ? [] : AttemptMark.processes(of: attempt, lock: path)
            if !isHeld, left.isEmpty { return }
            for process in left { process.send(SIGKILL) }
            if clock.now > patience { for holder in FileLock.holders(of: path) { holder.send(SIGKILL) } }
            try? await clock.sleep(for: .milliseconds(5))
        }
    }
}
