import CryptoDags
import DagKit
import DagKitCLI
import FoundationEssentials

/// `crypto simulate`.
enum SimulateCommand {
    private static let days = CommandOption<Int>.integer(
        "days", short: "d", "N", default: 7, in: 2...3_650, "How many days to simulate.")
    private static let seed = CommandOption<Int>.integer(
        "seed", "N", default: 1, in: 0...1_000_000, "The invented market; equal seeds give equal days.")
    private static let folder = CommandOption<String?>.text(
        "to", "DIR", "An empty folder for the store, which stays; else the store is in memory.")

    static let command = CLICommand(
        "simulate", "Runs both workflows over simulated days and judges what they found.",
        discussion:
            """
            A calm market is served on this machine, by half hours on a virtual clock. Anomalies are injected, and the \
            source fails by plan: errors, limits, outages, damaged and repeated answers. Every injected anomaly must be \
            alerted about once, nothing else more than once in ten days, no row may be there twice, and store and answer \
            times must not grow once the retention is reached. The exit status is 1 if anything is not so.
            """,
        examples: [
            .init("crypto simulate --days 90", "a quarter of a year"),
            .init("crypto simulate --days 7 --to /var/tmp/week", "a week, and its store to look at"),
        ],
        options: [days, seed, folder], exitCodes: [.conflict]
    ) { call in
        if let home = call[folder], FileManager.default.fileExists(atPath: "\(home)/\(MarketStore.fileName)")
        {
            throw MarketCommandError.homeInUse(home, source: "another run")
        }
        let started = ContinuousClock.now
        let simulation = MarketSimulation(home: call[folder], days: call[days], seed: UInt64(call[seed]))
        let result = try await simulation.run { day in
            if day.isMultiple(of: 10) { try call.console.note("day \(day) of \(call[days])") }
        }
        let took = (ContinuousClock.now - started).components.seconds
        try call.console.print(
            "\(call[days]) days, \(result.runs) runs in \(took) s: \(result.found) of \(result.injected) anomalies found "
                + "once, \(result.falseAlarms.count) false alarms")
        for sample in result.samples where sample.day.isMultiple(of: 15) || sample.day == call[days] {
            let tenths = Int(sample.queries / .microseconds(100))
            try call.console.print(
                "day \(sample.day): \(sample.bytes / 1_024) KiB in use, three questions \(tenths / 10).\(tenths % 10) ms"
            )
        }
        for alarm in result.falseAlarms { try call.console.note("false alarm: \(alarm)") }
        for problem in result.problems { try call.console.note("problem: \(problem)") }
        return result.problems.isEmpty ? .success : .failure
    }
}
