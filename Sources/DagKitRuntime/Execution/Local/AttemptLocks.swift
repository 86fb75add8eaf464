import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// The lock files of running attempts.
///
/// The file of an attempt that is over is put aside and becomes that of a later one: a file system that makes and removes
/// files all the time gets slow at it.
struct AttemptLocks {
    private let folders: ExecutionFolders
    private var spares: [String] = []
    private var spareCount = 0

    /// The most files that are put aside.
    private static let mostSpares = 64

    init(_ folders: ExecutionFolders) {
        self.folders = folders
    }

    /// Takes the lock of an attempt.
    mutating func take(_ attempt: AttemptID, now: Date) throws -> FileLock {
        let path = folders.lock(of: attempt)
        // The oldest first: a worker may need a moment to let go of the newest.
        if !spares.isEmpty, rename(spares.removeFirst(), path) == 0 {
            do {
                return try FileLock.acquire(path, now: now)
            } catch FileLockError.held {
                // A process of the earlier attempt got away with it: the file stays that one's.
                try FileSystem.remove(path)
            }
        }
        return try FileLock.acquire(path, now: now)
    }

    /// Removes the lock file of an attempt that is over.
    mutating func release(_ attempt: AttemptID) {
        let path = folders.lock(of: attempt)
        guard spares.count < Self.mostSpares else {
            try? FileSystem.remove(path)
            return
        }
        spareCount += 1
        let spare = folders.spareLock(number: spareCount, of: getpid())
        if rename(path, spare) == 0 { spares.append(spare) } else { try? FileSystem.remove(path) }
    }

    /// Removes what was put aside.
    mutating func removeSpares() {
        for spare in spares { try? FileSystem.remove(spare) }
        spares.removeAll()
    }
}
