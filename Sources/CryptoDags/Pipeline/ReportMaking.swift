import DagKit
import FoundationEssentials

/// The report of the day: `generate_daily_report`.
struct ReportMaking: Sendable {
    let step: PipelineStep

    /// How many points a chart over the week has at most: one for two hours.
    private static let chartPoints = 84

    /// Makes the report of a snapshot, stores it and writes it to the log.
    func run(_ checked: CheckedSnapshot) async throws -> (StoredReport, PipelineStep.Note?) {
        let store = step.store
        let rows = try await store.rows(of: checked.snapshotID)
        guard let day = rows.first?.dateImport else { throw ReportError.noRows(snapshot: checked.snapshotID) }
        let runs = try await runsOfToday()
        let report = try DailyReport(
            snapshotID: checked.snapshotID, source: checked.source, rows: rows,
            anomalies: try await store.anomalies(date: day, source: checked.source),
            qualityScore: checked.score, runsSucceeded: runs.succeeded, runsFailed: runs.failed,
            history: try await history(of: rows, source: checked.source))
        try await store.save(report, language: step.settings.language, now: step.now)
        step.context.logger.info("\n" + report.text)
        let stored = StoredReport(date: report.date, source: report.source, snapshotID: report.snapshotID)
        return (stored, .init(records: rows.count, detail: ["date": .string(report.date)]))
    }

    /// The week before, for the charts.
    private func history(of rows: [MarketRow], source: String) async throws -> ReportHistory {
        let week = step.now.addingTimeInterval(-7 * 86_400)
        let totals = try await step.store.totals(source: source, since: week)
        return ReportHistory(
            marketCaps: Candle.lasts(of: totals.map(\.marketCap), limit: Self.chartPoints),
            qualityScores: Candle.lasts(of: totals.compactMap(\.qualityScore), limit: Self.chartPoints),
            prices: try await step.store.closes(
                of: rows.prefix(10).map(\.cryptoID), source: source, since: week, limit: Self.chartPoints))
    }

    /// The runs of this day in the deployment's calendar, this one among those that succeeded.
    private func runsOfToday() async throws -> (succeeded: Int, failed: Int) {
        let calendar = try step.context.marketCalendar(step.settings)
        let now = step.now
        let entries = try await step.store.database.query(
            """
            select run_id, operation, status, timestamp from pipeline_logs
            where run_id is not null and dag_id = \(step.run.dagID) and timestamp >= \(now.addingTimeInterval(-86_400).databaseText)
                and (status = 'failed' or operation = 'generate_daily_report')
            """)
        var succeeded: Set<String> = [step.run.runID]
        var failed: Set<String> = []
        for entry in entries {
            let time = try Date(isoText: try entry["timestamp"] as String)
            guard calendar.day(of: time) == calendar.day(of: now) else { continue }
            let status: String = try entry["status"]
            if status == "failed" {
                failed.insert(try entry["run_id"])
            } else {
                succeeded.insert(try entry["run_id"])
            }
        }
        return (succeeded.count, failed.subtracting(succeeded).count)
    }
}

/// What `generate_daily_report` hands on: the key of the stored report.
public struct StoredReport: Codable, Hashable, Sendable {
    /// The day of its data.
    public let date: String

    /// The source of its data.
    public let source: String

    /// The snapshot that it shows.
    public let snapshotID: Int64
}
