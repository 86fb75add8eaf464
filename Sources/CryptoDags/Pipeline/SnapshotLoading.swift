import DagKit
import FoundationEssentials

/// Stored answers becoming rows: `spark_crypto_processing` and `verify_spark_results`.
struct SnapshotLoading: Sendable {
    let step: PipelineStep

    /// Processes the run's stored answer and loads it, in one transaction.
    func load(_ fetched: FetchedSnapshot) async throws -> LoadedSnapshot {
        guard let stored = try await step.store.payload(of: step.run), stored.hash == fetched.sha256 else {
            throw MarketStoreError.noPayload(dagID: step.run.dagID, runID: step.run.runID)
        }
        let started = step.now
        let content = try SnapshotContent(stored.payload)
        let calendar = try step.context.marketCalendar(step.settings)
        let processor = SnapshotProcessor(thresholds: step.settings.thresholds, calendar: calendar)
        let snapshot = await processor.processConcurrently(
            content.assets, timestamp: content.apiTimestamp ?? stored.payload.fetchedAt)
        let now = step.now
        let outcome = try await step.store.load(
            SnapshotLoad(
                stored, content: content, snapshot: snapshot, taskID: step.context.taskID.rawValue,
                duration: .seconds(now.timeIntervalSince(started)), now: now))
        return tell(LoadedSnapshot(outcome, snapshot, source: stored.payload.source))
    }

    private func tell(_ loaded: LoadedSnapshot) -> LoadedSnapshot {
        let logger = step.context.logger
        if let runs = loaded.unchangedRuns {
            let text =
                """
                unchanged: "\(loaded.source)" gave the bytes of snapshot \(loaded.snapshotID) again (\(runs) runs)
                """
            if runs > LoadOutcome.unchangedRunsAllowed { logger.warning(text) } else { logger.info(text) }
        } else {
            logger.info(
                "snapshot \(loaded.snapshotID): \(loaded.rows) rows, \(loaded.rejected) assets without a row")
        }
        return loaded
    }

    /// Shows that the run's snapshot is in the store, complete, with all its rows.
    func verify(_ loaded: LoadedSnapshot) async throws -> LoadedSnapshot {
        let stored = try await step.store.snapshot(loaded.snapshotID)
        let rows = try await step.store.database.query(
            "select count(*) from crypto_historique where snapshot_id = \(loaded.snapshotID)")
        let found: Int = try rows[0][0]
        guard found == loaded.rows, found == stored.assetCount - stored.rejectedCount, found > 0 else {
            throw TaskFailure.noRetry(
                "snapshot \"\(loaded.snapshotID)\" has \(found) rows where \(loaded.rows) were loaded",
                remedy: "clear the run from check_coincap_api")
        }
        step.context.logger.info("snapshot \(loaded.snapshotID) is complete: \(found) rows")
        return loaded
    }
}

/// What `spark_crypto_processing` hands on: the snapshot that the run stands on.
public struct LoadedSnapshot: Codable, Hashable, Sendable {
    /// The identity of the snapshot.
    public let snapshotID: Int64

    /// The source.
    public let source: String

    /// How many rows it has.
    public let rows: Int

    /// How many assets gave no row.
    public let rejected: Int

    /// For how many runs in a row the source has given the same bytes; `nil` for a new snapshot.
    public let unchangedRuns: Int?

    init(_ outcome: LoadOutcome, _ snapshot: ProcessedSnapshot, source: String) {
        snapshotID = outcome.snapshotID
        self.source = source
        rows = snapshot.rows.count
        rejected = snapshot.assetCount - snapshot.rows.count
        if case .unchanged(_, let runs) = outcome { unchangedRuns = runs } else { unchangedRuns = nil }
    }
}
