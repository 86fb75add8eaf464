public import FoundationEssentials

/// What coins did before, oldest point first.
public struct MarketHistory: Hashable, Sendable {
    /// The points of each coin, by id.
    public private(set) var points: [String: [MarketPoint]] = [:]

    /// Creates an empty history.
    public init() {}

    /// Adds a point; points of one coin come in the order of time.
    public mutating func append(_ point: MarketPoint, to id: String) {
        points[id, default: []].append(point)
    }

    /// The points of a coin from an instant on and before another.
    func points(of id: String, since: Date, before: Date) -> [MarketPoint] {
        (points[id] ?? []).filter { $0.at >= since && $0.at < before }
    }
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
