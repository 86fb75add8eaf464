public import DagKit

/// Looks at the newest snapshot and alerts about what stands out: `crypto_monitoring`.
///
/// It does so every hour, or whenever `crypto_data_pipeline` has stored a snapshot that passed its checks. An alert that is not
/// needed is skipped, and the run is green all the same.
///
/// ```swift
/// CryptoMonitoring()              // every hour
/// CryptoMonitoring(.newSnapshot)  // after each snapshot
/// ```
public struct CryptoMonitoring: DAG {
    public var configuration = DAGConfiguration(
        "crypto_monitoring", schedule: Trigger.everyHour.schedule, startDate: "2025-10-01", catchup: .latest,
        about: "Watches the newest snapshot of the crypto market and alerts about anomalies.",
        tags: ["crypto", "monitoring"], maxActiveRuns: 1,
        defaults: TaskDefaults(
            retries: 2, retryDelay: .minutes(5), timeout: .minutes(30), owner: "data_team",
            callbacks: [.on(.failure, notify: FailureMailNotifier())]))

    /// What makes the DAG run.
    public enum Trigger: Hashable, Sendable, CaseIterable {
        /// The start of an hour.
        case everyHour
        /// A snapshot that passed its checks.
        case newSnapshot
        /// Both: an hour without a snapshot is not missed.
        case newSnapshotOrHour

        var schedule: Schedule {
            switch self {
            case .everyHour: .cron("0 * * * *")
            case .newSnapshot: .assets(.any(Asset.marketSnapshot))
            case .newSnapshotOrHour: .assetsOrTime(.any(Asset.marketSnapshot), .cron("0 * * * *"))
            }
        }
    }

    /// Creates the DAG with its standard configuration; a deployment may set another `schedule` in dags.json.
    public init(_ trigger: Trigger = .everyHour) { configuration.schedule = trigger.schedule }

    public func build(_ dag: inout DAGBuilder) {
        let start = dag.empty("start")
        let fresh = dag.task("check_data_freshness", after: start) { context in
            try await PipelineStep.run(context) { try await MarketWatch(step: $0).checkFreshness() }
        }
        let top = dag.task("check_top_10_cryptos", reading: fresh) { context, watched in
            try await PipelineStep.run(context) { try await MarketWatch(step: $0).checkTopTen(watched) }
        }
        let detected = dag.task("detect_anomalies", reading: top) { context, watched in
            try await PipelineStep.run(context) { try await MarketWatch(step: $0).detectAnomalies(watched) }
        }
        let counted = dag.task("update_monitoring_stats", reading: detected) { context, detected in
            try await PipelineStep.run(context) { try await MarketWatch(step: $0).updateStats(detected) }
        }
        let alerted = dag.task("send_alert_if_needed", reading: counted) { context, detected in
            try await PipelineStep.run(context) { try await Alerting(step: $0).run(detected) }
        }
        dag.empty("end", after: alerted, options: TaskOptions(triggerRule: .noneFailed))
    }
}
