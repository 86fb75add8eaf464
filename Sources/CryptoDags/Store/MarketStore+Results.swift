import DagKit
import DagKitSQL
public import FoundationEssentials

/// What checks, rules and reports make of a snapshot; storing it twice changes nothing.
extension MarketStore {
    /// Stores the results of the quality checks and the score of their snapshot.
    public func save(_ report: QualityReport, snapshotID: Int64, now: Date) async throws {
        try await database.transaction { transaction in
            try transaction.execute("delete from quality_results where snapshot_id = \(snapshotID)")
            try transaction.bulkInsert(
                into: "quality_results",
                columns: [
                    "snapshot_id", "check_name", "verdict", "severity", "rows", "message", "offenders",
                    "checked_at",
                ],
                rows: try report.results.map { result in
                    let offenders = String(
                        decoding: try JSONEncoder().encode(result.offenders), as: UTF8.self)
                    return [
                        .integer(snapshotID), .text(result.check), .text(result.verdict.rawValue),
                        .text(result.severity.rawValue), .integer(Int64(result.rows)), .text(result.message),
                        .text(offenders), .text(now.databaseText),
                    ]
                })
            try transaction.execute(
                "update crypto_snapshots set quality_score = \(report.score) where snapshot_id = \(snapshotID)"
            )
        }
    }

    /// Stores the anomalies of a snapshot.
    public func save(_ anomalies: [Anomaly], of snapshot: StoredSnapshot, now: Date) async throws {
        try await database.transaction { transaction in
            for anomaly in anomalies {
                try transaction.execute(
                    """
                    insert into anomalies (snapshot_id, source, crypto_id, symbole, nom, rang, rule, direction,
                        severity, value, baseline, threshold, score, detected_at)
                    values (\(snapshot.id), \(snapshot.source), \(anomaly.cryptoID), \(anomaly.symbole),
                        \(anomaly.nom), \(anomaly.rang), \(anomaly.rule.rawValue), \(anomaly.direction.rawValue),
                        \(anomaly.severity.rawValue), \(anomaly.value), \(anomaly.baseline), \(anomaly.threshold),
                        \(anomaly.score), \(now.databaseText))
                    on conflict (snapshot_id, crypto_id, rule, direction) do nothing
                    """)
            }
        }
    }

    /// The last alert of each key of a source, for ``AlertPolicy``.
    ///
    /// - Parameter snapshot: The snapshot that is judged: when an anomaly was seen is asked of those before it.
    public func lastAlerts(source: String, before snapshot: Int64 = .max) async throws -> [AlertKey:
        LastAlert]
    {
        let seen = try await lastSightings(source: source, before: snapshot)
        let rows = try await database.query(
            """
            select crypto_id, rule, direction, alerted_at, magnitude from anomaly_alerts
            where source = \(source) order by alerted_at
            """)
        var alerts: [AlertKey: LastAlert] = [:]
        for row in rows {
            // A rule of a newer version is none of ours.
            guard let rule = AnomalyRule(rawValue: try row[1]),
                let direction = AnomalyDirection(rawValue: try row[2])
            else { continue }
            let key = AlertKey(cryptoID: try row[0], rule: rule, direction: direction)
            alerts[key] = LastAlert(
                at: try Date(isoText: try row[3] as String), score: try row[4], seenAt: seen[key])
        }
        return alerts
    }

    private func lastSightings(source: String, before snapshot: Int64) async throws -> [AlertKey: Date] {
        let rows = try await database.query(
            """
            select crypto_id, rule, direction, max(detected_at) from anomalies
            where source = \(source) and snapshot_id < \(snapshot) group by crypto_id, rule, direction
            """)
        var seen: [AlertKey: Date] = [:]
        for row in rows {
            guard let rule = AnomalyRule(rawValue: try row[1]),
                let direction = AnomalyDirection(rawValue: try row[2])
            else { continue }
            let key = AlertKey(cryptoID: try row[0], rule: rule, direction: direction)
            seen[key] = try Date(isoText: try row[3] as String)
        }
        return seen
    }

    /// Puts an alert into the outbox and remembers what it spoke of, in one transaction.
    public func enqueueAlert(
        _ mail: CryptoMail, about anomalies: [Anomaly], source: String, run: PipelineRun,
        recipients: [String],
        now: Date
    ) async throws {
        try await database.transaction { transaction in
            for anomaly in anomalies {
                try transaction.execute(
                    """
                    insert into anomaly_alerts (source, crypto_id, rule, direction, day, alerted_at, magnitude)
                    values (\(source), \(anomaly.cryptoID), \(anomaly.rule.rawValue),
                        \(anomaly.direction.rawValue), \(now.ds), \(now.databaseText), \(anomaly.score))
                    on conflict (source, crypto_id, rule, direction, day) do update
                        set alerted_at = excluded.alerted_at, magnitude = excluded.magnitude
                    """)
            }
            try Self.enqueue(mail, run: run, recipients: recipients, now: now, transaction)
        }
    }

