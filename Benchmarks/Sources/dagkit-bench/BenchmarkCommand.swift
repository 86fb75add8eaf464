import DagKit
import FoundationEssentials
import Glibc

/// `dagkit-bench [--output FILE] [--list] [SCENARIO …]`: measures and prints a report.
///
/// `DAGCTL` names the dagctl whose commands are measured, `BENCH_PYTHON` a Python that has pandas,
/// `BENCH_IDLE_SECONDS` how long an idle scheduler is watched, and `BENCH_EXECUTION` the one way to run
/// attempts that is measured (`in process` or `warm workers`).
enum BenchmarkCommand {
    static func run(_ arguments: [String]) async {
        defer { TemporaryFolders.removeAll() }
        do {
            if arguments.count > 1, arguments[1] == SchedulerProgram.argument {
                return try await SchedulerProgram.run(Array(arguments.dropFirst(2)))
            }
            if arguments.dropFirst().first == MemoryProgram.argument { return try await MemoryProgram.run() }
            try await report(Array(arguments.dropFirst()))
        } catch {
            fflush(nil)
            _ = Array("dagkit-bench: error: \(error)\n".utf8).withUnsafeBytes {
                write(2, $0.baseAddress, $0.count)
            }
            TemporaryFolders.removeAll()
            exit(1)
        }
    }

    private static func report(_ arguments: [String]) async throws {
        var names = arguments
        if names.contains("--list") {
            for scenario in Scenario.all { print("\(scenario.name): \(scenario.about)") }
            return
        }
        var output: String?
        if names.first == "--output", names.count > 1 {
            output = names[1]
            names.removeFirst(2)
        }
        for name in names where !Scenario.all.contains(where: { $0.name == name }) {
            throw BenchmarkFailure("no scenario \"\(name)\"; dagkit-bench --list names them")
        }
        let variables = ProcessInfo.processInfo.environment
        let settings = Scenario.Settings(
            dagctl: variables["DAGCTL"], python: variables["BENCH_PYTHON"],
            idleSeconds: variables["BENCH_IDLE_SECONDS"].flatMap(Double.init) ?? 60,
            executions: variables["BENCH_EXECUTION"].flatMap(Bench.Execution.init).map { [$0] }
                ?? Bench.Execution.allCases)
        let chosen = Scenario.all.filter { names.isEmpty || names.contains($0.name) }
        let text = try await Report.make(chosen, settings)
        if let output { try text.write(toFile: output, atomically: true, encoding: .utf8) }
    }
}
