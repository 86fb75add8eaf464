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
        var pause = Duration.seconds(1)
        while !held.isEmpty, !isStopping {
            try? await clock.sleep(for: pause)
            pause = min(pause * 2, .seconds(10))
            guard !isStopping, let link = await usableSupervisor() else { continue }
            let orders = held
            held = []
            hand(orders, to: link)
        }
        holder = nil
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
