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

/// Means and robust spreads in Double.
enum Statistics {
    static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// A spread that outliers do not stretch: 1.4826 x MAD, else 1.2533 x the mean deviation; `nil` if it is 0.
    static func robustSpread(_ values: [Double], around center: Double) -> Double? {
        let deviations = values.map { abs($0 - center) }
        if let mad = median(deviations), mad > 0 { return 1.4826 * mad }
        if let deviation = mean(deviations), deviation > 0 { return 1.2533 * deviation }
        return nil
    }
}
