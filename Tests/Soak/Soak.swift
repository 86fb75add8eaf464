import DagKitCore
import DagKitTesting
import FoundationEssentials
import Glibc

/// A range of seeds, simulated over all cores.
struct Soak {
    let seeds: ClosedRange<UInt64>

    /// What came of it.
    struct Report {
        var failures: [UInt64] = []
        var text = ""
    }

    /// What one core found.
    private struct Share: Sendable {
        var failures: [UInt64] = []
        var hash: UInt64 = 0
        var attempts = 0
        var events = 0
        var steps = 0
    }

    func run() async -> Report {
        let cores = UInt64(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let clock = ContinuousClock()
        let start = clock.now
        var total = Share()
        await withTaskGroup(of: Share.self) { group in
            for core in 0..<cores { group.addTask { await share(core, of: cores) } }
            for await share in group {
                total.failures += share.failures
                total.hash ^= share.hash
                total.attempts += share.attempts
                total.events += share.events
                total.steps += share.steps
            }
        }
        let seconds = (clock.now - start).seconds
        return await report(total, seconds: seconds)
    }

    private func share(_ core: UInt64, of cores: UInt64) async -> Share {
        var share = Share()
        for seed in seeds where seed % cores == core {
            let history = await Simulator.random(seed: seed).run()
            if !history.violations.isEmpty { share.failures.append(seed) }
            share.hash ^= history.hash &* (2 &* seed &+ 1)
            share.attempts += history.attempts
            share.events += history.events
            share.steps += history.steps
        }
        return share
    }

    private func report(_ total: Share, seconds: Double) async -> Report {
        let rate = Int(Double(seeds.count) / max(seconds, 0.001))
        var lines = [
            "\(seeds.count) seeds (\(seeds.lowerBound) to \(seeds.upperBound)) in \(Int(seconds * 10) / 10) s, "
                + "\(rate) seeds/s: \(total.steps) steps, \(total.attempts) attempts, \(total.events) events, "
                + "hash \(String(total.hash, radix: 16))"
        ]
        let failures = total.failures.sorted()
        if let seed = failures.first {
            lines.append("\(failures.count) seeds break a promise: \(failures.prefix(20))")
            lines.append(await SimulatedFailure(seed: seed, Simulator.random(seed: seed)).description)
        }
        return Report(failures: failures, text: lines.joined(separator: "\n"))
    }
}
