import DagKit
import DagKitSQL
public import FoundationEssentials

/// Snapshots going out.
extension MarketStore {
    /// The newest complete snapshot of a source; of the active source if none is named.
    public func latestSnapshot(source: String? = nil) async throws -> StoredSnapshot? {
        try await snapshots(where: "\(try await condition(source))", limit: 1).first
    }

    /// A complete snapshot.
    ///
    /// - Throws: ``MarketStoreError/noSnapshot(_:)`` if there is none with that id.
    public func snapshot(_ id: Int64) async throws -> StoredSnapshot {
        guard let found = try await snapshots(where: "snapshot_id = \(id)", limit: 1).first else {
            throw MarketStoreError.noSnapshot(id)
        }
        return found
    }

    /// The complete snapshots of the same source before a snapshot, newest first.
    public func snapshots(before snapshot: StoredSnapshot, limit: Int) async throws -> [StoredSnapshot] {
        let fetched = snapshot.fetchedAt.databaseText
        return try await snapshots(
            where: """
                source = \(snapshot.source)
                and (fetched_at < \(fetched) or (fetched_at = \(fetched) and snapshot_id < \(snapshot.id)))
                """, limit: limit)
    }

    /// The complete snapshots of a source that were fetched from an instant on, oldest first.
    public func snapshots(source: String, since: Date) async throws -> [StoredSnapshot] {
        try await snapshots(
            where: "source = \(source) and fetched_at >= \(since.databaseText)", limit: 100_000
        ).reversed()
    }

    /// The rows of a complete snapshot, best rank first.
    ///
    /// - Parameter lowestRank: Leaves out the coins behind that rank.
    public func rows(of snapshotID: Int64, to lowestRank: Int? = nil) async throws -> [MarketRow] {
        let scope: SQLStatement = if let lowestRank { "and h.rang <= \(lowestRank)" } else { "" }
        let rows = try await database.query(
            """
            select \(HistoryColumns.selection(dialect))
            from crypto_historique h join crypto_snapshots s on s.snapshot_id = h.snapshot_id
            where h.snapshot_id = \(snapshotID) and s.complete \(scope)
            """)
        // Sorted here: a database would carry all columns through its sorter.
        return try HistoryColumns.rows(rows).sorted {
            $0.rang == $1.rang ? $0.cryptoID < $1.cryptoID : $0.rang < $1.rang
        }
    }

    /// What the drift checks of the next snapshot need to know of one.
    func earlierCoins(of snapshotID: Int64) async throws -> [EarlierCoin] {
        let price: SQLStatement = "\(SQLIdentifier(stringLiteral: dialect.exactName(of: "prix_usd")))"
        let cap: SQLStatement = "\(SQLIdentifier(stringLiteral: dialect.exactName(of: "market_cap_usd")))"
        return try await database.query(
            "select crypto_id, rang, \(price), \(cap) from crypto_historique where snapshot_id = \(snapshotID)"
        ).map { row in
            EarlierCoin(
                cryptoID: try row[0], rang: try row[1], prixUsd: try Amount(try row[2] as String),
                marketCapUsd: try (row[3] as String?).map { try Amount($0) })
        }
    }

    /// The totals of a snapshot as its load has summed them, with the median change of its rows.
    func summary(of snapshotID: Int64) async throws -> MarketSummary {
        let volume: SQLStatement = "\(SQLIdentifier(stringLiteral: dialect.exactName(of: "volume_total")))"
        let cap: SQLStatement = "\(SQLIdentifier(stringLiteral: dialect.exactName(of: "market_cap_total")))"
        let rows = try await database.query(
            """
            select asset_count - rejected_count, \(cap), \(volume), variation_moyenne, hausses, baisses, stables
            from crypto_snapshots where snapshot_id = \(snapshotID)
            """)
        guard let row = rows.first else { throw MarketStoreError.noSnapshot(snapshotID) }
        let changes = try await database.query(
            """
            select cast(variation_24h_pourcent as double precision) from crypto_historique
            where snapshot_id = \(snapshotID) and variation_24h_pourcent is not null
            """)
        return MarketSummary(
            count: try row[0], marketCap: try Amount(try row[1] as String),
            volume: try Amount(try row[2] as String), meanChange: try row[3],
            medianChange: Statistics.median(try changes.map { try $0[0] }), rising: try row[4],
            falling: try row[5], flat: try row[6])
    }

    /// What a snapshot held that gave no row or lost a value, beside its rows.
    public func processed(_ snapshotID: Int64) async throws -> ProcessedSnapshot {
        let rows = try await database.query(
            "select problems from crypto_snapshots where snapshot_id = \(snapshotID) and complete")
        guard let row = rows.first else { throw MarketStoreError.noSnapshot(snapshotID) }
        let text: String = try row[0]
        let problems = try JSONDecoder().decode(SnapshotProblems.self, from: Data(text.utf8))
        return ProcessedSnapshot(
            rows: try await self.rows(of: snapshotID), rejected: problems.rejected, faults: problems.faults,
            duplicateIDs: problems.duplicates, rankedByPosition: problems.rankedByPosition)
    }

    private func condition(_ source: String?) async throws -> SQLStatement {
        if let source { return "source = \(source)" }
        return "source = (select value from crypto_settings where name = 'active_source')"
    }

    private func snapshots(where condition: SQLStatement, limit: Int) async throws -> [StoredSnapshot] {
        try await database.query(
            """
            select * from crypto_snapshots where complete and \(condition)
            order by fetched_at desc, snapshot_id desc limit \(limit)
            """
        ).map { try StoredSnapshot($0, dialect) }
    }
}

/// One complete snapshot of the store, without its rows.
public struct StoredSnapshot: Hashable, Sendable {
    /// The identity of the snapshot.
    public let id: Int64

    /// The source.
    public let source: String

    /// The time that the source gave to its data.
    public let apiTimestamp: Date?

    /// When it was fetched.
    public let fetchedAt: Date

    /// The DAG of the run that loaded it.
    public let dagID: String

    /// The run that loaded it.
    public let runID: String

    /// The SHA-256 of its raw bodies.
    public let hash: String

    /// Whether its rows and raw answer are gone, since its day has a later snapshot.
    public let isThinned: Bool

    /// How many assets were asked for.
    public let wanted: Int?

    /// How many assets the answer held.
    public let assetCount: Int

    /// How many of them gave no row.
    public let rejectedCount: Int

    /// The score of its quality checks, once they ran.
    public let qualityScore: Int?

    /// The day of its data.
    public let dateImport: String

    /// The sum of the known market capitalisations.
    public let marketCapTotal: Amount

    /// The mean of the known changes in %.
    public let meanChange: Double?

    init(_ row: SQLRow, _ dialect: any MarketDialect) throws {
        id = try row["snapshot_id"]
        source = try row["source"]
        let timestamp: String? = try row["api_timestamp"]
        apiTimestamp = try timestamp.map { try Date(isoText: $0) }
        fetchedAt = try Date(isoText: try row["fetched_at"] as String)
        dagID = try row["dag_id"]
        runID = try row["run_id"]
        hash = try row["sha256"]
        isThinned = try row["amincie"]
        wanted = try row["wanted"]
        assetCount = try row["asset_count"]
        rejectedCount = try row["rejected_count"]
        qualityScore = try row["quality_score"]
        dateImport = try row["date_import"]
        marketCapTotal = try Amount(try row[dialect.exactName(of: "market_cap_total")] as String)
        meanChange = try row["variation_moyenne"]
    }
}
