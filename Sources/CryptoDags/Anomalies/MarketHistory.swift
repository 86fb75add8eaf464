public import FoundationEssentials

/// What coins did before, oldest point first.
public struct MarketHistory: Hashable, Sendable {
    private var slots: [String: Int] = [:]
    private var pasts: [CoinPast] = []

    /// Creates an empty history.
    public init() {}

    /// Adds a point; points of one coin come in the order of time.
    public mutating func append(_ point: MarketPoint, to id: String) {
        append(point, slot: slot(of: id))
    }

    /// The points of a coin, oldest first.
    public func points(of id: String) -> [MarketPoint] { slots[id].map { pasts[$0].points } ?? [] }

    /// What a coin did from an instant on and before another.
    func past(of id: String, since: Date, before: Date) -> CoinPast {
        slots[id].map { pasts[$0].part(since: since, before: before) } ?? CoinPast()
    }

    /// Where the points of a coin are kept: who adds many asks once.
    ///
    /// - Parameter capacity: How many points will come.
    mutating func slot(of id: String, capacity: Int = 0) -> Int {
        if let slot = slots[id] { return slot }
        slots[id] = pasts.count
        pasts.append(CoinPast(capacity: capacity))
        return pasts.count - 1
    }

    /// Adds a point where ``slot(of:capacity:)`` said.
    mutating func append(_ point: MarketPoint, slot: Int) { pasts[slot].append(point) }
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
