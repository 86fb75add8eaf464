public import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Finds the coins that stand out in a snapshot.
///
/// ```swift
/// let anomalies = AnomalyDetector().detect(rows, history: history, now: fetchedAt)
/// ```
public struct AnomalyDetector: Sendable {
    /// The bounds of the rules.
    public var thresholds: AnomalyThresholds

    /// Creates a detector.
    public init(thresholds: AnomalyThresholds = AnomalyThresholds()) { self.thresholds = thresholds }

    /// The anomalies of a snapshot: the most severe first, then by score and rank.
    ///
    /// - Parameter history: The points before the snapshot; rules that look back skip coins without them.
    /// - Parameter now: When the snapshot was fetched.
    public func detect(_ rows: [MarketRow], history: MarketHistory = MarketHistory(), now: Date) -> [Anomaly]
    {
        let scope = rows.filter(isInScope)
        let week = now.addingTimeInterval(-thresholds.historySpan)
        var anomalies = scope.compactMap(variation) + crossSection(scope)
        for row in scope {
            let past = history.past(of: row.cryptoID, since: week, before: now)
            let found = [
                ownReturn(row, past, now: now), volume(row, past), depeg(row, past),
                rankMove(row, past, now: now),
            ]
            anomalies += found.compactMap { $0 }
        }
        return anomalies.sorted {
            ($1.severity, $1.score, $0.rang, $0.rule.rawValue) < (
                $0.severity, $0.score, $1.rang, $1.rule.rawValue
            )
        }
    }

    private func isInScope(_ row: MarketRow) -> Bool {
        guard row.rang <= thresholds.lowestRank, let volume = row.volume24hUsd else { return false }
        return volume >= thresholds.smallestVolume
    }

    private func variation(_ row: MarketRow) -> Anomaly? {
        guard let change = row.variation24hPourcent, change.magnitude > thresholds.change else { return nil }
        let size = change.magnitude
        let severity: AnomalySeverity =
            size > thresholds.criticalChange ? .critical : size > thresholds.highChange ? .high : .medium
        return Anomaly(
            row, rule: .variation, direction: change > .zero ? .up : .down, severity: severity,
            value: change.doubleValue, baseline: 0, threshold: thresholds.change.doubleValue,
            score: size.doubleValue)
    }

    /// The change of a coin against the median of the scope: a move of the whole market is no anomaly.
    private func crossSection(_ scope: [MarketRow]) -> [Anomaly] {
        let changes = scope.compactMap { $0.variation24hPourcent?.doubleValue }
        guard let median = Statistics.median(changes),
            let spread = Statistics.robustSpread(changes, around: median)
        else { return [] }
        return scope.compactMap { row in
            guard let change = row.variation24hPourcent?.doubleValue else { return nil }
            let z = (change - median) / spread
            guard abs(z) > thresholds.crossSectionScore, abs(change) > thresholds.crossSectionChange else {
                return nil
            }
            return anomaly(
                row, .crossSection, z, threshold: thresholds.crossSectionScore, value: change,
                baseline: median)
        }
    }

    private func ownReturn(_ row: MarketRow, _ past: CoinPast, now: Date) -> Anomaly? {
        guard past.count >= thresholds.fewestPoints, let last = past.prices.last else { return nil }
        let ratios = zip(past.prices, past.prices.dropFirst()).map { $1 / $0 }
        // Monitoring comes more rarely than snapshots: a jump between two of its runs counts too.
        let recent = ratios.suffix(
            past.instants.dropFirst().reversed().prefix { $0 > now - thresholds.recentSpan }.count)
        let found = Statistics.logOutlier(
            recent + [row.prixUsd.doubleValue / last], among: ratios, beyond: thresholds.historyScore)
        guard let found else { return nil }
        return anomaly(
            row, .history, found.score, threshold: thresholds.historyScore,
            value: (exp(found.logarithm) - 1) * 100, baseline: (exp(found.median) - 1) * 100)
    }

