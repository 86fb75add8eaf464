import CryptoDags
import DagKit
import DagKitCLI
import DagKitSQL
import FoundationEssentials

/// `crypto export`.
enum ExportCommand {
    /// How rows are written.
    enum Format: String, CaseIterable, Sendable {
        case csv, json, ndjson
    }

    private static let format = CommandOption<Format>.choice(
        "output", short: "o", "FORMAT", default: .csv, "How rows are written."
    ).aliased("format")
    private static let days = CommandOption<Int?>.value(
        "days", short: "d", "N", "All snapshots of so many days; only the newest one unless given."
    ) { text throws(ParameterError) in
        guard let days = Int(text), (1...3_650).contains(days) else {
            throw ParameterError(text, remedy: "write a whole number, 1 to 3650")
        }
        return days
    }
    private static let date = CommandOption<String?>.value(
        "date", "DAY", "The last snapshot of a day, such as 2025-10-25."
    ) { text throws(ParameterError) in try MarketAccess.day(text) }
    private static let coins = CommandOption<[String]>.list("coins", "IDS", "Only these coins, by id.")

    static let command = CLICommand(
        "export", "Writes rows of the market with all their digits.",
        discussion:
            """
            Amounts are text in JSON, so that no reader rounds them; what is not known is empty in CSV and null in JSON. \
            Snapshots are written one after another: an export of months needs no memory.
            """,
        examples: [
            .init("crypto export > market.csv", "the newest snapshot"),
            .init(
                "crypto export --days 30 -o ndjson --coins bitcoin",
                "a month of Bitcoin, a line for each snapshot"),
        ],
        options: [format, days, date, coins], exitCodes: [.notFound]
    ) { call in
        try await MarketAccess.reading(call) { store in
            let snapshots = try await snapshots(call, store)
            var writer = RowWriter(format: call[format])
            try call.console.write(writer.opening)
            for snapshot in snapshots {
                for row in try await store.rows(of: snapshot.id) {
                    if !call[coins].isEmpty, !call[coins].contains(row.cryptoID) { continue }
                    try call.console.write(writer.text(row, snapshot))
                }
            }
            try call.console.write(writer.closing)
            guard writer.hasWritten else {
                throw MarketCommandError.noRows("the coins \(call[coins].joined(separator: ", "))")
            }
            return .success
        }
    }

    private static func snapshots(_ call: Invocation, _ store: MarketStore) async throws -> [StoredSnapshot] {
        let latest = try await MarketAccess.latest(store)
        if let day = call[date] {
            let close = try await store.database.query(
                """
                select snapshot_id from crypto_snapshots where complete and source = \(latest.source)
                    and date_import = \(day) order by fetched_at desc, snapshot_id desc limit 1
                """)
            guard let row = close.first else { throw MarketCommandError.noRows(day) }
            return [try await store.snapshot(try row[0])]
        }
        guard let days = call[days] else { return [latest] }
        let since = call.workspace.now.addingTimeInterval(-Double(days) * 86_400)
        return try await store.snapshots(source: latest.source, since: since).filter { !$0.isThinned }
    }
}

/// Writes rows of the market, one after another.
private struct RowWriter {
    let format: ExportCommand.Format
    /// Whether there was a row.
    private(set) var hasWritten = false

    private static let columns = [
        "snapshot_id", "fetched_at", "source", "crypto_id", "rang", "symbole", "nom", "supply_circulant",
        "supply_max",
        "market_cap_usd", "market_cap_derivee", "volume_24h_usd", "prix_usd", "variation_24h_pourcent",
        "vwap_24h",
        "timestamp_import", "market_cap_milliards", "volume_24h_millions", "date_import", "heure_import",
        "categorie",
        "tendance",
    ]

    init(format: ExportCommand.Format) { self.format = format }

    /// What stands before the rows.
    var opening: String {
        switch format {
        case .csv: Self.columns.joined(separator: ",") + "\n"
        case .json: "["
        case .ndjson: ""
        }
    }

    /// What stands after them.
    var closing: String { format == .json ? "]\n" : "" }

    mutating func text(_ row: MarketRow, _ snapshot: StoredSnapshot) -> String {
        defer { hasWritten = true }
        let values = Self.values(row, snapshot)
        switch format {
        case .csv: return values.map(Self.field).joined(separator: ",") + "\n"
        case .json: return (hasWritten ? ",\n" : "") + Self.object(values)
        case .ndjson: return Self.object(values) + "\n"
        }
    }

    private static func values(_ row: MarketRow, _ snapshot: StoredSnapshot) -> [JSONValue] {
        [
            .integer(snapshot.id), .string(snapshot.fetchedAt.isoText), .string(snapshot.source),
            .string(row.cryptoID), .integer(Int64(row.rang)), .string(row.symbole), .string(row.nom),
            MarketAccess.text(row.supplyCirculant), MarketAccess.text(row.supplyMax),
            MarketAccess.text(row.marketCapUsd), .bool(row.marketCapDerivee),
            MarketAccess.text(row.volume24hUsd), MarketAccess.text(row.prixUsd),
            MarketAccess.text(row.variation24hPourcent), MarketAccess.text(row.vwap24h),
            .string(row.timestampImport.isoText), MarketAccess.text(row.marketCapMilliards),
            MarketAccess.text(row.volume24hMillions), .string(row.dateImport), .string(row.heureImport),
            .string(row.categorie.rawValue), .string(row.tendance.rawValue),
        ]
    }

    private static func object(_ values: [JSONValue]) -> String {
        "{" + zip(columns, values).map { "\"\($0)\": \($1.text)" }.joined(separator: ", ") + "}"
    }

    /// A field as RFC 4180 quotes it.
    private static func field(_ value: JSONValue) -> String {
        let text = value.string ?? (value == .null ? "" : value.text)
        guard text.contains(where: { $0 == "\"" || $0 == "," || $0.isNewline }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }
}
