import DagKitCore
import DagKitSystem

/// Orders that no supervisor can take, as none can be started: they stay here until one can, and nobody is told that they
/// begin anew with each try.
extension LocalExecutor {
    /// Keeps orders until a supervisor takes them.
    func hold(_ orders: [AttemptOrder]) {
        held += orders
        guard holder == nil else { return }
        // It lives until nothing is held, or the executor ends.
        holder = Task { await handOut() }
    }

    private func handOut() async {
        var patience = Duration.zero
        while !held.isEmpty, !isStopping {
            await pause(for: patience)
            patience = max(.seconds(1), min(patience * 2, .seconds(10)))
            // No order goes out once somebody wants the end, which may have come meanwhile.
            guard let link = await usableSupervisor(), !isStopping else { continue }
            let orders = held
            held = []
            hand(orders, to: link)
        }
        holder = nil
    }

    /// Waits, but not beyond a stop. Only the task that starts supervisors does.
    func pause(for duration: Duration) async {
        guard duration > .zero, !isStopping else { return }
        let task = Task { [clock] in _ = try? await clock.sleep(for: duration) }
        pausing = task
        await task.value
        pausing = nil
    }

    /// Says that orders which are held do not start; whoever wants them gives them again.
    func releaseHeld(_ reason: String) {
        for order in held { report(notStarted(order, reason)) }
        held = []
    }

    /// Ends an order that is held; false if none is.
    func endHeld(_ attempt: AttemptID, reason: String) -> Bool {
        guard let place = held.firstIndex(where: { $0.attemptID == attempt }) else { return false }
        let order = held.remove(at: place)
        let verdict = AttemptOutcome.Verdict.failed(reason: reason, isRetryable: false, retryDelay: nil)
        report(outcome(of: order, verdict))
        return true
    }
}