    private func volume(_ row: MarketRow, _ past: CoinPast) -> Anomaly? {
        let volumes = past.volumes.filter { $0 > 0 }
        guard volumes.count >= thresholds.fewestPoints, let volume = row.volume24hUsd, volume > .zero else {
            return nil
        }
        // The base of the logarithm does not matter: both parts of the score have it.
        let found = Statistics.logOutlier(
            [volume.doubleValue], among: volumes, beyond: thresholds.historyScore)
        guard let found else { return nil }
        return anomaly(
            row, .volume, found.score, threshold: thresholds.historyScore, value: volume.doubleValue,
            baseline: exp(found.median))
    }

    private func depeg(_ row: MarketRow, _ past: CoinPast) -> Anomaly? {
        guard past.count >= thresholds.fewestPoints, mayKeepToOne(past.prices),
            let median = Statistics.median(past.prices), abs(median - 1) <= thresholds.pegBand
        else { return nil }
        let price = row.prixUsd.doubleValue
        guard abs(price - 1) > thresholds.pegBreak else { return nil }
        let off = abs(price - 1) * 100
        return Anomaly(
            row, rule: .depeg, direction: price > 1 ? .up : .down, severity: off > 5 ? .critical : .high,
            value: price,
            baseline: median, threshold: thresholds.pegBreak * 100, score: off)
    }

    /// Whether the median may be near 1: most coins are seen not to be without looking for it.
    private func mayKeepToOne(_ prices: [Double]) -> Bool {
        let below = prices.count { $0 < 1 - thresholds.pegBand }
        let above = prices.count { $0 > 1 + thresholds.pegBand }
        return max(below, above) * 2 <= prices.count
    }

    private func rankMove(_ row: MarketRow, _ past: CoinPast, now: Date) -> Anomaly? {
        let dayAgo = now.addingTimeInterval(-86_400)
        guard let earlier = past.instants.firstIndex(where: { $0 >= dayAgo }).map({ past.ranks[$0] }),
            min(earlier, row.rang) <= thresholds.rankScope
        else { return nil }
        let move = row.rang - earlier
        guard abs(move) >= thresholds.rankMove else { return nil }
        return Anomaly(
            row, rule: .rank, direction: move < 0 ? .up : .down,
            severity: abs(move) >= 2 * thresholds.rankMove ? .high : .medium, value: Double(row.rang),
            baseline: Double(earlier), threshold: Double(thresholds.rankMove), score: Double(abs(move)))
    }

    private func anomaly(
        _ row: MarketRow, _ rule: AnomalyRule, _ z: Double, threshold: Double, value: Double, baseline: Double
    ) -> Anomaly {
        let severity: AnomalySeverity =
            abs(z) > 4 * threshold ? .critical : abs(z) > 2 * threshold ? .high : .medium
        return Anomaly(
            row, rule: rule, direction: z > 0 ? .up : .down, severity: severity, value: value,
            baseline: baseline,
            threshold: threshold, score: abs(z))
    }
}

/// The bounds of the anomaly rules.
public struct AnomalyThresholds: Hashable, Sendable {
    /// The lowest rank that is looked at.
    public var lowestRank = 200

    /// The smallest volume of 24 hours in USD.
    public var smallestVolume = Amount(100_000)

    /// The change in % that is an anomaly.
    public var change: Amount = 10

    /// The change in % of high severity.
    public var highChange: Amount = 20

    /// The change in % of critical severity.
    public var criticalChange: Amount = 50

    /// The robust z of a change against the scope.
    public var crossSectionScore = 3.5

    /// The smallest change in % that may stand out from the scope.
    public var crossSectionChange = 3.0

    /// The robust z of a return or a volume against the coin's own past.
    public var historyScore = 6.0

    /// How far back a coin's past goes, in seconds.
    public var historySpan: TimeInterval = 7 * 86_400

    /// How far back a jump is still news, in seconds: the interval of monitoring.
    public var recentSpan: TimeInterval = 3_600

    /// How many points a past must have.
    public var fewestPoints = 48

    /// How near to 1 the median price of a stable coin is.
    public var pegBand = 0.005

    /// How far from 1 the price of a stable coin may go.
    public var pegBreak = 0.02

    /// The lowest rank whose moves matter.
    public var rankScope = 50

    /// The ranks gained or lost in 24 hours that are an anomaly.
    public var rankMove = 10

    /// Creates the bounds of the design.
    public init() {}
}
