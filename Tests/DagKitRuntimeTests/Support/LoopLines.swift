import DagKitRuntime
import Synchronization

/// The lines of a scheduler's log.
final class LoopLines: Sendable {
    private let written = Mutex<[String]>([])

    var all: [String] { written.withLock { $0 } }

    func add(_ line: String) { written.withLock { $0.append(line) } }
}
