import CryptoDags
import DagKit
import DagKitCLI

/// `crypto top`.
enum TopCommand {
    private static let count = CommandOption<Int>.integer(
        "count", short: "n", "N", default: 10, in: 1...10_000, "How many coins to show.")

    static let command = CLICommand(
        "top", "Shows the largest coins of the newest snapshot.",
        examples: [.init("crypto top -n 3 -o csv", "three coins, for a spreadsheet")],
        options: [count] + ReportOptions.all, exitCodes: [.notFound]
    ) { call in
        try await MarketAccess.reading(call) { store in
            let latest = try await MarketAccess.latest(store)
            var report = Report([
                "rang", "symbole", "nom", "prix_usd", "variation_24h_pourcent",
                .init("crypto_id", isWide: true), .init("market_cap_usd", isWide: true),
                .init("categorie", isWide: true), .init("tendance", isWide: true),
            ])
            for row in try await store.rows(of: latest.id).prefix(call[count]) { report.add(cells(row)) }
            try call.show(report)
            return .success
        }
    }

    private static func cells(_ row: MarketRow) -> [String: JSONValue] {
        [
            "rang": .integer(Int64(row.rang)), "symbole": .string(row.symbole), "nom": .string(row.nom),
            "prix_usd": MarketAccess.text(row.prixUsd),
            "variation_24h_pourcent": MarketAccess.text(row.variation24hPourcent),
            "crypto_id": .string(row.cryptoID), "market_cap_usd": MarketAccess.text(row.marketCapUsd),
            "categorie": .string(row.categorie.rawValue), "tendance": .string(row.tendance.rawValue),
        ]
    }
}
