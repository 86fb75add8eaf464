/// Totals and breadth over the rows of one snapshot.
public struct MarketSummary: Hashable, Sendable {
    /// How many coins there are.
    public let count: Int

    /// The sum of the known market capitalisations, derived ones included.
    public let marketCap: Amount

    /// The sum of the known volumes of 24 hours.
    public let volume: Amount

    /// The mean of the known changes over 24 hours in %; `nil` if none is known.
    public let meanChange: Double?

    /// The median of the known changes over 24 hours in %; `nil` if none is known.
    public let medianChange: Double?

    /// How many coins rise, by ``MarketTrend``.
    public let rising: Int

    /// How many coins fall.
    public let falling: Int

    /// How many coins hardly move.
    public let flat: Int

    /// How many coins have no known change.
    public let unknown: Int

    /// Creates a summary of totals that are known.
    init(
        count: Int, marketCap: Amount, volume: Amount, meanChange: Double?, medianChange: Double?,
        rising: Int,
        falling: Int, flat: Int
    ) {
        self.count = count
        self.marketCap = marketCap
        self.volume = volume
        self.meanChange = meanChange
        self.medianChange = medianChange
        self.rising = rising
        self.falling = falling
        self.flat = flat
        unknown = count - rising - falling - flat
    }

    /// Sums the rows.
    ///
    /// - Throws: ``AmountError/overflow(_:)`` if a total has more than 20 digits before the point.
    public init(_ rows: some Collection<MarketRow>) throws(AmountError) {
        count = rows.count
        marketCap = try Amount.sum(rows.compactMap(\.marketCapUsd))
        volume = try Amount.sum(rows.compactMap(\.volume24hUsd))
        let changes = rows.compactMap { $0.variation24hPourcent?.doubleValue }
        meanChange = Statistics.mean(changes)
        medianChange = Statistics.median(changes)
        rising = rows.count { $0.tendance == .rise || $0.tendance == .strongRise }
        falling = rows.count { $0.tendance == .fall || $0.tendance == .strongFall }
        flat = rows.count { $0.tendance == .flat }
        unknown = rows.count { $0.tendance == .unknown }
    }
}
