import DagKitCore
import DagKitRuntime
import Synchronization

/// An executor that runs nothing and notes what it is told.
final class IdleExecutor: Executor {
    private struct Told {
        var orders: [AttemptOrder] = []
        var acknowledged: [AttemptID] = []
        var killed: [AttemptID] = []
    }

    private let told = Mutex(Told())
    let capacity = 8

    var orders: [AttemptOrder] { told.withLock { $0.orders } }
    var acknowledged: [AttemptID] { told.withLock { $0.acknowledged } }
    var killed: [AttemptID] { told.withLock { $0.killed } }

    func start() async throws -> AsyncStream<ExecutorEvent> { AsyncStream { $0.finish() } }
    func dispatch(_ orders: [AttemptOrder]) async { told.withLock { $0.orders += orders } }
    func kill(_ attempt: AttemptID, reason: String) async { told.withLock { $0.killed.append(attempt) } }
    func acknowledge(_ attempts: [AttemptID]) async { told.withLock { $0.acknowledged += attempts } }
    func stop(grace: Duration) async {}
}
