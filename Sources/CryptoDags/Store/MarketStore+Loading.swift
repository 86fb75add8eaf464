import DagKit
import DagKitSQL
public import FoundationEssentials

/// Snapshots going in.
extension MarketStore {
    /// Stores a snapshot with its rows and its line in `pipeline_logs`, all in one transaction.
    ///
    /// It is idempotent: a run that loaded already gets the same answer, and a snapshot whose bytes the source
    /// gave before is not stored again.
    ///
    /// - Throws: `SQLError`, and ``AmountError`` if totals overflow.
    @discardableResult
    public func load(_ load: SnapshotLoad) async throws -> LoadOutcome {
        let summary = try MarketSummary(load.snapshot.rows)
        let dialect = dialect
        return try await database.transaction { transaction in
            try transaction.execute(
                """
                insert into crypto_settings (name, value) values ('active_source', \(load.source))
                on conflict (name) do update set value = excluded.value
                """)
            if let known = try Self.known(load, transaction) { return known }
            let id = try Self.insertSnapshot(load, summary, dialect, transaction)
            try HistoryColumns.insert(
                load.snapshot.rows, snapshot: id, source: load.source, createdAt: load.now, dialect,
                transaction)
            try Self.saveSeries(load.snapshot.rows, of: id, transaction)
            let day = load.snapshot.rows.first?.dateImport ?? load.fetchedAt.ds
            try Self.addCandles(of: id, day: day, fetchedAt: load.fetchedAt, transaction)
            try transaction.execute("update crypto_snapshots set complete = true where snapshot_id = \(id)")
            let detail = "{\"snapshot_id\":\(id),\"rejected\":\(load.snapshot.rejected.count)}"
            try Self.log(load, .success, load.snapshot.rows.count, detail, transaction)
            return .loaded(snapshotID: id, rows: load.snapshot.rows.count)
        }
    }

    private static func known(_ load: SnapshotLoad, _ transaction: any SQLTransaction) throws -> LoadOutcome?
    {
        let rows = try transaction.query(
            """
            select snapshot_id, dag_id, run_id, asset_count - rejected_count as rows, unchanged_runs, unchanged_run_id
            from crypto_snapshots where source = \(load.source) and sha256 = \(load.hash)
            """)
        guard let row = rows.first else { return nil }
        let id: Int64 = try row["snapshot_id"]
        let isSameRun = try row["dag_id"] == load.run.dagID && row["run_id"] == load.run.runID
        if isSameRun { return .loaded(snapshotID: id, rows: load.snapshot.rows.count) }
        var runs: Int = try row["unchanged_runs"]
        let lastRun: String? = try row["unchanged_run_id"]
        if lastRun != load.run.runID {
            runs += 1
            try transaction.execute(
                """
                update crypto_snapshots set unchanged_runs = \(runs), unchanged_run_id = \(load.run.runID)
                where snapshot_id = \(id)
                """)
            let detail = "{\"snapshot_id\":\(id),\"unchanged_runs\":\(runs)}"
            try log(
                load, runs > LoadOutcome.unchangedRunsAllowed ? .warning : .skipped, 0, detail, transaction)
        }
        return .unchanged(snapshotID: id, runs: runs)
    }

    private static func insertSnapshot(
        _ load: SnapshotLoad, _ summary: MarketSummary, _ dialect: any MarketDialect,
        _ transaction: any SQLTransaction
    ) throws -> Int64 {
        let made = try madeColumns(load.snapshot, summary, fetchedAt: load.fetchedAt, dialect)
        let rows = try transaction.query(
            """
            insert into crypto_snapshots (source, api_timestamp, fetched_at, dag_id, run_id, sha256, wanted,
                raw_path, \(made.names))
            values (\(load.source), \((load.apiTimestamp?.databaseText).sqlValue), \(load.fetchedAt.databaseText),
                \(load.run.dagID), \(load.run.runID), \(load.hash), \(load.wanted.sqlValue), \(load.rawPath),
                \(made.values))
            returning snapshot_id
            """)
        return try rows[0][0]
    }

