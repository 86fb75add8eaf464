import DagKitCore
import DagKitSystem
import Glibc

/// Supervisors of earlier schedulers that live and do not answer.
///
/// What they run goes on, and only they know what that is: it must not run twice. All else does not wait for them.
extension LocalExecutor {
    /// Waits for them beside the work.
    func wait(for supervisors: [SilentSupervisor]) throws {
        for supervisor in supervisors { log.warning(supervisor.description) }
        silent = Set(supervisors.map(\.process))
        suspects = Set(try folders.locks().compactMap { try AttemptNote.read($0)?.attemptID })
        let identity = try starter.identity()
        waitForSilent = Task { await self.hear(supervisors, identity) }
    }

    /// Takes over each supervisor that answers; once all have answered or are dead, says what runs.
    private func hear(_ supervisors: [SilentSupervisor], _ identity: String) async {
        await withTaskGroup(of: Void.self) { group in
            for supervisor in supervisors { group.addTask { await self.hear(supervisor, identity) } }
        }
        var hasComplained = false
        while !Task.isCancelled {
            do {
                try reportKeptOutcomes()
                try await settleAbandonedAttempts(except: Set(open.keys), among: suspects)
                break
            } catch {
                // What is not known to be dead may live.
                if !hasComplained { log.error("what dead supervisors left cannot be read yet: \(error)") }
                hasComplained = true
                try? await clock.sleep(for: .milliseconds(200))
            }
        }
        if Task.isCancelled { return }
        unheardKills = [:]
        suspects = []
        tellAdopted()
    }

    private func hear(_ supervisor: SilentSupervisor, _ identity: String) async {
        let process = supervisor.process
        let link = await supervisor.answer(to: identity)
        if Task.isCancelled {
            link?.close()
            return
        }
        guard let link else {
            // Its connection ends with its life, or a moment before; only the kernel can say that it does not live.
            while (try? await process.waitForEnd(until: soon)) != true { if Task.isCancelled { return } }
            silent.remove(process)
            return log.warning("supervisor \(process.id) is dead; what it ran has ended")
        }
        silent.remove(process)
        log.info("supervisor \(process.id) answers again")
        adopt(link)
        for order in link.welcome.running {
            if let reason = unheardKills[order.attemptID] {
                link.send(.kill(order.attemptID, reason: reason))
            }
        }
        if let stopGrace, isStopping { link.send(stopGrace == .zero ? .endNow : .stop(grace: stopGrace)) }
    }
}
