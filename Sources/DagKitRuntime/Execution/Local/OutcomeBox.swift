import DagKitCore
import DagKitSystem
import Glibc

/// The outcomes that no scheduler has stored yet, in memory and, while no scheduler is there, in files.
struct OutcomeBox {
    private let folders: ExecutionFolders
    private var outcomes: [AttemptID: Kept] = [:]
    private var written: Set<AttemptID> = []

    /// What the scheduler was told of, in the order of the instants; entries of what is stored, written or told again are
    /// passed over.
    private var told: [(attempt: AttemptID, at: BootTimeClock.Instant)] = []
    private var firstTold = 0

    /// When the scheduler was last told of an outcome; `nil` if it never was.
    private(set) var lastTold: BootTimeClock.Instant?

    private struct Kept {
        let outcome: AttemptOutcome
        /// When the scheduler was last told of it.
        var toldAt: BootTimeClock.Instant
    }

    init(_ folders: ExecutionFolders) {
        self.folders = folders
    }

    var isEmpty: Bool { outcomes.isEmpty }

    /// Whether each outcome lies in a file, so that this process may end.
    var isOnDisk: Bool { outcomes.count == written.count }

    /// All that are kept, oldest attempt first.
    var all: [AttemptOutcome] { outcomes.values.map(\.outcome).sorted { $0.attemptID < $1.attemptID } }

    func contains(_ attempt: AttemptID) -> Bool { outcomes[attempt] != nil }

    /// Keeps an outcome that the scheduler is told of now.
    mutating func keep(_ outcome: AttemptOutcome, at now: BootTimeClock.Instant) {
        outcomes[outcome.attemptID] = Kept(outcome: outcome, toldAt: now)
        told.append((outcome.attemptID, now))
        lastTold = now
    }

    /// A scheduler that has just come is told of all.
    mutating func tellAgain(at now: BootTimeClock.Instant) {
        told = outcomes.keys.map { ($0, now) }
        firstTold = 0
        for attempt in outcomes.keys { outcomes[attempt]?.toldAt = now }
        if !outcomes.isEmpty { lastTold = now }
    }

    /// When the scheduler was told of that outcome which has waited longest and is in no file; `nil` if there is none.
    ///
    /// - Complexity: O(1) for each that was kept since the last call.
    mutating func oldestUnwritten() -> BootTimeClock.Instant? {
        while firstTold < told.count {
            let (attempt, instant) = told[firstTold]
            if let kept = outcomes[attempt], kept.toldAt == instant, !written.contains(attempt) {
                return instant
            }
            firstTold += 1
            // Now and then, so that a list that is never empty does not grow without end.
            if firstTold == told.count || firstTold >= 256 {
                told.removeFirst(firstTold)
                firstTold = 0
            }
        }
        return nil
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
    /// - Parameters:
    ///   - limit: Only those of which the scheduler was told by then; `nil` for all.
    ///   - tell: Is called for each: from then on the outcome's file says that the attempt had begun, and its lock is
    ///   of no use any more.
    /// - Throws: What keeps the first of them from being written; the others are tried all the same.
    mutating func write(toldBy limit: BootTimeClock.Instant? = nil, _ tell: (AttemptID) -> Void) throws {
        var failure: (any Error)?
        for outcome in all where !written.contains(outcome.attemptID) {
            if let limit, let kept = outcomes[outcome.attemptID], kept.toldAt > limit { continue }
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
