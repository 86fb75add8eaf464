public import DagKit

/// Fetches the market every half hour, stores it, checks it, reports on it: `crypto_data_pipeline`.
///
/// Each task hands on what the next one needs; the raw answer and all rows lie in the market store.
///
/// ```swift
/// let spec = try DAGSpec(CryptoDataPipeline())
/// ```
public struct CryptoDataPipeline: DAG {
    public var configuration = DAGConfiguration(
        "crypto_data_pipeline", schedule: .cron("*/30 * * * *"), startDate: "2025-10-01", catchup: .latest,
        about: "Fetches the crypto market, stores it, checks it and reports on it.",
        tags: ["crypto", "etl", "spark"], maxActiveRuns: 1,
        defaults: TaskDefaults(
            retries: 2, retryDelay: .minutes(5), timeout: .minutes(30), owner: "data_team",
            callbacks: [.on(.failure, notify: FailureMailNotifier())]))

    /// Creates the DAG with its standard configuration.
    public init() {}

    public func build(_ dag: inout DAGBuilder) {
        let start = dag.empty("start")
        let fetched = dag.task("check_coincap_api", after: start) { context in
            try await PipelineStep.run(context) { try await SnapshotFetch(step: $0).run() }
        }
        let database = dag.task("check_database_connection", after: start) { context in
            try await PipelineStep.run(context) { step in
                try await step.store.ping()
                return ((), .init())
            }
        }
        let cleaned = dag.task("cleanup_old_data", after: fetched, database) { context in
            try await PipelineStep.run(context) { try await Self.cleanUp($0) }
        }
        let loaded = dag.task("spark_crypto_processing", reading: fetched, after: cleaned) {
            context, fetched in
            // The load itself writes the line in pipeline_logs, in the transaction of its rows.
            try await PipelineStep.run(context) { (try await SnapshotLoading(step: $0).load(fetched), nil) }
        }
        let verified = dag.task("verify_spark_results", reading: loaded) { context, loaded in
            try await PipelineStep.run(context) { step in
                (try await SnapshotLoading(step: step).verify(loaded), .init(records: loaded.rows))
            }
        }
        let checked = dag.task(
            "verify_data_quality", reading: verified, options: TaskOptions(outlets: [.marketSnapshot])
        ) { context, loaded in
            try context.setExtra(
                ["snapshot_id": .integer(loaded.snapshotID), "rows": .integer(Int64(loaded.rows))],
                of: .marketSnapshot)
            return try await PipelineStep.run(context) { try await QualityControl(step: $0).run(loaded) }
        }
        let report = dag.task("generate_daily_report", reading: checked) { context, checked in
            try await PipelineStep.run(context) { try await ReportMaking(step: $0).run(checked) }
        }
        let mailed = dag.task("send_success_email", reading: report) { context, report in
            try await PipelineStep.run(context) { try await SuccessMailing(step: $0).run(report) }
        }
        dag.empty("end", after: mailed)
    }

    private static func cleanUp(_ step: PipelineStep) async throws -> (CleanupOutcome, PipelineStep.Note?) {
        let outcome = try await step.store.cleanUp(step.settings.retention, now: step.now)
        step.context.logger.info(
            """
            deleted \(outcome.snapshots) snapshots and thinned \(outcome.thinned) (\(outcome.rows) rows), \
            deleted \(outcome.answers) answers, \(outcome.candles) candles, \(outcome.logLines) log lines
            """
        )
        return (outcome, .init(records: outcome.rows))
    }
}
