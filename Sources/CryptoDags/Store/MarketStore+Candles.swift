import DagKit
import DagKitSQL
public import FoundationEssentials

/// The span of one candle; the column `periode`.
public enum CandlePeriod: String, CaseIterable, Hashable, Sendable, Codable {
    case hour = "heure"
    case day = "jour"

    /// How long it is.
    public var duration: TimeInterval { self == .hour ? 3_600 : 86_400 }
}

/// The prices of a coin over an hour or a day.
public struct Candle: Hashable, Sendable, Codable {
    /// When it begins; a day begins at midnight of its date, written as UTC.
    public let start: Date

    /// The first price.
    public let open: Double

    /// The highest price.
    public let high: Double

    /// The lowest price.
    public let low: Double

    /// The last price.
    public let close: Double

    /// How many prices it stands for.
    public let points: Int

    /// Creates a candle.
    public init(start: Date, open: Double, high: Double, low: Double, close: Double, points: Int) {
        self.start = start
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.points = points
    }
}

/// Candles: kept up to date by every load, so that no chart reads half a million rows.
extension MarketStore {
    /// Adds the prices of a loaded snapshot to the candles of its hour and day, within the load's transaction.
    static func addCandles(
        of snapshot: Int64, day: String, fetchedAt: Date, _ transaction: any SQLTransaction
    ) throws {
        for period in CandlePeriod.allCases {
            let start = try start(of: period, at: fetchedAt, day: day)
            try addCandles(of: snapshot, period: period, start: start, transaction)
        }
    }

    static func addCandles(
        of snapshot: Int64, period: CandlePeriod, start: Date, _ transaction: any SQLTransaction
    ) throws {
        try transaction.execute(
            """
            insert into crypto_bougies (source, crypto_id, periode, debut, ouverture, haut, bas, cloture,
                volume_24h_usd, market_cap_usd, rang, points, origine)
            select source, crypto_id, \(period.rawValue), \(start.databaseText), prix_usd, prix_usd, prix_usd,
                prix_usd, volume_24h_usd, market_cap_usd, rang, 1, 'instantane'
            from crypto_historique where snapshot_id = \(snapshot)
            on conflict (source, periode, crypto_id, debut) do update set
                haut = case when excluded.haut > crypto_bougies.haut then excluded.haut
                    else crypto_bougies.haut end,
                bas = case when excluded.bas < crypto_bougies.bas then excluded.bas
                    else crypto_bougies.bas end,
                cloture = excluded.cloture, volume_24h_usd = excluded.volume_24h_usd,
                market_cap_usd = excluded.market_cap_usd, rang = excluded.rang,
                points = crypto_bougies.points + 1, origine = excluded.origine
            """)
    }

    static func start(of period: CandlePeriod, at instant: Date, day: String) throws -> Date {
        switch period {
        case .hour:
            Date(timeIntervalSince1970: (instant.timeIntervalSince1970 / 3_600).rounded(.down) * 3_600)
        case .day: try Date(isoText: day)
        }
    }

    /// Stores candles that the source's own history gave; what snapshots have shown stays.
    ///
    /// - Returns: How many were new.
    public func save(
        _ candles: [Candle], of cryptoID: String, period: CandlePeriod, source: String
    ) async throws -> Int {
        try await database.transaction { transaction in
            var added = 0
            for candle in candles {
                added += try transaction.execute(
                    """
                    insert into crypto_bougies (source, crypto_id, periode, debut, ouverture, haut, bas, cloture,
                        points, origine)
                    values (\(source), \(cryptoID), \(period.rawValue), \(candle.start.databaseText), \(candle.open),
                        \(candle.high), \(candle.low), \(candle.close), \(candle.points), 'historique')
                    on conflict (source, periode, crypto_id, debut) do nothing
                    """)
            }
            return added
        }
    }

    /// The candles of a coin from an instant on, oldest first.
    public func candles(
        of cryptoID: String, period: CandlePeriod, source: String, since: Date
    ) async throws -> [Candle] {
        try await database.query(
            """
            select debut, ouverture, haut, bas, cloture, points from crypto_bougies
            where source = \(source) and periode = \(period.rawValue) and crypto_id = \(cryptoID)
                and debut >= \(since.databaseText)
            order by debut
            """
        ).map { row in
            Candle(
                start: try Date(isoText: try row[0] as String), open: try row[1], high: try row[2],
                low: try row[3], close: try row[4], points: try row[5])
        }
    }

    /// The prices of a coin over a span as at most `limit` candles: by the hour where hours are kept, else by the day,
    /// neighbours joined until they fit.
    public func priceHistory(
        of cryptoID: String, source: String, since: Date, now: Date, limit: Int = 500
    ) async throws -> [Candle] {
        let days = try await candles(of: cryptoID, period: .day, source: source, since: since)
        let hours = try await candles(of: cryptoID, period: .hour, source: source, since: since)
        // Days reach farther back than hours; where both are, hours say more.
        let firstHour = hours.first?.start ?? .distantFuture
        let older = days.filter { $0.start.addingTimeInterval(86_400) <= firstHour }
        return Candle.joined(older + hours, limit: limit)
    }
}

extension Candle {
    /// Candles joined with their neighbours until at most `limit` are left.
    ///
    /// - Precondition: They are in the order of time, and `limit` is above zero.
    public static func joined(_ candles: [Candle], limit: Int) -> [Candle] {
        precondition(limit > 0)
        return groups(candles, limit: limit).map { group in
            let first = group.startIndex
            return Candle(
                start: group[first].start, open: group[first].open, high: group.map(\.high).max() ?? 0,
                low: group.map(\.low).min() ?? 0, close: group.last?.close ?? group[first].close,
                points: group.reduce(0) { $0 + $1.points })
        }
    }

    /// The last value of each group of neighbours, of which there are at most `limit`.
    static func lasts<Value>(of values: [Value], limit: Int) -> [Value] {
        groups(values, limit: limit).compactMap(\.last)
    }

    private static func groups<Value>(_ values: [Value], limit: Int) -> [ArraySlice<Value>] {
        let size = max(1, (values.count + limit - 1) / limit)
        return stride(from: 0, to: values.count, by: size).map { values[$0..<min($0 + size, values.count)] }
    }
}
