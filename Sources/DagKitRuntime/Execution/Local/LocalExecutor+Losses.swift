import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// What becomes of attempts whose supervisor, or whose scheduler, was lost.
extension LocalExecutor {
    /// Decides what becomes of the attempts of a supervisor whose connection has ended.
    ///
    /// - Throws: What keeps it from being known; the attempts stay open then.
    func settle(_ link: SupervisorLink) async throws {
        link.close()
        if current === link { current = nil }
        if isAbandoned { return forget(link) }
        // Its attempts are its own for as long as it lives, and only the kernel can say that it does not.
        var hasComplained = false
        while (try? await link.process.waitForEnd(until: clock.now.advanced(by: .seconds(1)))) != true {
            if await connectAgain(link) { return forget(link) }
            if !hasComplained { log.warning(Self.doubt(about: link.process)) }
            hasComplained = true
        }
        forget(link)
        try await answered("which outcomes supervisor \(link.process.id) has left") {
            try reportKeptOutcomes()
        }
        let lost = open.values.filter { $0.process == link.process }.map(\.order)
        defer { removeFiles(of: link.process) }
        // Whoever reports an outcome has ended before what the attempt left.
        if lost.isEmpty { return }
        try await OrphanEnd.come(of: [link.process.id], log: log)
        log.error("supervisor \(link.process.id) is lost with \(lost.count) attempts")
        let locks = try await answered("which attempts of supervisor \(link.process.id) had begun") {
            try notedLocks(of: link.process)
        }
        lockFiles.merge(locks) { $1 }
        // Each may wait for something that does not end, and the others do not wait for that.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for order in lost {
                group.addTask { try await self.settle(order, lock: locks[order.attemptID]) }
            }
            try await group.waitForAll()
        }
    }

    /// Ends what is left of an attempt whose supervisor is lost, and reports it.
    private func settle(_ order: AttemptOrder, lock: String?) async throws {
        if let lock {
            do {
                try await endProcesses(of: order.attemptID, order.key, lock: lock)
            } catch let error as LocalExecutorError {
                // It may run, and is left to the next scheduler; the others do not wait for it.
                return log.error("attempt \(order.attemptID) stays open: \(error)")
            }
        }
        guard open[order.attemptID] != nil else { return }
        let reason = isStopping ? "the scheduler was stopped" : "the supervisor of its worker was lost"
        // The lock stays until that is stored: it tells the next scheduler that the attempt had begun.
        if lock != nil {
            finish(failed(order, reason), keptBy: nil)
        } else {
            report(notStarted(order, reason))
        }
    }

    /// Why it is not known that a supervisor has ended.
    private static func doubt(about supervisor: ProcessIdentity) -> String {
        do {
            _ = try supervisor.lives()
            return "supervisor \(supervisor.id) does not answer; waiting for it"
        } catch {
            return
                "cannot say whether supervisor \(supervisor.id) lives, and waits until the system does: \(error)"
        }
    }

    /// The lock files of a supervisor by the attempts that they tell of.
    private func notedLocks(of supervisor: ProcessIdentity) throws -> [AttemptID: String] {
        let notes = try folders.locks(of: supervisor.id).compactMap { path in
            try AttemptNote.read(path).map { ($0.attemptID, path) }
        }
        return Dictionary(notes) { first, _ in first }
    }

    /// Removes what a dead supervisor left of attempts whose outcomes are stored: it may have died before it could.
    private func removeFiles(of supervisor: ProcessIdentity) {
        for path in (try? folders.locks(of: supervisor.id)) ?? [] {
            do {
                let attempt = try AttemptNote.read(path)?.attemptID
                if let attempt, isOpen(attempt) {
                    lockFiles[attempt] = path
                    continue
                }
                try FileSystem.remove(path)
            } catch {
                // What cannot be read stays: the next scheduler looks at it.
            }
        }
    }

    /// Whether an attempt runs, may run, or has an outcome that is not stored.
    private func isOpen(_ attempt: AttemptID) -> Bool {
        open[attempt] != nil || unstored[attempt] != nil || suspects.contains(attempt)
    }

    /// Removes the files of attempts whose outcomes are stored and whose supervisor has ended: nobody else does.
    ///
    /// - Complexity: O(`attempts`), whatever else runs.
    func removeFiles(of attempts: Set<AttemptID>) {
        for attempt in attempts {
            try? FileSystem.remove(folders.outcome(of: attempt))
            guard let path = lockFiles.removeValue(forKey: attempt),
                let note = try? AttemptNote.read(path), note.attemptID == attempt
            else { continue }
            try? FileSystem.remove(path)
        }
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
        // Another one has taken its place meanwhile: it finishes what it has and ends.
        if current !== again { again.send(.hello(identity: "")) }
        let known = Set(again.welcome.running.map(\.attemptID))
        for (attempt, entry) in open where entry.process == link.process && !known.contains(attempt) {
            report(notStarted(entry.order, "the supervisor did not get it"))
        }
        return true
    }

    /// Reports the outcomes that supervisors which have ended left in files.
    func reportKeptOutcomes() throws {
        for attempt in try folders.outcomes() where unstored[attempt] == nil {
            do {
                finish(try OutcomeBox.read(folders.outcome(of: attempt)), keptBy: nil)
            } catch let error as SystemError where error.isShortage {
                throw error
            } catch let error as SystemError {
                // The next scheduler may be let.
                log.error("the outcome of attempt \(attempt) cannot be read: \(error)")
            } catch {
                let path = folders.outcome(of: attempt)
                rename(path, path + ".damaged")
                log.error("the outcome in \(path) cannot be read, and is put aside as .damaged: \(error)")
            }
        }
    }

    /// Ends what is left of attempts that no supervisor owns, and reports those that had begun as failed.
    ///
    /// - Parameter suspects: The attempts that are looked at; `nil` for all that there are.
    /// - Throws: ``LocalExecutorError/unreadableLock(_:cause:)``: an attempt may run of which nothing can be known.
    func settleAbandonedAttempts(
        except owned: Set<AttemptID>, among suspects: Set<AttemptID>? = nil
    ) async throws {
        try await settle(try await abandonedAttempts(except: owned, among: suspects))
    }

    /// Settles the attempts that no supervisor owns; those that take long are seen to beside the work.
    ///
    /// - Returns: Whether all are settled. Else ``tellAdopted()`` follows.
    func settleAbandonedAttemptsSoon(except owned: Set<AttemptID>) async throws -> Bool {
        let abandoned = try await abandonedAttempts(except: owned)
        if abandoned.isEmpty { return true }
        let (signals, signal) = AsyncStream<Void>.makeStream()
        waitForSilent = Task { await self.settleBeside(abandoned, signal) }
        let timer = Task { [clock] in
            try? await clock.sleep(for: Self.settlePatience)
            signal.yield()
        }
        defer { timer.cancel() }
        for await _ in signals { break }
        try Task.checkCancellation()
        if let failure = settleFailure { throw failure }
        if waitForSilent == nil { return true }
        suspects = Set(abandoned.map(\.note.attemptID))
        return false
    }

    /// How long the start waits for the end of what dead supervisors left.
    private static let settlePatience: Duration = .milliseconds(1500)

    private func settleBeside(_ abandoned: [Abandoned], _ signal: AsyncStream<Void>.Continuation) async {
        do {
            try await settle(abandoned)
        } catch {
            if !suspects.isEmpty, !Task.isCancelled {
                log.error("what dead supervisors left stays open: \(error)")
            }
            settleFailure = error
            signal.yield()
            return
        }
        waitForSilent = nil
        signal.yield()
        // Only those who were not told in time are told now.
        guard !suspects.isEmpty else { return }
        suspects = []
        tellAdopted()
    }

    /// An attempt that no supervisor owns.
    struct Abandoned: Sendable {
        let note: AttemptNote
        let path: String
    }

    private func abandonedAttempts(
        except owned: Set<AttemptID>, among suspects: Set<AttemptID>? = nil
    ) async throws -> [Abandoned] {
        var found: [Abandoned] = []
        for path in try folders.locks() {
            guard let note = try await noteInLock(at: path) else {
                removeUnlessHeld(path)
                continue
            }
            guard !owned.contains(note.attemptID) else { continue }
            lockFiles[note.attemptID] = path
            if unstored[note.attemptID] == nil, suspects?.contains(note.attemptID) ?? true {
                found.append(Abandoned(note: note, path: path))
            }
        }
        return found
    }

    private func settle(_ abandoned: [Abandoned]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for attempt in abandoned {
                group.addTask {
                    let note = attempt.note
                    try await self.endProcesses(of: note.attemptID, note.key, lock: attempt.path)
                    await self.finish(note.lost(at: self.now()), keptBy: nil)
                }
            }
            try await group.waitForAll()
        }
    }

    private func noteInLock(at path: String) async throws -> AttemptNote? {
        do {
            return try await answered("whose lock \(path) is") { try AttemptNote.read(path) }
        } catch let error as SystemError {
            throw LocalExecutorError.unreadableLock(path, cause: error)
        }
    }

    /// Removes a lock file that belongs to no attempt, unless a supervisor that lives holds it for the next one.
    private func removeUnlessHeld(_ path: String) {
        guard let lock = try? FileLock.acquire(path, now: now()) else { return }
        // Under its lock: a supervisor that has just made it finds that out.
        try? FileSystem.remove(path)
        _ = consume lock
    }

    /// Returns once no process of an attempt is left whose supervisor is dead, by the kernel's own word.
    ///
    /// A worker without its supervisor ends by itself at once; one that cannot is killed, as is what a killed one left.
    ///
    /// - Throws: ``LocalExecutorError/unreadableLock(_:cause:)``, `CancellationError`.
    private func endProcesses(
        of attempt: AttemptID, _ key: TaskInstanceKey, lock path: String
    ) async throws {
        var end = AbandonedAttempt(attempt, of: key, lock: path, at: clock.now)
        while true {
            let now = clock.now
            let step: AbandonedAttempt.Step
            do {
                step = try await answered("whether attempt \(attempt) is dead") { () throws(SystemError) in
                    try end.step(at: now)
                }
            } catch let error as SystemError {
                throw LocalExecutorError.unreadableLock(path, cause: error)
            }
            for line in step.complaints { log.error(line) }
            if step.isOver { return }
            try await clock.sleep(for: .milliseconds(5))
        }
    }

    private func answered<Value>(_ question: String, _ ask: () throws -> Value) async throws -> Value {
        try await KernelAnswer.to(question, log: log, ask)
    }
}
