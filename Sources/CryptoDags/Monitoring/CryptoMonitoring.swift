public import DagKit

/// Looks at the newest snapshot every hour and alerts about what stands out: `crypto_monitoring`.
///
/// An alert that is not needed is skipped, and the run is green all the same.
public struct CryptoMonitoring: DAG {
    public var configuration = DAGConfiguration(
        "crypto_monitoring", schedule: .cron("0 * * * *"), startDate: "2025-10-01", catchup: .latest,
        about: "Watches the newest snapshot of the crypto market and alerts about anomalies.",
        tags: ["crypto", "monitoring"], maxActiveRuns: 1,
        defaults: TaskDefaults(
            retries: 2, retryDelay: .minutes(5), timeout: .minutes(30), owner: "data_team"))

    /// Creates the DAG with its standard configuration.
    public init() {}

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
