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
    ///
    /// - Parameter note: What the file says of the attempt.
    mutating func take(_ attempt: AttemptID, now: Date, note: String) throws -> FileLock {
        let path = folders.lock(of: attempt)
        // The oldest first: a worker may need a moment to let go of the newest.
        if !spares.isEmpty {
            let spare = spares.removeFirst()
            do {
                // Signed before it gets its name: no file of this attempt ever tells of an earlier one.
                let lock = try FileLock.acquire(spare, now: now, note: note)
                if rename(spare, path) == 0 { return lock }
            } catch FileLockError.held {
                // A process of the earlier attempt got away with it: the file stays that one's.
                try FileSystem.remove(spare)
            }
        }
        return try FileLock.acquire(path, now: now, note: note)
    }

    /// Removes the lock file of an attempt whose outcome is stored or lies in a file of its own.
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
