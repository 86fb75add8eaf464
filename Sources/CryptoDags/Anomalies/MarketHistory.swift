public import FoundationEssentials

/// What coins did before, oldest point first.
public struct MarketHistory: Hashable, Sendable {
    private var slots: [String: Int] = [:]
    private var points: [[MarketPoint]] = []

    /// Creates an empty history.
    public init() {}

    /// Adds a point; points of one coin come in the order of time.
    public mutating func append(_ point: MarketPoint, to id: String) {
        append(point, slot: slot(of: id))
    }

    /// The points of a coin, oldest first.
    public func points(of id: String) -> [MarketPoint] { slots[id].map { points[$0] } ?? [] }

    /// The points of a coin from an instant on and before another.
    func points(of id: String, since: Date, before: Date) -> ArraySlice<MarketPoint> {
        let all = points(of: id)
        let first = all.firstIndex { $0.at >= since } ?? all.endIndex
        let end = all.lastIndex { $0.at < before }.map { $0 + 1 } ?? all.startIndex
        return all[first..<max(first, end)]
    }

    /// Where the points of a coin are kept: who adds many asks once.
    mutating func slot(of id: String) -> Int {
        if let slot = slots[id] { return slot }
        slots[id] = points.count
        points.append([])
        return points.count - 1
    }

    /// Adds a point where ``slot(of:)`` said.
    mutating func append(_ point: MarketPoint, slot: Int) { points[slot].append(point) }
}

/// A coin at one instant, for statistics.
public struct MarketPoint: Hashable, Sendable {
    /// When the snapshot was fetched.
    public let at: Date

    /// The price in USD.
    public let price: Double

    /// The volume of 24 hours in USD.
    public let volume: Double?

    /// The position by market capitalisation.
    public let rank: Int

    /// Creates a point.
    public init(at: Date, price: Double, volume: Double?, rank: Int) {
        self.at = at
        self.price = price
        self.volume = volume
        self.rank = rank
    }
}
