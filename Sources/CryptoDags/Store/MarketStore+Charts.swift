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
        var start = 0
        while start < rows.count {
            let coin: String = try rows[start][0]
            let end = try rows[start...].firstIndex { try $0[0] as String != coin } ?? rows.count
            closes[coin] = try Candle.lasts(of: rows[start..<end].map { try $0[1] }, limit: limit)
            start = end
        }
        return closes
    }
}
