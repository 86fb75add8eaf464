public import FoundationEssentials

/// The calls that fill the candles of coins over a span: what a backfill costs, known before it is made.
///
/// ```swift
/// let plan = BackfillPlan(coins: ["bitcoin"], interval: .hour, from: monthAgo, to: now, known: [:])
/// plan.credits  // 1
/// ```
public struct BackfillPlan: Hashable, Sendable {
    /// One call to `/assets/{id}/history`.
    public struct Call: Hashable, Sendable {
        /// The coin.
        public let coin: String

        /// The start of the span that it asks for.
        public let start: Date

        /// The end of the span.
        public let end: Date
    }

    /// How far apart the points are.
    public let interval: HistoryInterval

    /// The calls, coin by coin, oldest first.
    public let calls: [Call]

    /// How many credits the calls cost on a metered endpoint: one each.
    public var credits: Int { calls.count }

    /// Plans the calls; a span whose candles are all there is not asked for again.
    ///
    /// - Parameter known: The starts of the candles that each coin has already.
    public init(
        coins: [String], interval: HistoryInterval, from start: Date, to end: Date, known: [String: Set<Date>]
    ) {
        self.interval = interval
        let step = interval.period.duration
        let first = (start.timeIntervalSince1970 / step).rounded(.down) * step
        let last = (end.timeIntervalSince1970 / step).rounded(.down) * step
        var calls: [Call] = []
        for coin in coins {
            let there = known[coin] ?? []
            var from = first
            while from < last {
                let to = min(from + interval.longestSpan, last)
                let isWhole = stride(from: from, to: to, by: step)
                    .allSatisfy { there.contains(Date(timeIntervalSince1970: $0)) }
                if !isWhole {
                    calls.append(
                        Call(
                            coin: coin, start: Date(timeIntervalSince1970: from),
                            end: Date(timeIntervalSince1970: to)))
                }
                from = to
            }
        }
        self.calls = calls
    }
}

extension Candle {
    /// The candles of prices, each in the hour or day that it falls into, oldest first.
    public static func candles(of prices: [CoinPrice], period: CandlePeriod) -> [Candle] {
        let groups = Dictionary(grouping: prices.sorted { $0.at < $1.at }) {
            ($0.at.timeIntervalSince1970 / period.duration).rounded(.down)
        }
        return groups.sorted { $0.key < $1.key }.map { key, group in
            let values = group.map(\.price.doubleValue)
            return Candle(
                start: Date(timeIntervalSince1970: key * period.duration), open: values[0],
                high: values.max() ?? values[0], low: values.min() ?? values[0],
                close: values[values.count - 1], points: values.count)
        }
    }
}
