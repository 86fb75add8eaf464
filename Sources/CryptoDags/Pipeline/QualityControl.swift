import DagKit
public import FoundationEssentials

/// The checks of a loaded snapshot: `verify_data_quality`.
struct QualityControl: Sendable {
    let step: PipelineStep

    /// Runs all checks, stores their results, and fails for good if one of them does.
    func run(_ loaded: LoadedSnapshot) async throws -> (CheckedSnapshot, PipelineStep.Note?) {
        let report = QualityChecks.run(
            try await step.store.qualityInput(of: loaded.snapshotID, isLive: step.isLive, now: step.now))
        try await step.store.save(report, snapshotID: loaded.snapshotID, now: step.now)
        for result in report.warnings { step.context.logger.warning("\(result.check): \(result.message)") }
        guard report.failures.isEmpty else {
            let error = QualityError(report)
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        }
        step.context.logger.info("quality \(report.score)/100, \(report.results.count) checks")
        let checked = CheckedSnapshot(
            snapshotID: loaded.snapshotID, source: loaded.source, score: report.score,
            warnings: report.warnings.map(\.check))
        let status: PipelineLogStatus = report.warnings.isEmpty ? .success : .warning
        let detail: JSONValue = ["score": .integer(Int64(report.score))]
        return (checked, .init(records: loaded.rows, status: status, detail: detail))
    }

}

extension MarketStore {
    /// What the quality checks of a stored snapshot look at.
    ///
    /// - Throws: ``MarketStoreError``.
    public func qualityInput(of id: Int64, isLive: Bool, now: Date) async throws -> QualityInput {
        let snapshot = try await snapshot(id)
        let earlier = try await snapshots(before: snapshot, limit: 10)
        var previous: [EarlierCoin]?
        if let last = earlier.first, !last.isThinned { previous = try await earlierCoins(of: last.id) }
        return QualityInput(
            snapshot: try await processed(id), previous: previous, recentCounts: earlier.map(\.assetCount),
            wanted: snapshot.wanted, apiTimestamp: snapshot.apiTimestamp, isLive: isLive, now: now)
    }
}

extension PipelineStep {
    /// Whether the deployment's source must be fresh and must move.
    var isLive: Bool { (settings.source ?? .coincap).isLive }
}

/// What `verify_data_quality` hands on.
public struct CheckedSnapshot: Codable, Hashable, Sendable {
    /// The identity of the snapshot.
    public let snapshotID: Int64

    /// The source.
    public let source: String

    /// Its score, of 100.
    public let score: Int

    /// The names of the checks that warn.
    public let warnings: [String]
}
