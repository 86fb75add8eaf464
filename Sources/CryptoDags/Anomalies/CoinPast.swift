import FoundationEssentials

/// The points of one coin, oldest first, column by column: statistics run over one column at a time.
struct CoinPast: Hashable, Sendable {
    private(set) var instants: [Date] = []
    private(set) var prices: [Double] = []

    /// The volumes of 24 hours; ``noVolume`` where none is known.
    private(set) var volumes: [Double] = []
    private(set) var ranks: [Int] = []

    private static let noVolume = -1.0

    /// How many points there are.
    var count: Int { instants.count }

    /// The same, point by point.
    var points: [MarketPoint] {
        instants.indices.map { index in
            MarketPoint(
                at: instants[index], price: prices[index],
                volume: volumes[index] == Self.noVolume ? nil : volumes[index], rank: ranks[index])
        }
    }

    /// Creates a past without points.
    init(capacity: Int = 0) {
        instants.reserveCapacity(capacity)
        prices.reserveCapacity(capacity)
        volumes.reserveCapacity(capacity)
        ranks.reserveCapacity(capacity)
    }

    /// Adds a point that is later than all others.
    mutating func append(_ point: MarketPoint) {
        instants.append(point.at)
        prices.append(point.price)
        volumes.append(point.volume ?? Self.noVolume)
        ranks.append(point.rank)
    }

    /// The points from an instant on and before another.
    func part(since: Date, before: Date) -> CoinPast {
        let first = instants.firstIndex { $0 >= since } ?? instants.endIndex
        let end = instants.lastIndex { $0 < before }.map { $0 + 1 } ?? instants.startIndex
        guard first > 0 || end < count else { return self }
        let range = first..<max(first, end)
        var part = CoinPast()
        part.instants = Array(instants[range])
        part.prices = Array(prices[range])
        part.volumes = Array(volumes[range])
        part.ranks = Array(ranks[range])
        return part
    }
}
