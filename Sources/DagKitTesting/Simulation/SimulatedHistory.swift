public import DagKitCore
import FoundationEssentials

/// What happened in a simulation.
public struct SimulatedHistory: Sendable {
    /// The promises that were broken, one line each; a simulation ends at the first one.
    public internal(set) var violations: [String] = []

    /// A hash of everything that was stored and of every outcome, in order.
    public internal(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    /// What happened, one line each, if the simulator records it.
    public internal(set) var lines: [String] = []

    /// How many operations the scheduler did on its store and executor.
    public internal(set) var steps = 0

    /// How many attempts were started.
    public internal(set) var attempts = 0

    /// How many turns the scheduler loop made.
    public internal(set) var turns = 0

    /// How many events were stored.
    public internal(set) var events = 0

    /// How many schedulers were started.
    public internal(set) var schedulers = 0

    /// All runs as they were stored, by the order of their creation.
    public internal(set) var runs: [RunSnapshot] = []

    /// The store at the end.
    public let store: any MetadataStore

    /// The runs of a DAG, by the order of their creation.
    public func runs(of dag: DAGID) -> [RunSnapshot] { runs.filter { $0.run.dagID == dag } }
}

extension SimulatedHistory: CustomStringConvertible {
    /// The hash and the counts, then the lines, then what was broken.
    public var description: String {
        let counts =
            "history \(hashText): \(runs.count) runs, \(attempts) attempts, \(events) events, "
            + "\(steps) steps, \(schedulers) schedulers"
        return ([counts] + lines + violations.map { "BROKEN: \($0)" }).joined(separator: "\n")
    }

    /// The hash as 16 hex digits.
    public var hashText: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Counts a text into the hash (FNV-1a, 64 bits).
    mutating func mix(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        mix(UInt64(0xff))
    }

    /// Counts a number into the hash.
    mutating func mix(_ number: UInt64) {
        hash = (hash ^ number) &* 0x100_0000_01b3
        hash ^= hash >> 29
    }
}
