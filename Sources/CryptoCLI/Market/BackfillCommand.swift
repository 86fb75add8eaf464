import CryptoDags
import DagKit
import DagKitCLI
import FoundationEssentials

/// `crypto backfill`.
enum BackfillCommand {
    private static let coins = CommandOption<[String]>.list(
        "coins", "IDS", "The coins, by id; the largest of the newest snapshot unless given.")
    private static let top = CommandOption<Int>.integer(
        "top", short: "n", "N", default: 10, in: 1...2_000, "How many of the largest coins.")
    private static let days = CommandOption<Int>.integer(
        "days", short: "d", "N", default: 30, in: 1...3_650, "How many days to look back.")
    private static let interval = CommandOption<HistoryInterval>.choice(
        "interval", "STEP", default: .hour, "Hours (h1) or days (d1).")
    private static let isTrial = CommandOption<Bool>.flag(
        "dry-run", "Tells the calls and credits that it would cost, and makes none.")
    private static let isConfirmed = CommandOption<Bool>.flag(
        "yes", short: "y", "Spends the credits without asking.")

    static let command = CLICommand(
        "backfill", "Fetches the past prices of coins from CoinCap and stores them as candles.",
        discussion:
            """
            Each coin costs a call for each 30 days of hours, or each 365 days of days; a call costs a credit. Spans that \
            are there already are not fetched again, and what snapshots have seen is never replaced. If a call fails, \
            what came before it is kept: the same command goes on from there.
            """,
        examples: [
            .init("crypto backfill --dry-run", "what a month of the ten largest coins costs"),
            .init(
                "crypto backfill --coins bitcoin --interval d1 --days 365",
                "a year of Bitcoin, for one credit"),
        ],
        options: [coins, top, days, interval, isTrial, isConfirmed],
        exitCodes: [.notFound]
    ) { call in
        try await MarketAccess.opened(try await MarketAccess.place(of: call), call) { store in
            let now = call.workspace.now
            let backfill = try await HistoryBackfill(store, services: try await call.workspace.services())
            let plan = try await backfill.plan(
                coins: call[coins].isEmpty ? nil : call[coins], top: call[top], interval: call[interval],
                days: call[days], now: now)
            let usage = try await backfill.usage(now: now)
            let cost =
                backfill.isMetered
                ? MarketAccess.count(plan.credits, "credit") : "no credit: the address is not metered"
            let calls = MarketAccess.count(plan.calls.count, "call")
            try call.console.note("\(calls) to \(backfill.source), \(cost); \(usage)")
            if call[isTrial] || plan.calls.isEmpty { return .success }
            guard try !backfill.isMetered || confirmed(call) else { return .failure }
            let workspace = call.workspace
            let added = try await backfill.run(plan, now: { workspace.now }) { done, count in
                try call.console.note("\(done.coin) \(done.start.ds) to \(done.end.ds): \(count) candles")
            }
            try call.console.print("\(added) candles added")
            return .success
        }
    }

    private static func confirmed(_ call: Invocation) throws -> Bool {
        if call[isConfirmed] { return true }
        guard call.console.inputIsTerminal else {
            throw BackfillRefusal()
        }
        try call.console.ask("spend them? [y/N] ")
        return ["y", "yes"].contains(try call.console.readAnswer().lowercased())
    }
}

/// Credits are spent only when somebody says so.
private struct BackfillRefusal: ExitCodeError {
    var exitCode: ExitCode { .usage }
    var problem: String { "nobody is there to agree to the credits" }
    var remedy: String { "add --yes, or --dry-run to see the cost" }
}
