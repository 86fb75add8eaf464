import DagKit
import DagKitSQL
import FoundationEssentials

/// How a row of the market lies in the table `crypto_historique`.
enum HistoryColumns {
    /// Adds rows of a snapshot to the table.
    static func insert(
        _ rows: [MarketRow], snapshot: Int64, source: String, createdAt: Date, _ dialect: any MarketDialect,
        _ transaction: any SQLTransaction
    ) throws {
        let lines = rows.map { values($0, snapshot: snapshot, source: source, createdAt: createdAt, dialect) }
        guard let first = lines.first else { return }
        try transaction.bulkInsert(
            into: "crypto_historique", columns: first.pairs.map(\.name),
            rows: lines.map { $0.pairs.map(\.value) })
    }

    private static func values(
        _ row: MarketRow, snapshot: Int64, source: String, createdAt: Date, _ dialect: any MarketDialect
    ) -> ColumnValues {
        var columns: ColumnValues = [
            "snapshot_id": .integer(snapshot), "crypto_id": .text(row.cryptoID),
            "rang": .integer(Int64(row.rang)), "symbole": .text(row.symbole), "nom": .text(row.nom),
            "timestamp_import": .text(row.timestampImport.databaseText), "date_import": .text(row.dateImport),
            "heure_import": .text(row.heureImport), "categorie": .text(row.categorie.rawValue),
            "tendance": .text(row.tendance.rawValue), "created_at": .text(createdAt.databaseText),
            "market_cap_derivee": .integer(row.marketCapDerivee ? 1 : 0), "source": .text(source),
        ]
        columns += dialect.exact("supply_circulant", row.supplyCirculant)
        columns += dialect.exact("supply_max", row.supplyMax)
        columns += dialect.exact("market_cap_usd", row.marketCapUsd)
        columns += dialect.exact("volume_24h_usd", row.volume24hUsd)
        columns += dialect.exact("prix_usd", row.prixUsd)
        columns += dialect.exact("variation_24h_pourcent", row.variation24hPourcent)
        columns += dialect.exact("vwap_24h", row.vwap24h)
        columns += dialect.exact("market_cap_milliards", row.marketCapMilliards)
        columns += dialect.exact("volume_24h_millions", row.volume24hMillions)
        return columns
    }

    static func row(_ row: SQLRow, _ dialect: any MarketDialect) throws -> MarketRow {
        let amount = { (column: String) -> Amount? in
            let text: String? = try row[dialect.exactName(of: column)]
            return try text.map { try Amount($0) }
        }
        return MarketRow(
            cryptoID: try row["crypto_id"], rang: try row["rang"], symbole: try row["symbole"],
            nom: try row["nom"],
            supplyCirculant: try amount("supply_circulant"), supplyMax: try amount("supply_max"),
            marketCapUsd: try amount("market_cap_usd"), marketCapDerivee: try row["market_cap_derivee"],
            volume24hUsd: try amount("volume_24h_usd"),
            prixUsd: try Amount(try row[dialect.exactName(of: "prix_usd")] as String),
            variation24hPourcent: try amount("variation_24h_pourcent"),
            vwap24h: try amount("vwap_24h"),
            timestampImport: try Date(isoText: try row["timestamp_import"] as String),
            marketCapMilliards: try amount("market_cap_milliards"),
            volume24hMillions: try amount("volume_24h_millions"), dateImport: try row["date_import"],
            heureImport: try row["heure_import"], categorie: try named("categorie", row),
            tendance: try named("tendance", row))
    }

    private static func named<Value: RawRepresentable<String>>(_ column: String, _ row: SQLRow) throws
        -> Value
    {
        guard let value = Value(rawValue: try row[column]) else {
            throw MarketStoreError.damagedValue(column: column, snapshot: try row["snapshot_id"])
        }
        return value
    }
}