    /// Stores a report under its day, kind and source; a later one of the day takes its place.
    public func save(_ report: DailyReport, language: Language = .french, now: Date) async throws {
        let json = try report.json()
        try await database.execute(
            """
            insert into reports (date, kind, source, snapshot_id, text, html, json, created_at)
            values (\(report.date), \(DailyReport.kind), \(report.source), \(report.snapshotID), \(report.text(language)),
                \(report.html(language)), \(json), \(now.databaseText))
            on conflict (date, kind, source) do update set snapshot_id = excluded.snapshot_id,
                text = excluded.text, html = excluded.html, json = excluded.json, created_at = excluded.created_at
            """)
    }

    /// The stored report of a day; `nil` if there is none.
    public func report(date: String, source: String) async throws -> DailyReport? {
        let rows = try await database.query(
            "select json from reports where date = \(date) and kind = \(DailyReport.kind) and source = \(source)"
        )
        guard let row = rows.first else { return nil }
        return try JSONDecoder().decode(DailyReport.self, from: Data((try row[0] as String).utf8))
    }

    /// The anomalies that were found in snapshots of a day, each coin, rule and direction once.
    public func anomalies(date: String, source: String) async throws -> [Anomaly] {
        let rows = try await database.query(
            """
            select * from (
                select a.*, row_number() over (
                    partition by a.crypto_id, a.rule, a.direction order by a.score desc, a.id) as place
                from anomalies a join crypto_snapshots s on s.snapshot_id = a.snapshot_id
                where s.date_import = \(date) and s.source = \(source)) strongest
            where place = 1 order by score desc, id
            """)
        return try rows.compactMap(Anomaly.init(row:)).sorted { $0.severity > $1.severity }
    }

    /// Adds a line to `monitoring_stats`, once for a run.
    public func save(_ stats: MonitoringStats, now: Date) async throws {
        let summary = stats.summary
        var columns: ColumnValues = [
            "timestamp": .text(now.databaseText), "snapshot_id": .integer(stats.snapshot.id),
            "source": .text(stats.snapshot.source), "total_cryptos": summary.count.sqlValue,
            "volume_total": .real(summary.volume.doubleValue),
            "variation_moyenne": summary.meanChange.sqlValue,
            "variation_mediane": summary.medianChange.sqlValue,
            "anomalies_detected": stats.anomaliesDetected.sqlValue,
            "snapshot_age_seconds": Int(now.timeIntervalSince(stats.snapshot.fetchedAt)).sqlValue,
        ]
        columns += dialect.exact("market_cap_total", summary.marketCap)
        try await database.execute(
            """
            insert into monitoring_stats (run_id, \(columns.names)) values (\(stats.runID), \(columns.values))
            on conflict (run_id) do update set \(columns.replacements)
            """)
    }
}

/// What monitoring keeps of a run.
public struct MonitoringStats: Hashable, Sendable {
    /// The run.
    public let runID: String

    /// The snapshot that it looked at.
    public let snapshot: StoredSnapshot

    /// The totals of the snapshot.
    public let summary: MarketSummary

    /// How many anomalies it found.
    public let anomaliesDetected: Int

    /// Creates a line.
    public init(runID: String, snapshot: StoredSnapshot, summary: MarketSummary, anomaliesDetected: Int) {
        self.runID = runID
        self.snapshot = snapshot
        self.summary = summary
        self.anomaliesDetected = anomaliesDetected
    }
}

extension Anomaly {
    /// Reads an anomaly; `nil` if it was found by a rule of a newer version.
    fileprivate init?(row: SQLRow) throws {
        guard let rule = AnomalyRule(rawValue: try row["rule"]),
            let direction = AnomalyDirection(rawValue: try row["direction"]),
            let severity = AnomalySeverity(rawValue: try row["severity"])
        else { return nil }
        self.init(
            cryptoID: try row["crypto_id"], symbole: try row["symbole"], nom: try row["nom"],
            rang: try row["rang"],
            rule: rule, direction: direction, severity: severity, value: try row["value"],
            baseline: try row["baseline"], threshold: try row["threshold"], score: try row["score"])
    }
}
