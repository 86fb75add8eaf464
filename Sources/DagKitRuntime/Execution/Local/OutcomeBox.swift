import DagKitCore
import DagKitSystem
import Glibc

/// The outcomes that no scheduler has stored yet, in memory and, while no scheduler is there, in files.
struct OutcomeBox {
    private let folders: ExecutionFolders
    private var outcomes: [AttemptID: AttemptOutcome] = [:]
    private var written: Set<AttemptID> = []

    init(_ folders: ExecutionFolders) {
        self.folders = folders
    }

    var isEmpty: Bool { outcomes.isEmpty }

    /// Whether each outcome lies in a file, so that this process may end.
    var isOnDisk: Bool { outcomes.count == written.count }

    /// All that are kept, oldest attempt first.
    var all: [AttemptOutcome] { outcomes.values.sorted { $0.attemptID < $1.attemptID } }

    func contains(_ attempt: AttemptID) -> Bool { outcomes[attempt] != nil }

    mutating func keep(_ outcome: AttemptOutcome) {
        outcomes[outcome.attemptID] = outcome
    }

    /// Forgets outcomes that are stored, and gives the attempts whose locks are of no use any more.
    mutating func acknowledge(_ attempts: [AttemptID]) -> [AttemptID] {
        attempts.filter { attempt in
            guard outcomes.removeValue(forKey: attempt) != nil else { return false }
            // The lock of one that was written has been given back already.
            guard written.remove(attempt) != nil else { return true }
            try? FileSystem.remove(folders.outcome(of: attempt))
            return false
        }
    }

    /// Writes what is not in a file yet.
    ///
    /// - Parameter tell: Is called for each: from then on the outcome's file says that the attempt had begun, and its lock is
    ///   of no use any more.
    /// - Throws: What keeps the first of them from being written; the others are tried all the same.
    mutating func write(_ tell: (AttemptID) -> Void) throws {
        var failure: (any Error)?
        for outcome in all where !written.contains(outcome.attemptID) {
            do {
                try write(outcome)
                tell(outcome.attemptID)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private mutating func write(_ outcome: AttemptOutcome) throws {
        let path = folders.outcome(of: outcome.attemptID)
        let bytes = try MessageCoding.bytes(of: outcome)
        // On the disk before the lock that tells of the attempt goes: nobody waits for that while there is no scheduler.
        do {
            try FileSystem.write(bytes, to: path, durable: true)
        } catch {
            guard error.code == ENOENT else { throw error }
            // Somebody removed the folder.
            try folders.create()
            try FileSystem.write(bytes, to: path, durable: true)
        }
        written.insert(outcome.attemptID)
        FaultPoint.outcomeWritten.pass()
    }

    /// The outcome in a file.
    static func read(_ path: String) throws -> AttemptOutcome {
        try MessageCoding.message(AttemptOutcome.self, from: FileSystem.read(path))
    }
}
