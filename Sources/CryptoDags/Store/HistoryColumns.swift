import DagKit
import DagKitSQL
import FoundationEssentials

/// How a row of the market lies in the table `crypto_historique`.
enum HistoryColumns {
    /// The columns of one kind of number each, in the order of ``amounts(of:)``.
    private static let amountNames = [
        "supply_circulant", "supply_max", "market_cap_usd", "volume_24h_usd", "prix_usd",
        "variation_24h_pourcent", "vwap_24h", "market_cap_milliards", "volume_24h_millions",
    ]

    /// The other columns; the last two are written and never read.
    private static let otherNames = [
        "snapshot_id", "crypto_id", "rang", "symbole", "nom", "timestamp_import", "date_import",
        "heure_import", "categorie", "tendance", "market_cap_derivee", "created_at", "source",
    ]

    private static let readNames = otherNames.dropLast(2)

    /// Adds rows of a snapshot to the table.
    static func insert(
        _ rows: [MarketRow], snapshot: Int64, source: String, createdAt: Date, _ dialect: any MarketDialect,
        _ transaction: any SQLTransaction
    ) throws {
        guard let first = rows.first else { return }
        let names = otherNames + amountNames.flatMap(dialect.exactNames)
        // All rows of a snapshot have one time.
        let time = SQLValue.text(first.timestampImport.databaseText)
        let created = SQLValue.text(createdAt.databaseText)
        let source = SQLValue.text(source)
        try transaction.bulkInsert(
            into: "crypto_historique", columns: names.map { SQLIdentifier(stringLiteral: $0) },
            rows: rows.map { row in
                var values: [SQLValue] = [
                    .integer(snapshot), .text(row.cryptoID), .integer(Int64(row.rang)), .text(row.symbole),
                    .text(row.nom),
                    row.timestampImport == first.timestampImport
                        ? time : .text(row.timestampImport.databaseText),
                    .text(row.dateImport), .text(row.heureImport), .text(row.categorie.rawValue),
                    .text(row.tendance.rawValue), .integer(row.marketCapDerivee ? 1 : 0), created, source,
                ]
                values.reserveCapacity(names.count)
                for amount in amounts(of: row) { dialect.append(amount, to: &values) }
                return values
            })
    }

    private static func amounts(of row: MarketRow) -> [Amount?] {
        [
            row.supplyCirculant, row.supplyMax, row.marketCapUsd, row.volume24hUsd, row.prixUsd,
            row.variation24hPourcent, row.vwap24h, row.marketCapMilliards, row.volume24hMillions,
        ]
    }

    /// The columns that ``rows(_:)`` reads, of the table under the name `h`.
    ///
    /// What only queries of users compare, as SQLite's numbers of type REAL, is not among them.
    static func selection(_ dialect: any MarketDialect) -> SQLStatement {
        let names = readNames + amountNames.map(dialect.exactName)
        return .joined(names.map { "h.\(SQLIdentifier(stringLiteral: $0))" }, separator: ", ")
    }

    /// Reads rows of a query for the columns of ``selection(_:)``.
    static func rows(_ rows: [SQLRow]) throws -> [MarketRow] {
        var reader = Reader()
        return try rows.map { try reader.row($0) }
    }
}

extension HistoryColumns {
    /// Reads rows of one answer.
    private struct Reader {
        private var time: (text: String, date: Date)?

        mutating func row(_ row: SQLRow) throws -> MarketRow {
            guard let price = try amount(4, row) else { throw damaged("prix_usd", row) }
            return MarketRow(
                cryptoID: try text(1, row), rang: try whole(2, row), symbole: try text(3, row),
                nom: try text(4, row), supplyCirculant: try amount(0, row), supplyMax: try amount(1, row),
                marketCapUsd: try amount(2, row), marketCapDerivee: try whole(10, row) != 0,
                volume24hUsd: try amount(3, row), prixUsd: price, variation24hPourcent: try amount(5, row),
                vwap24h: try amount(6, row), timestampImport: try instant(row),
                marketCapMilliards: try amount(7, row), volume24hMillions: try amount(8, row),
                dateImport: try text(6, row), heureImport: try text(7, row), categorie: try named(8, row),
                tendance: try named(9, row))
        }

        private func text(_ place: Int, _ row: SQLRow) throws -> String {
            guard case .text(let text) = row.values[place] else {
                throw damaged(otherNames[place], row)
            }
            return text
        }

        private func whole(_ place: Int, _ row: SQLRow) throws -> Int {
            guard case .integer(let number) = row.values[place] else {
                throw damaged(otherNames[place], row)
            }
            return Int(number)
        }

        private func amount(_ place: Int, _ row: SQLRow) throws -> Amount? {
            switch row.values[readNames.count + place] {
            case .null: return nil
            case .text(let text): return try Amount(text)
            default: throw damaged(amountNames[place], row)
            }
        }

        private mutating func instant(_ row: SQLRow) throws -> Date {
            let text = try text(5, row)
            if let time, time.text == text { return time.date }
            let date = try Date(isoText: text)
            time = (text, date)
            return date
        }

        private func named<Value: RawRepresentable<String>>(_ place: Int, _ row: SQLRow) throws -> Value {
            guard let value = Value(rawValue: try text(place, row)) else {
                throw damaged(otherNames[place], row)
            }
            return value
        }

        private func damaged(_ column: String, _ row: SQLRow) -> MarketStoreError {
            guard case .integer(let snapshot) = row.values[0] else {
                return .damagedValue(column: column, snapshot: 0)
            }
            return .damagedValue(column: column, snapshot: snapshot)
        }
    }
}
