import DagKitCore
import DagKitSystem

/// The outcomes that no scheduler has stored yet, in memory and, while no scheduler is there, in files.
struct OutcomeBox {
    private let folders: ExecutionFolders
    private let isDurable: Bool
    private var outcomes: [AttemptID: AttemptOutcome] = [:]
    private var written: Set<AttemptID> = []

    /// - Parameter isDurable: Whether a file must survive a power cut.
    init(_ folders: ExecutionFolders, isDurable: Bool) {
        self.folders = folders
        self.isDurable = isDurable
    }

    var isEmpty: Bool { outcomes.isEmpty }

    /// Whether each outcome lies in a file, so that this process may end.
    var isOnDisk: Bool { outcomes.keys.allSatisfy(written.contains) }

    /// All that are kept, oldest attempt first.
    var all: [AttemptOutcome] { outcomes.values.sorted { $0.attemptID < $1.attemptID } }

    func contains(_ attempt: AttemptID) -> Bool { outcomes[attempt] != nil }

    mutating func keep(_ outcome: AttemptOutcome) {
        outcomes[outcome.attemptID] = outcome
    }

    /// Forgets outcomes that are stored.
    mutating func acknowledge(_ attempts: [AttemptID]) {
        for attempt in attempts {
            guard outcomes.removeValue(forKey: attempt) != nil else { continue }
            if written.remove(attempt) != nil { try? FileSystem.remove(folders.outcome(of: attempt)) }
        }
    }

    /// Writes what is not in a file yet.
    mutating func write() throws {
        for outcome in all where !written.contains(outcome.attemptID) {
            try FileSystem.write(
                MessageCoding.bytes(of: outcome), to: folders.outcome(of: outcome.attemptID),
                durable: isDurable)
            written.insert(outcome.attemptID)
            FaultPoint.outcomeWritten.pass()
        }
    }

    /// The outcome in a file.
    static func read(_ path: String) throws -> AttemptOutcome {
        try MessageCoding.message(AttemptOutcome.self, from: FileSystem.read(path))
    }
}
