import CryptoDags
import DagKit
import DagKitCLI
import FoundationEssentials

/// `crypto status`, `crypto top`, `crypto report`: the market store, read only in what they do.
enum MarketCommands {
    private static let count = CommandOption<Int>.integer(
        "count", short: "n", "N", default: 10, in: 1...10_000, "How many coins to show.")
    private static let day = CommandArgument<String?>.optional(
        "date", "The day of the report, such as 2025-10-25; the last one unless given."
    ) { text throws(ParameterError) in text }

    static let status = CLICommand(
        "status", "Shows the newest snapshot, the mails that wait and the credits used.",
        examples: [.init("crypto status -o json", "for programs")], options: ReportOptions.all
    ) { call in
        try await reading(call) { store in
            guard let latest = try await store.latestSnapshot() else { throw WatchError.noSnapshot }
            let waiting: Int = try await store.database.query(
                "select count(*) from outbox where state = 'pending'")[0][0]
            let snapshots: Int = try await store.database.query(
                "select count(*) from crypto_snapshots where complete and source = \(latest.source)")[0][
                    0]
            let limit = call.workspace.configuration
            let credits = try await store.creditUsage(
                limit: try limit().integer("crypto", "credit_limit") ?? 500, now: call.workspace.now)
            var report = Report([
                "source", "snapshot_id", "fetched_at", "age_seconds", "assets", "quality_score", "snapshots",
                "mails_waiting", "credits_used", "credit_limit",
            ])
            report.isUpright = true
            report.add([
                "source": .string(latest.source), "snapshot_id": .integer(latest.id),
                "fetched_at": .string(latest.fetchedAt.isoText),
                "age_seconds": .integer(Int64(call.workspace.now.timeIntervalSince(latest.fetchedAt))),
                "assets": .integer(Int64(latest.assetCount)),
                "quality_score": latest.qualityScore.map { .integer(Int64($0)) } ?? .null,
                "snapshots": .integer(Int64(snapshots)), "mails_waiting": .integer(Int64(waiting)),
                "credits_used": .integer(Int64(credits.used)), "credit_limit": .integer(Int64(credits.limit)),
            ])
            try call.show(report)
            return .success
        }
    }

    static let top = CLICommand(
        "top", "Shows the largest coins of the newest snapshot.",
        examples: [.init("crypto top -n 3 -o csv", "three coins, for a spreadsheet")],
        options: [count] + ReportOptions.all
    ) { call in
        try await reading(call) { store in
            guard let latest = try await store.latestSnapshot() else { throw WatchError.noSnapshot }
            var report = Report([
                "rang", "symbole", "nom", "prix_usd", "variation_24h_pourcent",
                .init("crypto_id", isWide: true),
                .init("market_cap_usd", isWide: true), .init("categorie", isWide: true),
                .init("tendance", isWide: true),
            ])
            for row in try await store.rows(of: latest.id).prefix(call[count]) { report.add(cells(row)) }
            try call.show(report)
            return .success
        }
    }

    static let report = CLICommand(
        "report", "Prints a daily report.",
        examples: [.init("crypto report 2025-10-25", "the report of that day")], arguments: [day]
    ) { call in
        try await reading(call) { store in
            guard let source = try await store.activeSource() else { throw WatchError.noSnapshot }
            let date: String
            if let asked = call[day] {
                date = asked
            } else {
                let last: String? = try await store.database.query(
                    "select max(date) from reports where source = \(source)")[0][0]
                date = last ?? call.workspace.now.ds
            }
            guard let report = try await store.report(date: date, source: source) else {
                throw MissingReport(date: date)
            }
            try call.console.print(report.text)
            return .success
        }
    }

    /// Amounts as text with all their digits: JSON numbers would round them.
    private static func cells(_ row: MarketRow) -> [String: JSONValue] {
        let text = { (amount: Amount?) in amount.map { JSONValue.string($0.description) } ?? .null }
        return [
            "rang": .integer(Int64(row.rang)), "symbole": .string(row.symbole), "nom": .string(row.nom),
            "prix_usd": text(row.prixUsd), "variation_24h_pourcent": text(row.variation24hPourcent),
            "crypto_id": .string(row.cryptoID), "market_cap_usd": text(row.marketCapUsd),
            "categorie": .string(row.categorie.rawValue), "tendance": .string(row.tendance.rawValue),
        ]
    }

    /// Opens the market store of the deployment for `body`; a store that is not there is not made.
    private static func reading(
        _ call: Invocation, _ body: (MarketStore) async throws -> ExitCode
    ) async throws -> ExitCode {
        let place = try await MarketStorePlace(try await call.workspace.services())
        guard place.mayExist else { throw WatchError.noSnapshot }
        let store = try await MarketStore.open(at: place, now: call.workspace.now)
        do {
            let code = try await body(store)
            await store.database.close()
            return code
        } catch {
            await store.database.close()
            throw error
        }
    }
}

/// There is no report of a day.
struct MissingReport: DagKitError {
    let date: String

    var problem: String { "there is no report of \"\(date)\"" }
    var remedy: String { "write the day as 2025-10-25, or run crypto_data_pipeline" }
}
