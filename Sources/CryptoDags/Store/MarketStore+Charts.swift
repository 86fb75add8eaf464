import DagKit
import DagKitSQL
import FoundationEssentials

/// What the charts of a report look back on, read narrowly: a report is made every half hour.
extension MarketStore {
    /// The total of market capitalisation and the quality score of each snapshot since an instant, oldest first.
    func totals(source: String, since: Date) async throws -> [(marketCap: Double, qualityScore: Int?)] {
        try await database.query(
            """
            select cast(market_cap_total as double precision), quality_score from crypto_snapshots
            where complete and source = \(source) and fetched_at >= \(since.databaseText)
            order by fetched_at, snapshot_id
            """
        ).map { (try $0[0], try $0[1]) }
    }

    /// The closing prices of coins by the hour since an instant, oldest first, neighbours joined until at most `limit` are
    /// left of each coin.
    func closes(
        of ids: [String], source: String, since: Date, limit: Int
    ) async throws -> [String: [Double]] {
        let rows = try await database.query(
            """
            select crypto_id, cloture from crypto_bougies
            where source = \(source) and periode = \(CandlePeriod.hour.rawValue)
                and crypto_id in \(SQLStatement.list(ids)) and debut >= \(since.databaseText)
            order by crypto_id, debut
            """)
        var closes: [String: [Double]] = [:]
        for row in rows { closes[try row[0], default: []].append(try row[1]) }
        return closes.mapValues { Candle.lasts(of: $0, limit: limit) }
    }
}
