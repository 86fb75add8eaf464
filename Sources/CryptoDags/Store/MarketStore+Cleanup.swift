import DagKit
import DagKitSQL
public import FoundationEssentials

/// Old data going away.
extension MarketStore {
    /// Deletes what is older than the retention, whole snapshots at a time.
    ///
    /// The newest complete snapshot of a source always stays, and a source that gave nothing within the
    /// retention loses nothing: an outage must not empty the history.
    ///
    /// - Parameter batch: About how many rows one transaction deletes.
    public func cleanUp(
        retention: Duration = .seconds(35 * 86_400), batch: Int = 10_000, now: Date
    ) async throws -> CleanupOutcome {
        let cutoff = now.addingTimeInterval(-(retention / .seconds(1))).databaseText
        var outcome = CleanupOutcome()
        while true {
            let step = try await database.transaction { transaction in
                try Self.deleteSnapshots(before: cutoff, batch: batch, transaction)
            }
            guard step.snapshots > 0 else { break }
            outcome.snapshots += step.snapshots
            outcome.rows += step.rows
        }
        outcome.answers = try await database.execute(
            """
            delete from crypto_raw where fetched_at < \(cutoff)
                and exists (select 1 from crypto_raw newer where newer.source = crypto_raw.source
                    and newer.fetched_at >= \(cutoff))
            """)
        outcome.logLines = try await database.execute("delete from pipeline_logs where timestamp < \(cutoff)")
        return outcome
    }

    private static func deleteSnapshots(
        before cutoff: String, batch: Int, _ transaction: any SQLTransaction
    ) throws -> CleanupOutcome {
        let old = try transaction.query(
            """
            select s.snapshot_id, s.asset_count from crypto_snapshots s
            where s.fetched_at < \(cutoff) and exists (
                select 1 from crypto_snapshots newer where newer.source = s.source and newer.complete = 1
                    and newer.fetched_at >= \(cutoff))
            order by s.fetched_at limit 1000
            """)
        var outcome = CleanupOutcome()
        for row in old {
            let id: Int64 = try row[0]
            let assets: Int = try row[1]
            guard outcome.snapshots == 0 || outcome.rows + assets <= batch else { break }
            outcome.rows += try transaction.execute("delete from crypto_historique where snapshot_id = \(id)")
            try transaction.execute("delete from quality_results where snapshot_id = \(id)")
            outcome.snapshots += try transaction.execute(
                "delete from crypto_snapshots where snapshot_id = \(id)")
        }
        return outcome
    }
}

/// What a clean-up deleted.
public struct CleanupOutcome: Hashable, Sendable, Codable {
    /// Whole snapshots.
    public var snapshots = 0

    /// Rows of `crypto_historique`.
    public var rows = 0

    /// Stored answers.
    public var answers = 0

    /// Lines of `pipeline_logs`.
    public var logLines = 0

    /// Creates an outcome that deleted nothing.
    public init() {}
}
