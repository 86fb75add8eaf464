import DagKit
import DagKitSQL
public import FoundationEssentials

/// How long what is kept.
public struct Retention: Hashable, Sendable {
    /// Snapshots, hourly candles and all that was said of them; `crypto.retention_days`.
    public var history: Duration

    /// Every snapshot with its rows and raw answer; older ones are thinned to the last of each day;
    /// `crypto.detail_days`.
    public var detail: Duration

    /// Daily candles and reports; `crypto.daily_days`.
    public var daily: Duration

    /// Creates a retention; the standard keeps 35 days, 8 of them in detail, and the days of ten years.
    public init(
        history: Duration = .seconds(35 * 86_400), detail: Duration = .seconds(8 * 86_400),
        daily: Duration = .seconds(3_650 * 86_400)
    ) {
        self.history = history
        self.detail = detail
        self.daily = daily
    }
}

/// Old data going away.
extension MarketStore {
    /// Thins what is older than the detail to the last snapshot of each day, and deletes what is older than the
    /// history, whole snapshots at a time.
    ///
    /// The newest complete snapshot of a source always stays, and a source that gave nothing within the
    /// retention loses nothing: an outage must not empty the history.
    ///
    /// - Parameter batch: About how many rows one transaction deletes.
    public func cleanUp(_ retention: Retention = Retention(), batch: Int = 10_000, now: Date) async throws
        -> CleanupOutcome
    {
        let cutoff = now.addingTimeInterval(-(retention.history / .seconds(1)))
        let detail = now.addingTimeInterval(-(min(retention.detail, retention.history) / .seconds(1)))
        let daily = now.addingTimeInterval(-(max(retention.daily, retention.history) / .seconds(1)))
        var outcome = CleanupOutcome()
        try await repeating(&outcome) {
            try Self.deleteSnapshots(before: cutoff.databaseText, batch: batch, $0)
        }
        try await repeating(&outcome) { try Self.thin(before: detail.databaseText, batch: batch, $0) }
        try await deleteRest(before: cutoff.databaseText, daily: daily, now: now, &outcome)
        return outcome
    }

    private func repeating(
        _ outcome: inout CleanupOutcome,
        _ body: @escaping @Sendable (any SQLTransaction) throws -> CleanupOutcome
    ) async throws {
        while true {
            let step = try await database.transaction { try body($0) }
            guard step.snapshots + step.thinned > 0 else { return }
            outcome.snapshots += step.snapshots
            outcome.thinned += step.thinned
            outcome.rows += step.rows
            outcome.answers += step.answers
        }
    }

    private static func deleteSnapshots(
        before cutoff: String, batch: Int, _ transaction: any SQLTransaction
    ) throws -> CleanupOutcome {
        let old = try transaction.query(
            """
            select s.snapshot_id, case when s.amincie then 0 else s.asset_count end as rows from crypto_snapshots s
            where s.fetched_at < \(cutoff) and exists (
                select 1 from crypto_snapshots newer where newer.source = s.source and newer.complete
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
            try deleteSeries(of: id, transaction)
            outcome.snapshots += try transaction.execute(
                "delete from crypto_snapshots where snapshot_id = \(id)")
        }
        return outcome
    }

    /// Takes the rows and the raw answer from snapshots that are not the last of their day; candles keep their prices.
    private static func thin(
        before cutoff: String, batch: Int, _ transaction: any SQLTransaction
    ) throws -> CleanupOutcome {
        let old = try transaction.query(
            """
            select s.snapshot_id, s.asset_count, s.source, s.sha256 from crypto_snapshots s
            where s.amincie = false and s.complete and s.fetched_at < \(cutoff)
                and exists (select 1 from crypto_snapshots newer where newer.source = s.source
                    and newer.complete and newer.fetched_at >= \(cutoff))
                and exists (select 1 from crypto_snapshots later where later.source = s.source
                    and later.complete and later.date_import = s.date_import
                    and (later.fetched_at > s.fetched_at
                        or (later.fetched_at = s.fetched_at and later.snapshot_id > s.snapshot_id)))
            order by s.fetched_at limit 1000
            """)
        var outcome = CleanupOutcome()
        for row in old {
            let id: Int64 = try row[0]
            let assets: Int = try row[1]
            guard outcome.thinned == 0 || outcome.rows + assets <= batch else { break }
            outcome.rows += try transaction.execute("delete from crypto_historique where snapshot_id = \(id)")
            try deleteSeries(of: id, transaction)
            outcome.answers += try transaction.execute(
                """
                delete from crypto_raw where source = \(try row["source"] as String)
                    and sha256 = \(try row["sha256"] as String)
                """)
            outcome.thinned += try transaction.execute(
                "update crypto_snapshots set amincie = true where snapshot_id = \(id)")
        }
        return outcome
    }

    /// How long a mail may wait in the outbox, in seconds.
    private static let longestWaitOfMails: TimeInterval = 7 * 86_400

    private func deleteRest(
        before cutoff: String, daily: Date, now: Date, _ outcome: inout CleanupOutcome
    ) async throws {
        outcome.answers += try await database.execute(
            """
            delete from crypto_raw where fetched_at < \(cutoff)
                and exists (select 1 from crypto_raw newer where newer.source = crypto_raw.source
                    and newer.fetched_at >= \(cutoff))
            """)
        outcome.candles += try await database.execute(
            """
            delete from crypto_bougies where periode = 'heure' and debut < \(cutoff)
                and exists (select 1 from crypto_snapshots newer where newer.source = crypto_bougies.source
                    and newer.complete and newer.fetched_at >= \(cutoff))
            """)
        outcome.candles += try await database.execute(
            "delete from crypto_bougies where periode = 'jour' and debut < \(daily.databaseText)")
        outcome.logLines = try await database.execute("delete from pipeline_logs where timestamp < \(cutoff)")
        try await database.execute("delete from monitoring_stats where timestamp < \(cutoff)")
        try await database.execute("delete from anomalies where detected_at < \(cutoff)")
        try await database.execute("delete from anomaly_alerts where alerted_at < \(cutoff)")
        try await database.execute(
            "delete from outbox where state in ('sent', 'failed') and created_at < \(cutoff)")
        try await database.execute("delete from reports where date < \(daily.ds)")
        // A mail that could not go out within a week is news no more.
        let lastWeek = now.addingTimeInterval(-Self.longestWaitOfMails).databaseText
        try await database.execute(
            """
            update outbox set state = 'failed', last_error = 'not sent within 7 days'
            where state = 'pending' and created_at < \(lastWeek)
            """)
    }
}

/// What a clean-up deleted.
public struct CleanupOutcome: Hashable, Sendable, Codable {
    /// Whole snapshots.
    public var snapshots = 0

    /// Snapshots that lost their rows and raw answer, since their day has a later one.
    public var thinned = 0

    /// Rows of `crypto_historique`.
    public var rows = 0

    /// Stored answers.
    public var answers = 0

    /// Hourly and daily candles.
    public var candles = 0

    /// Lines of `pipeline_logs`.
    public var logLines = 0

    /// Creates an outcome that deleted nothing.
    public init() {}
}
