import DagKit
import DagKitSQL
import FoundationEssentials

/// How a row of the market lies in the table `crypto_historique`.
enum HistoryColumns {
    /// The columns in the order of ``values(_:snapshot:source:createdAt:)``.
    static let identifiers: [SQLIdentifier] = names.map { SQLIdentifier(stringLiteral: $0) }

    private static let names =
        [
            "snapshot_id", "crypto_id", "rang", "symbole", "nom", "timestamp_import", "date_import",
            "heure_import",
            "categorie", "tendance", "created_at", "market_cap_derivee", "source",
        ] + MarketTables.decimals + MarketTables.decimals.map { "\($0)_exact" }

    static func values(_ row: MarketRow, snapshot: Int64, source: String, createdAt: Date) -> [SQLValue] {
        // In the order of MarketTables.decimals.
        let amounts: [Amount?] = [
            row.supplyCirculant, row.supplyMax, row.marketCapUsd, row.volume24hUsd, row.prixUsd,
            row.variation24hPourcent, row.vwap24h, row.marketCapMilliards, row.volume24hMillions,
        ]
        let words: [SQLValue] = [
            .integer(snapshot), .text(row.cryptoID), .integer(Int64(row.rang)), .text(row.symbole),
            .text(row.nom),
            .text(row.timestampImport.databaseText), .text(row.dateImport), .text(row.heureImport),
            .text(row.categorie.rawValue), .text(row.tendance.rawValue), .text(createdAt.databaseText),
            .integer(row.marketCapDerivee ? 1 : 0), .text(source),
        ]
        return words + amounts.map { $0.map { .real($0.doubleValue) } ?? .null }
            + amounts.map { $0.map { .text($0.description) } ?? .null }
    }

    static func row(_ row: SQLRow) throws -> MarketRow {
        MarketRow(
            cryptoID: try row["crypto_id"], rang: try row["rang"], symbole: try row["symbole"],
            nom: try row["nom"],
            supplyCirculant: try amount("supply_circulant", row), supplyMax: try amount("supply_max", row),
            marketCapUsd: try amount("market_cap_usd", row), marketCapDerivee: try row["market_cap_derivee"],
            volume24hUsd: try amount("volume_24h_usd", row),
            prixUsd: try Amount(try row["prix_usd_exact"] as String),
            variation24hPourcent: try amount("variation_24h_pourcent", row),
            vwap24h: try amount("vwap_24h", row),
            timestampImport: try Date(isoText: try row["timestamp_import"] as String),
            marketCapMilliards: try amount("market_cap_milliards", row),
            volume24hMillions: try amount("volume_24h_millions", row), dateImport: try row["date_import"],
            heureImport: try row["heure_import"], categorie: try named("categorie", row),
            tendance: try named("tendance", row))
    }

    private static func amount(_ column: String, _ row: SQLRow) throws -> Amount? {
        let text: String? = try row["\(column)_exact"]
        return try text.map { try Amount($0) }
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
