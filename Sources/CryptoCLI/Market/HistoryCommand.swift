import CryptoDags
import DagKit
import DagKitCLI
import FoundationEssentials

/// `crypto history`.
enum HistoryCommand {
    private static let coin = CommandArgument<String>.text(
        "coin", "The id of a coin, such as bitcoin, or its ticker, such as BTC.")
    private static let days = CommandOption<Int>.integer(
        "days", short: "d", "N", default: 7, in: 1...3_650, "How many days to look back.")

    static let command = CLICommand(
        "history", "Shows the prices of a coin over days, with their shape.",
        discussion:
            """
            Hours where they are kept, else days; never more than 500 lines, neighbours are joined. Several coins may \
            share a ticker: the largest is shown then, and the others are named.
            """,
        examples: [
            .init("crypto history BTC --days 30", "a month of Bitcoin"),
            .init("crypto history bitcoin -d 365 -o csv", "a year, for a spreadsheet"),
        ],
        arguments: [coin], options: [days] + ReportOptions.all, exitCodes: [.notFound]
    ) { call in
        try await MarketAccess.reading(call) { store in
            let latest = try await MarketAccess.latest(store)
            let choice = try CoinChoice(call[coin], among: try await store.rows(of: latest.id))
            let now = call.workspace.now
            let forEyes = call[ReportOptions.format].isForEyes
            let candles = try await store.priceHistory(
                of: choice.row.cryptoID, source: latest.source,
                since: now.addingTimeInterval(-Double(call[days]) * 86_400), now: now, limit: 500)
            guard !candles.isEmpty else {
                throw MarketCommandError.noRows("\(choice.row.cryptoID) in the last \(call[days]) days")
            }
            if !choice.others.isEmpty {
                try call.console.note(
                    "note: \(choice.row.symbole) is also the ticker of \(choice.others.joined(separator: ", ")); "
                        + "shown is \(choice.row.cryptoID)")
            }
            if forEyes { try summarize(candles, choice.row, call) }
            try call.show(report(forEyes ? Candle.joined(candles, limit: 31) : candles, choice.row))
            return .success
        }
    }

    /// The name, the shape and the bounds of the span.
    private static func summarize(_ candles: [Candle], _ row: MarketRow, _ call: Invocation) throws {
        let closes = candles.map(\.close)
        let width = max(10, min((call.console.width ?? 80) - 2, 78))
        let low = candles.map(\.low).min() ?? 0
        let high = candles.map(\.high).max() ?? 0
        let change = (closes[closes.count - 1] / candles[0].open - 1) * 100
        try call.console.print("\(row.nom) (\(row.symbole), \(row.cryptoID)), rank \(row.rang)")
        try call.console.print(Sparkline.text(closes, width: width))
        let numbers = NumberText.english
        let style: Console.Style = change < 0 ? .red : .green
        try call.console.print(
            "low \(price(low, numbers))  high \(price(high, numbers))  last \(price(closes[closes.count - 1], numbers))  "
                + call.console.styled((change < 0 ? "▼ " : "▲ ") + numbers.percent(change), style))
    }

    private static func price(_ value: Double, _ numbers: NumberText) -> String {
        (try? Amount("\(value)")).map(numbers.dollarPrice) ?? "?"
    }

    private static func report(_ candles: [Candle], _ row: MarketRow) -> Report {
        var report = Report([
            "debut", "ouverture", "haut", "bas", "cloture", .init("points", isWide: true),
            .init("crypto_id", isWide: true),
        ])
        for candle in candles {
            report.add([
                "debut": .string(candle.start.isoText), "ouverture": .number(candle.open),
                "haut": .number(candle.high), "bas": .number(candle.low), "cloture": .number(candle.close),
                "points": .integer(Int64(candle.points)), "crypto_id": .string(row.cryptoID),
            ])
        }
        return report
    }
}