    /// What of a snapshot's line depends on how its answer was processed.
    static func madeColumns(
        _ snapshot: ProcessedSnapshot, _ summary: MarketSummary, fetchedAt: Date, _ dialect: any MarketDialect
    ) throws -> ColumnValues {
        let problems = String(decoding: try JSONEncoder().encode(SnapshotProblems(snapshot)), as: UTF8.self)
        let day = snapshot.rows.first?.dateImport ?? fetchedAt.ds
        var columns: ColumnValues = [
            "asset_count": .integer(Int64(snapshot.assetCount)),
            "rejected_count": .integer(Int64(snapshot.assetCount - snapshot.rows.count)),
            "date_import": .text(day), "variation_moyenne": summary.meanChange.sqlValue,
            "hausses": summary.rising.sqlValue, "baisses": summary.falling.sqlValue,
            "stables": summary.flat.sqlValue, "problems": .text(problems),
        ]
        columns += dialect.exact("market_cap_total", summary.marketCap)
        columns += dialect.exact("volume_total", summary.volume)
        return columns
    }

    private static func log(
        _ load: SnapshotLoad, _ status: PipelineLogStatus, _ count: Int, _ detail: String,
        _ transaction: any SQLTransaction
    ) throws {
        let entry = PipelineLogEntry(
            operation: "spark_crypto_processing", recordsAffected: count, timestamp: load.now, status: status,
            dagID: load.run.dagID,
            runID: load.run.runID, taskID: load.taskID, duration: load.duration, detail: detail)
        try transaction.execute(Self.insertion(entry))
    }
}

/// A snapshot on its way into the store.
public struct SnapshotLoad: Sendable {
    /// The run that loads it.
    public var run: PipelineRun

    /// The task that loads it.
    public var taskID: String?

    /// The source.
    public var source: String

    /// The SHA-256 of the raw bodies.
    public var hash: String

    /// Where the raw bodies lie.
    public var rawPath: String

    /// How many assets were asked for.
    public var wanted: Int?

    /// The time that the source gave to its data.
    public var apiTimestamp: Date?

    /// When it was fetched.
    public var fetchedAt: Date

    /// The rows.
    public var snapshot: ProcessedSnapshot

    /// How long the processing took.
    public var duration: Duration?

    /// The time of the load.
    public var now: Date

    /// Creates a load from stored answers and what was made of them.
    public init(
        _ stored: StoredPayload, content: SnapshotContent, snapshot: ProcessedSnapshot, taskID: String? = nil,
        duration: Duration? = nil, now: Date
    ) {
        run = stored.run
        self.taskID = taskID
        source = stored.payload.source
        hash = stored.hash
        rawPath = stored.path
        wanted = stored.payload.wanted
        apiTimestamp = content.apiTimestamp
        fetchedAt = stored.payload.fetchedAt
        self.snapshot = snapshot
        self.duration = duration
        self.now = now
    }
}

/// What a load did.
public enum LoadOutcome: Hashable, Sendable {
    /// The snapshot is stored.
    case loaded(snapshotID: Int64, rows: Int)
    /// The source gave the bytes of an earlier snapshot; `runs` runs in a row have found it so.
    case unchanged(snapshotID: Int64, runs: Int)

    /// How many runs may find nothing new before it is worth a warning.
    public static let unchangedRunsAllowed = 3

    /// The snapshot that the run stands on.
    public var snapshotID: Int64 {
        switch self {
        case .loaded(let id, _), .unchanged(let id, _): id
        }
    }
}

/// What was wrong in a snapshot, as it is kept beside it.
struct SnapshotProblems: Codable {
    var rejected: [RejectedAsset]
    var faults: [FieldFault]
    var duplicates: [String]
    var rankedByPosition: [String]

    init(_ snapshot: ProcessedSnapshot) {
        rejected = snapshot.rejected
        faults = snapshot.faults
        duplicates = snapshot.duplicateIDs
        rankedByPosition = snapshot.rankedByPosition
    }
}
