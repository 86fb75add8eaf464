public import DagKit
import FoundationEssentials

/// What monitoring does with the newest snapshot.
struct MarketWatch: Sendable {
    let step: PipelineStep

    /// How often the pipeline should give a snapshot.
    static let interval: Duration = .minutes(30)

    /// Fails unless the newest complete snapshot is young enough; sources that do not move only inform.
    func checkFreshness() async throws -> (WatchedSnapshot, PipelineStep.Note?) {
        guard let snapshot = try await step.store.latestSnapshot() else { throw WatchError.noSnapshot }
        let result = QualityChecks.tableFreshness(
            fetchedAt: snapshot.fetchedAt, interval: Self.interval, isLive: step.isLive, now: step.now)
        guard result.verdict != .failed else {
            throw WatchError.stale(snapshot: snapshot.id, message: result.message)
        }
        step.context.logger.info("snapshot \(snapshot.id) of \"\(snapshot.source)\": \(result.message)")
        return (WatchedSnapshot(snapshotID: snapshot.id, source: snapshot.source), .init(records: 1))
    }

    /// Fails unless ranks 1 to 10 are there once each, and writes them to the log.
    func checkTopTen(_ watched: WatchedSnapshot) async throws -> (WatchedSnapshot, PipelineStep.Note?) {
        let rows = try await step.store.rows(of: watched.snapshotID, to: 10)
        guard rows.map(\.rang) == Array(1...10) else {
            let ranks = rows.map { "\($0.rang)" }.joined(separator: ", ")
            throw TaskFailure.noRetry(
                "snapshot \"\(watched.snapshotID)\" has the ranks \(ranks) where 1 to 10 belong once each",
                remedy: "look at quality_results and run crypto_data_pipeline again")
        }
        let numbers = step.settings.language.numbers
        for row in rows {
            let change = numbers.percent(row.variation24hPourcent)
            step.context.logger.info(
                "\(row.rang). \(row.symbole) \(row.nom): \(numbers.price(row.prixUsd)) \(change)")
        }
        return (watched, .init(records: rows.count))
    }

    /// Finds and stores what stands out.
    func detectAnomalies(_ watched: WatchedSnapshot) async throws -> (DetectedAnomalies, PipelineStep.Note?) {
        let snapshot = try await step.store.snapshot(watched.snapshotID)
        let rows = try await step.store.rows(of: snapshot.id)
        let detector = AnomalyDetector(thresholds: step.settings.anomalies)
        let scope = rows.filter { $0.rang <= detector.thresholds.lowestRank }.map(\.cryptoID)
        let week = snapshot.fetchedAt.addingTimeInterval(-detector.thresholds.historySpan)
        let history = try await step.store.history(of: scope, source: snapshot.source, since: week)
        let anomalies = detector.detect(rows, history: history, now: snapshot.fetchedAt)
        try await step.store.save(anomalies, of: snapshot, now: step.now)
        step.context.logger.info("\(anomalies.count) anomalies among \(scope.count) coins")
        let detected = DetectedAnomalies(
            snapshotID: snapshot.id, source: snapshot.source, anomalies: anomalies)
        return (detected, .init(records: anomalies.count))
    }

    /// Adds the run's line to `monitoring_stats`.
    func updateStats(_ detected: DetectedAnomalies) async throws -> (DetectedAnomalies, PipelineStep.Note?) {
        let snapshot = try await step.store.snapshot(detected.snapshotID)
        let stats = MonitoringStats(
            runID: step.run.runID, snapshot: snapshot,
            summary: try await step.store.summary(of: snapshot.id),
            anomaliesDetected: detected.anomalies.count)
        try await step.store.save(stats, now: step.now)
        return (detected, .init(records: 1))
    }
}

/// What the tasks of `crypto_monitoring` hand on: the snapshot that the run looks at.
public struct WatchedSnapshot: Codable, Hashable, Sendable {
    /// The identity of the snapshot.
    public let snapshotID: Int64

    /// The source.
    public let source: String
}

/// What `detect_anomalies` hands on.
public struct DetectedAnomalies: Codable, Hashable, Sendable {
    /// The identity of the snapshot.
    public let snapshotID: Int64

    /// The source.
    public let source: String

    /// What stands out, the most severe first.
    public let anomalies: [Anomaly]
}

/// Why there is nothing to watch.
public enum WatchError: DagKitError, Equatable {
    case noSnapshot
    case stale(snapshot: Int64, message: String)

    public var problem: String {
        switch self {
        case .noSnapshot: "the table \"crypto_snapshots\" has no complete snapshot yet"
        case .stale(let snapshot, let message): "snapshot \"\(snapshot)\" is too old: \(message)"
        }
    }

    public var remedy: String {
        switch self {
        case .noSnapshot: "run crypto_data_pipeline first"
        case .stale:
            "see why crypto_data_pipeline does not run: dagctl dags list-runs -d crypto_data_pipeline"
        }
    }
}
