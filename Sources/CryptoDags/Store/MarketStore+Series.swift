import DagKit
import DagKitSQL
public import FoundationEssentials

/// What the rules that look back read.
extension MarketStore {
    /// The points of coins since an instant, oldest first.
    public func history(of ids: [String], source: String, since: Date) async throws -> MarketHistory {
        let snapshots = try await database.query(
            """
            select s.snapshot_id, s.fetched_at, p.points
            from crypto_snapshots s left join crypto_series p on p.snapshot_id = s.snapshot_id
            where s.source = \(source) and s.complete and not s.amincie and s.fetched_at >= \(since.databaseText)
            order by s.fetched_at, s.snapshot_id
            """)
        var collector = MarketHistory.Collector(of: ids, capacity: snapshots.count)
        for snapshot in snapshots {
            let instant = try Date(isoText: try snapshot[1] as String)
            let points: [UInt8]? = try snapshot[2]
            if let points, collector.add(points, at: instant) { continue }
            // Of a version before, or made by SQL alone.
            for (id, point) in try await self.points(of: try snapshot[0], at: instant) {
                collector.add(point, of: id)
            }
        }
        return collector.history
    }

    private func points(of snapshot: Int64, at instant: Date) async throws -> [(String, MarketPoint)] {
        try await database.query(
            """
            select crypto_id, cast(prix_usd as double precision), cast(volume_24h_usd as double precision), rang
            from crypto_historique where snapshot_id = \(snapshot)
            """
        ).map { (try $0[0], MarketPoint(at: instant, price: try $0[1], volume: try $0[2], rank: try $0[3])) }
    }

    /// Keeps the points of a snapshot beside its rows, in the transaction that writes these.
    static func saveSeries(
        _ rows: [MarketRow], of snapshot: Int64, _ transaction: any SQLTransaction
    ) throws {
        try transaction.execute(
            """
            insert into crypto_series (snapshot_id, points) values (\(snapshot), \(SnapshotSeries.pack(rows)))
            on conflict (snapshot_id) do update set points = excluded.points
            """)
    }

    /// Forgets the points of a snapshot that loses its rows.
    static func deleteSeries(of snapshot: Int64, _ transaction: any SQLTransaction) throws {
        try transaction.execute("delete from crypto_series where snapshot_id = \(snapshot)")
    }
}
