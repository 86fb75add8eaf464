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
            let points = history.points(of: row.cryptoID, since: week, before: now)
            let found = [
                ownReturn(row, points, now: now), volume(row, points), depeg(row, points),
                rankMove(row, points, now: now),
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

    private func ownReturn(_ row: MarketRow, _ points: ArraySlice<MarketPoint>, now: Date) -> Anomaly? {
        guard points.count >= thresholds.fewestPoints, let last = points.last else { return nil }
        let returns = zip(points, points.dropFirst()).map { log($1.price / $0.price) }
        guard let median = Statistics.median(returns),
            let spread = Statistics.robustSpread(returns, around: median)
        else { return nil }
        // Monitoring comes more rarely than snapshots: a jump between two of its runs counts too.
        let recent = returns.suffix(
            points.dropFirst().reversed().prefix { $0.at > now - thresholds.recentSpan }.count)
        let candidates = recent + [log(row.prixUsd.doubleValue / last.price)]
        guard let move = candidates.max(by: { abs($0 - median) < abs($1 - median) }) else { return nil }
        let z = (move - median) / spread
        guard abs(z) > thresholds.historyScore else { return nil }
        return anomaly(
            row, .history, z, threshold: thresholds.historyScore, value: (exp(move) - 1) * 100,
            baseline: (exp(median) - 1) * 100)
    }

    private func volume(_ row: MarketRow, _ points: ArraySlice<MarketPoint>) -> Anomaly? {
        let logs = points.compactMap { point in point.volume.flatMap { $0 > 0 ? log10($0) : nil } }
        guard logs.count >= thresholds.fewestPoints, let volume = row.volume24hUsd, volume > .zero,
            let median = Statistics.median(logs), let spread = Statistics.robustSpread(logs, around: median)
        else { return nil }
        let z = (log10(volume.doubleValue) - median) / spread
        guard abs(z) > thresholds.historyScore else { return nil }
        return anomaly(
            row, .volume, z, threshold: thresholds.historyScore, value: volume.doubleValue,
            baseline: pow(10, median))
    }

    private func depeg(_ row: MarketRow, _ points: ArraySlice<MarketPoint>) -> Anomaly? {
        guard points.count >= thresholds.fewestPoints, let median = Statistics.median(points.map(\.price)),
            abs(median - 1) <= thresholds.pegBand
        else { return nil }
        let price = row.prixUsd.doubleValue
        guard abs(price - 1) > thresholds.pegBreak else { return nil }
        let off = abs(price - 1) * 100
        return Anomaly(
            row, rule: .depeg, direction: price > 1 ? .up : .down, severity: off > 5 ? .critical : .high,
            value: price,
            baseline: median, threshold: thresholds.pegBreak * 100, score: off)
    }

    private func rankMove(_ row: MarketRow, _ points: ArraySlice<MarketPoint>, now: Date) -> Anomaly? {
        let dayAgo = now.addingTimeInterval(-86_400)
        guard let earlier = points.first(where: { $0.at >= dayAgo }),
            min(earlier.rank, row.rang) <= thresholds.rankScope
        else { return nil }
        let move = row.rang - earlier.rank
        guard abs(move) >= thresholds.rankMove else { return nil }
        return Anomaly(
            row, rule: .rank, direction: move < 0 ? .up : .down,
            severity: abs(move) >= 2 * thresholds.rankMove ? .high : .medium, value: Double(row.rang),
            baseline: Double(earlier.rank), threshold: Double(thresholds.rankMove), score: Double(abs(move)))
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
