import DagKit
import DagKitSQL
public import FoundationEssentials

/// Stored answers going through the code of today.
extension MarketStore {
    /// The answers that a snapshot was made of.
    ///
    /// - Throws: ``MarketStoreError/thinned(_:)`` if they were deleted, or the errors of ``payload(of:)``.
    public func payload(of snapshot: StoredSnapshot) async throws -> StoredPayload {
        let rows = try await database.query(
            """
            select dag_id, run_id from crypto_raw where source = \(snapshot.source) and sha256 = \(snapshot.hash)
            order by fetched_at limit 1
            """)
        guard let row = rows.first,
            let stored = try await payload(
                of: PipelineRun(dagID: try row["dag_id"], runID: try row["run_id"]))
        else { throw MarketStoreError.thinned(snapshot.id) }
        return stored
    }

    /// Makes a snapshot's rows anew from its stored answers and tells what differs; rows that are equal stay untouched.
    ///
    /// - Parameter isTrial: Changes nothing.
    /// - Throws: ``MarketStoreError``, or ``AmountError`` if totals overflow.
    public func reprocess(
        _ id: Int64, with processor: SnapshotProcessor, isTrial: Bool = false, now: Date
    ) async throws -> ReprocessOutcome {
        let snapshot = try await snapshot(id)
        guard !snapshot.isThinned else { throw MarketStoreError.thinned(id) }
        let stored = try await payload(of: snapshot)
        let content = try SnapshotContent(stored.payload)
        let processed = await processor.processConcurrently(
            content.assets, timestamp: content.apiTimestamp ?? stored.payload.fetchedAt)
        let before = Dictionary(try await rows(of: id).map { ($0.cryptoID, $0) }) { first, _ in first }
        let after = Set(processed.rows.map(\.cryptoID))
        let changed = processed.rows.filter { before[$0.cryptoID] != $0 }
        let gone = before.keys.filter { !after.contains($0) }.sorted()
        let outcome = ReprocessOutcome(
            snapshotID: id, rows: processed.rows.count, changed: changed.map(\.cryptoID), gone: gone)
        if isTrial || !outcome.hasChanges { return outcome }
        let summary = try MarketSummary(processed.rows)
        let dialect = dialect
        let made = try Self.madeColumns(processed, summary, fetchedAt: snapshot.fetchedAt, dialect)
        try await database.transaction { transaction in
            for coin in changed.map(\.cryptoID) + gone {
                try transaction.execute(
                    "delete from crypto_historique where snapshot_id = \(id) and crypto_id = \(coin)")
            }
            try HistoryColumns.insert(
                changed, snapshot: id, source: snapshot.source, createdAt: now, dialect, transaction)
            try Self.saveSeries(processed.rows, of: id, transaction)
            try transaction.execute(
                "update crypto_snapshots set \(made.assignments) where snapshot_id = \(id)")
            let day = processed.rows.first?.dateImport ?? snapshot.dateImport
            try Self.rebuildCandles(around: snapshot, day: day, transaction)
            let detail = "{\"snapshot_id\":\(id),\"changed\":\(changed.count),\"gone\":\(gone.count)}"
            try transaction.execute(
                Self.insertion(
                    PipelineLogEntry(
                        operation: "reprocess", recordsAffected: changed.count + gone.count, timestamp: now,
                        status: .success, dagID: snapshot.dagID, detail: detail)))
        }
        return outcome
    }

    /// Makes the candles of a snapshot's hour and day anew, where all snapshots of that span still have their rows.
    private static func rebuildCandles(
        around snapshot: StoredSnapshot, day: String, _ transaction: any SQLTransaction
    ) throws {
        for period in CandlePeriod.allCases {
            let start = try start(of: period, at: snapshot.fetchedAt, day: day)
            let condition: SQLStatement =
                switch period {
                case .hour:
                    """
                    fetched_at >= \(start.databaseText)
                        and fetched_at < \(start.addingTimeInterval(period.duration).databaseText)
                    """
                case .day: "date_import = \(day)"
                }
            let members = try transaction.query(
                """
                select snapshot_id, amincie from crypto_snapshots
                where complete and source = \(snapshot.source) and \(condition)
                order by fetched_at, snapshot_id
                """)
            guard try members.allSatisfy({ try $0["amincie"] == false }) else { continue }
            try transaction.execute(
                """
                delete from crypto_bougies where source = \(snapshot.source) and periode = \(period.rawValue)
                    and debut = \(start.databaseText) and origine = 'instantane'
                """)
            for member in members {
                try addCandles(
                    of: try member["snapshot_id"], period: period, start: start, transaction)
            }
        }
    }
}

/// What a snapshot looks like to the code of today.
public struct ReprocessOutcome: Hashable, Sendable {
    /// The snapshot.
    public let snapshotID: Int64

    /// How many rows it has now.
    public let rows: Int

    /// The coins whose rows are new or differ in a cell.
    public let changed: [String]

    /// The coins that give no row any more.
    public let gone: [String]

    /// Whether anything differs.
    public var hasChanges: Bool { !changed.isEmpty || !gone.isEmpty }
}
