public import FoundationEssentials

/// All that the quality checks look at.
public struct QualityInput: Sendable {
    /// The snapshot with what it lost on the way.
    public var snapshot: ProcessedSnapshot

    /// The rows of the snapshot before, of the same source; `nil` if there is none.
    public var previous: [MarketRow]?

    /// How many rows the last snapshots had, newest first; ten are looked at.
    public var recentCounts: [Int]

    /// How many assets were asked for; `nil` if the source gives what it has.
    public var wanted: Int?

    /// The time that the source gave to its data; `nil` if it gave none.
    public var apiTimestamp: Date?

    /// Whether the source must be fresh and must move; else those checks only inform.
    public var isLive: Bool

    /// The time of the check.
    public var now: Date

    /// Creates an input.
    public init(
        snapshot: ProcessedSnapshot, previous: [MarketRow]? = nil, recentCounts: [Int] = [],
        wanted: Int? = nil,
        apiTimestamp: Date? = nil, isLive: Bool = true, now: Date
    ) {
        self.snapshot = snapshot
        self.previous = previous
        self.recentCounts = recentCounts
        self.wanted = wanted
        self.apiTimestamp = apiTimestamp
        self.isLive = isLive
        self.now = now
    }
}
