import DagKit
import FoundationEssentials
import Glibc

/// Runs all scenarios and writes a table of them.
enum Report {
    /// Prints the report; with a path as first argument it is written there too.
    ///
    /// `DAGCTL` names the dagctl whose start is measured.
    static func run(arguments: [String]) async {
        do {
            let text = try await table()
            print(text)
            if arguments.count > 1 { try text.write(toFile: arguments[1], atomically: true, encoding: .utf8) }
        } catch {
            print("error: \(error)")
            exit(1)
        }
    }

    private static func table() async throws -> String {
        var lines = [
            "# Results", "",
            "Made by `make bench` at \(Date().isoText.prefix(10)) on \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, release build, "
                + "SQLite with durability `process` (WAL, synchronous=NORMAL).", "",
            "One write of 4 KiB with fsync takes this disk \(fixed(try await Scenarios.fsync(), 2)) ms (median of 50).",
            "",
            "| scenario | tasks | wall ms | tasks/s | CPU µs per task |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for measure in try await all() { lines.append(measure.row) }
        if let dagctl = ProcessInfo.processInfo.environment["DAGCTL"] {
            lines += [
                "",
                "`dagctl dags list`, best of 15: \(fixed(try Scenarios.start(of: dagctl, ["dags", "list"]), 1)) ms.",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func all() async throws -> [Measurement] {
        var rows: [Measurement] = []
        for (execution, name) in [
            (Orchestrator.Execution.inProcess, "in process"), (.workers, "warm workers"),
        ] {
            rows.append(
                try await Scenarios.run(Chain(count: 40), execution, named: "40 in sequence, \(name)"))
            for count in [200, 1000, 10_000] {
                rows.append(
                    try await Scenarios.run(
                        FanOut(count: count), execution, named: "fan-out and join of \(count), \(name)"))
            }
        }
        rows.append(try Scenarios.plan(FanOut(count: 10_000), named: "planner alone, fan-out of 10000"))
        rows.append(try Scenarios.cron(100_000))
        return rows
    }
}
