import CryptoDags
import DagKit
import DagKitCLI
import FoundationEssentials

/// `crypto status`.
enum StatusCommand {
    static let command = CLICommand(
        "status",
        "Shows the newest snapshot, what the store holds, the mails that wait and the credits used.",
        examples: [.init("crypto status -o json", "for programs")], options: ReportOptions.all,
        exitCodes: [.notFound]
    ) { call in
        try await MarketAccess.reading(call) { store in
            let latest = try await MarketAccess.latest(store)
            let settings = try MarketAccess.settings(call)
            let counts = try await counts(store, source: latest.source, since: call.workspace.now.ds)
            let credits = try await store.creditUsage(limit: settings.creditLimit, now: call.workspace.now)
            let age = Int64(call.workspace.now.timeIntervalSince(latest.fetchedAt))
            let report = Report(object: [
                "source": .string(latest.source), "snapshot_id": .integer(latest.id),
                "fetched_at": .string(latest.fetchedAt.isoText), "age_seconds": .integer(age),
                "assets": .integer(Int64(latest.assetCount)),
                "rejected": .integer(Int64(latest.rejectedCount)),
                "quality_score": latest.qualityScore.map { .integer(Int64($0)) } ?? .null,
                "market_cap_usd": .string(latest.marketCapTotal.description),
                "snapshots": .integer(counts.snapshots), "rows": .integer(counts.rows),
                "candles": .integer(counts.candles), "anomalies_today": .integer(counts.anomalies),
                "failed_tasks_today": .integer(counts.failures), "mails_waiting": .integer(counts.waiting),
                "mails_refused": .integer(counts.refused), "credits_used": .integer(Int64(credits.used)),
                "credit_limit": .integer(Int64(credits.limit)),
            ])
            try call.show(report)
            return .success
        }
    }

    private struct Counts {
        var snapshots: Int64 = 0
        var rows: Int64 = 0
        var candles: Int64 = 0
        var anomalies: Int64 = 0
        var failures: Int64 = 0
        var waiting: Int64 = 0
        var refused: Int64 = 0
    }

    private static func counts(_ store: MarketStore, source: String, since day: String) async throws -> Counts
    {
        let row = try await store.database.query(
            """
            select (select count(*) from crypto_snapshots where complete and source = \(source)) as snapshots,
                (select count(*) from crypto_historique where source = \(source)) as rows_kept,
                (select count(*) from crypto_bougies where source = \(source)) as candles,
                (select count(*) from anomalies where source = \(source) and detected_at >= \(day)) as anomalies,
                (select count(*) from pipeline_logs where status = 'failed' and timestamp >= \(day)) as failures,
                (select count(*) from outbox where state = 'pending') as waiting,
                (select count(*) from outbox where state = 'failed') as refused
            """)[0]
        return Counts(
            snapshots: try row["snapshots"], rows: try row["rows_kept"], candles: try row["candles"],
            anomalies: try row["anomalies"], failures: try row["failures"], waiting: try row["waiting"],
            refused: try row["refused"])
    }
}
