import DagKitCore
import DagKitSystem

extension Planner.Step {
    /// Passes the fault points of what this step decided, around its commit.
    func passFaultPoints(isStored: Bool) {
        guard FaultPoint.isArmed else { return }
        if batches.contains(where: { $0.expectedRevision == nil }) {
            (isStored ? FaultPoint.created : .creating).pass()
        }
        if !effects.orders.isEmpty { (isStored ? FaultPoint.dispatched : .dispatching).pass() }
        if !effects.acknowledged.isEmpty { (isStored ? FaultPoint.recorded : .recording).pass() }
    }
}
