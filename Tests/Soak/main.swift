import DagKitCore
import DagKitTesting
import FoundationEssentials
import Glibc

/// Runs many random simulations and prints how many a second took: `dagkit-soak [SEEDS [FIRST]]`, or
/// `dagkit-soak story SEED` for what happens in one.
let words = Array(CommandLine.arguments.dropFirst())
if words.first == "story", let seed = words.dropFirst().first.flatMap(UInt64.init) {
    var simulator = Simulator.random(seed: seed)
    simulator.recordsLines = true
    let history = await simulator.run()
    print(history)
    if !history.violations.isEmpty { print(await SimulatedFailure(seed: seed, simulator)) }
    exit(history.violations.isEmpty ? 0 : 1)
}
let count = words.first.flatMap(UInt64.init) ?? 10_000
let first = words.dropFirst().first.flatMap(UInt64.init) ?? 1
let report = await Soak(seeds: first...(first + max(count, 1) - 1)).run()
print(report.text)
exit(report.failures.isEmpty ? 0 : 1)
