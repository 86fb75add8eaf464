import DagKitCore
import DagKitSystem
import FoundationEssentials

/// The lock files of a supervisor, each of which says whose it is.
///
/// The file of an attempt that is over becomes that of a later one: a file system that makes, renames and removes files all
/// the time gets slow at it.
struct AttemptLocks {
    /// A lock file that this process holds open.
    final class Slot {
        fileprivate let path: String
        private let lock: FileLock

        /// Whether a process of its attempt may hold it for ever.
        fileprivate var hasSurvivor = false

        fileprivate init(_ path: String, now: Date, note: String) throws {
            self.path = path
            lock = try FileLock.acquire(path, now: now, note: note)
        }

        /// What a process inherits to hold the lock too.
        var descriptor: Int32 { lock.descriptor.raw }

        fileprivate var isRemoved: Bool { lock.isRemoved }

        fileprivate func setNote(_ note: String) throws(SystemError) { try lock.setNote(note) }
    }

    private let folders: ExecutionFolders
    private let supervisor: Int32
    private var taken: [AttemptID: Slot] = [:]
    private var free: [Slot] = []
    private var count = 0

    /// The most files that are kept for later attempts.
    private static let mostFree = 64

    /// - Parameter supervisor: The id of this process.
    init(_ folders: ExecutionFolders, supervisor: Int32) {
        self.folders = folders
        self.supervisor = supervisor
    }

    /// Takes a lock for an attempt.
    ///
    /// - Parameter note: What the file says of the attempt from now on.
    mutating func take(_ attempt: AttemptID, now: Date, note: String) throws -> Slot {
        let slot = try reuse(note) ?? make(now: now, note: note)
        taken[attempt] = slot
        return slot
    }

    /// Takes note that a process of an attempt outlives it, and holds its lock: no other attempt gets that.
    func noteSurvivor(of attempt: AttemptID) { taken[attempt]?.hasSurvivor = true }

    /// Gives back the lock of an attempt whose outcome is stored or lies in a file of its own.
    mutating func release(_ attempt: AttemptID) {
        guard let slot = taken.removeValue(forKey: attempt) else { return }
        if !slot.hasSurvivor, free.count < Self.mostFree, (try? slot.setNote("")) != nil {
            free.append(slot)
        } else {
            try? FileSystem.remove(slot.path)
        }
    }

    /// Removes the files that belong to no attempt.
    mutating func removeFree() {
        for slot in free { try? FileSystem.remove(slot.path) }
        free.removeAll()
    }

    private mutating func reuse(_ note: String) throws -> Slot? {
        while let slot = free.popLast() {
            if slot.isRemoved { continue }
            do {
                try slot.setNote(note)
                return slot
            } catch {
                try? FileSystem.remove(slot.path)
                throw error
            }
        }
        return nil
    }

    /// Makes a file that is not there yet: an earlier process may have had the same id.
    private mutating func make(now: Date, note: String) throws -> Slot {
        while true {
            count += 1
            let path = folders.lock(number: count, of: supervisor)
            if FileSystem.exists(path) { continue }
            do {
                let slot = try Slot(path, now: now, note: note)
                if !slot.isRemoved { return slot }
            } catch FileLockError.held {
                // Who looks for what dead supervisors left took it for such a file, and removes it.
            }
        }
    }
}
