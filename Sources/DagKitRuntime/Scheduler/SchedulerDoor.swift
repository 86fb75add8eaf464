import DagKitCore
import DagKitSystem
package import FoundationEssentials

/// How other processes of a home reach its scheduler: a lock that only one scheduler holds, and a socket that wakes it.
///
/// Who writes to the store knocks at the socket, so that the scheduler looks at once and not at its next poll.
package final class SchedulerDoor: Sendable {
    private let lock: LockHolder
    private let listener: LocalListener

    /// The folder of locks and sockets within a home.
    package static let folder = "run"

    /// Takes the lock of a home and opens its socket.
    ///
    /// - Throws: ``FileLockError`` that names the scheduler which has the lock already.
    package init(home: String, now: Date) throws {
        let folder = "\(home)/\(Self.folder)"
        try FileSystem.createFolder(folder)
        lock = LockHolder(lock: try FileLock.acquire("\(folder)/scheduler.lock", now: now))
        listener = try LocalListener(Self.socketPath(of: home))
    }

    /// Calls `wake` each time that somebody knocks, until the task is cancelled.
    package func serve(_ wake: @Sendable () -> Void) async {
        while !Task.isCancelled {
            do {
                let visitor = try await listener.accept()
                if try visitor.isPeerTrusted() { wake() }
                visitor.shutDown()
            } catch {
                if error is CancellationError { return }
                // A visitor that left early is no reason to close the door.
                await Task.yield()
            }
        }
    }

    /// Wakes the scheduler of a home; false if none is there.
    package static func knock(home: String) async -> Bool {
        guard let socket = try? await LocalSocket.connect(socketPath(of: home)) else { return false }
        socket.shutDown()
        return true
    }

    /// Whether a scheduler of the home lives.
    package static func isOccupied(home: String) -> Bool {
        (try? FileLock.isHeld("\(home)/\(folder)/scheduler.lock")) ?? false
    }

    private static func socketPath(of home: String) -> String { "\(home)/\(folder)/scheduler.sock" }

    /// Holds a lock as long as it lives.
    private final class LockHolder: Sendable {
        private let lock: FileLock

        init(lock: consuming FileLock) { self.lock = lock }
    }
}
