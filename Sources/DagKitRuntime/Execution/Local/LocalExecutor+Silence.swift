import DagKitCore
import DagKitSystem
import Glibc

/// Supervisors of earlier schedulers that live and do not answer, since they were stopped.
///
/// What they run goes on, and only they know what that is: it must not run twice. All else does not wait for them.
extension LocalExecutor {
    /// Waits for them beside the work.
    func wait(for calls: [SupervisorLink.Call]) throws {
        for call in calls {
            let process = call.process.id
            let state = call.process.isStopped ? "is stopped" : "does not answer"
            log.warning(
                "supervisor \(process) \(state): its attempts wait for it, all else goes on; let it go on with "
                    + "kill -CONT \(process), or end it and its attempts with kill -9 \(process)")
        }
        silent = Set(calls.map(\.process))
        suspects = Set(try folders.locks().compactMap { try AttemptNote.read($0)?.attemptID })
        waitForSilent = Task { await self.hear(calls) }
    }

    /// Takes over each supervisor that answers; once all have answered or are dead, says what runs.
    private func hear(_ calls: [SupervisorLink.Call]) async {
        await withTaskGroup(of: Void.self) { group in
            for call in calls { group.addTask { await self.hear(call) } }
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

    private func hear(_ call: SupervisorLink.Call) async {
        let process = call.process
        let link = try? await call.answer()
        if Task.isCancelled {
            link?.close()
            return
        }
        silent.remove(process)
        guard let link else {
            // Its connection ends with its life, or a moment before; only the kernel can say that it does not live.
            while (try? await process.waitForEnd(until: soon)) != true { if Task.isCancelled { return } }
            return log.warning("supervisor \(process.id) is dead; what it ran has ended")
        }
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
