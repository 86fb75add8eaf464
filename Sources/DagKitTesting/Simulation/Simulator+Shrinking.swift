import DagKitCore
import FoundationEssentials

extension Simulator {
    /// The first seed of a range whose simulation breaks a promise, made small; `nil` if none does.
    ///
    /// ```swift
    /// let failure = await Simulator.firstFailure(of: 1...500, Simulator.random)
    /// #expect(failure == nil, "\(failure?.description ?? "")")
    /// ```
    public static func firstFailure(
        of seeds: ClosedRange<UInt64>, _ simulator: @Sendable (UInt64) -> Simulator
    ) async -> SimulatedFailure? {
        for seed in seeds {
            let candidate = simulator(seed)
            if await candidate.run().violations.isEmpty { continue }
            return await SimulatedFailure(seed: seed, candidate)
        }
        return nil
    }

    /// A smaller simulation that still breaks a promise: fewer faults, DAGs and tasks, less time, faults
    /// that come sooner; this one if it breaks none.
    public func minimized() async -> Simulator {
        var smallest = self
        while let smaller = await smallest.reduced() { smallest = smaller }
        return smallest
    }

    /// A simulation that is smaller by one thing, or by many faults at once, and still breaks a promise.
    private func reduced() async -> Simulator? {
        var size = faults.count / 2
        while size >= 1 {
            for place in stride(from: 0, to: faults.count, by: size) {
                var candidate = self
                candidate.faults.removeSubrange(place..<min(place + size, faults.count))
                if await candidate.isBroken() { return candidate }
            }
            size /= 2
        }
        if let shorter = await shortened()?.broken() { return shorter }
        for place in dags.indices where dags.count > 1 {
            var candidate = self
            candidate.dags.remove(at: place)
            if let broken = await candidate.broken() { return broken }
        }
        for place in dags.indices {
            for task in dags[place].tasks.indices.reversed() {
                guard let smaller = dags[place].dropping(task) else { continue }
                var candidate = self
                candidate.dags[place] = smaller
                if let broken = await candidate.broken() { return broken }
            }
        }
        for place in faults.indices {
            guard let sooner = faults[place].sooner(since: start) else { continue }
            var candidate = self
            candidate.faults[place] = sooner
            if await candidate.isBroken() { return candidate }
        }
        return nil
    }

    /// The simulation with half of its time; `nil` if it is short already.
    private func shortened() -> Simulator? {
        let span = end.timeIntervalSince(start)
        guard span > 600 else { return nil }
        var candidate = self
        candidate.end = (start + span / 2).roundedToMicroseconds
        candidate.dags = dags.map { $0.simulated(through: candidate.end) }
        return candidate
    }

    /// The simulation if it breaks a promise; else, since less happens in it, the same with faults that come earlier.
    private func broken() async -> Simulator? {
        for part in stride(from: 1, to: 0, by: -0.05) {
            var candidate = self
            candidate.faults = faults.map { $0.earlier(by: part) }
            if await candidate.isBroken() { return candidate }
        }
        return nil
    }

    private func isBroken() async -> Bool { await !run().violations.isEmpty }
}

/// A simulation that broke a promise, made small.
public struct SimulatedFailure: Sendable, CustomStringConvertible {
    /// The seed that it was found with.
    public let seed: UInt64

    /// The simulation as small as it could be made.
    public let simulator: Simulator

    /// What happens in it, line by line.
    public let history: SimulatedHistory

    /// Makes a simulation small and runs it once more for its story.
    public init(seed: UInt64, _ simulator: Simulator) async {
        self.seed = seed
        var smallest = await simulator.minimized()
        smallest.recordsLines = true
        self.simulator = smallest
        history = await smallest.run()
    }

    /// The seed, the DAGs and the faults that are left, and the history.
    public var description: String {
        var lines = ["seed \(seed) breaks a promise; made small:"]
        for dag in simulator.dags {
            lines.append("dag \(dag.id), schedule \(dag.configuration.schedule)")
            for task in dag.tasks {
                let upstream = task.upstream.map { dag.tasks[$0].id.rawValue }.joined(separator: ", ")
                let mapping = task.mapSources.map { ", mapped over \(dag.tasks[$0].id)" }.joined()
                lines.append(
                    "  \(task.id)" + (upstream.isEmpty ? "" : " after \(upstream)")
                        + ", \(task.triggerRule.rawValue), retries \(task.retries), pool \(task.pool)"
                        + mapping + (task.work.deferral == nil ? "" : ", deferred"))
            }
        }
        lines += simulator.faults.map { "fault: \($0)" }
        return (lines + [history.description]).joined(separator: "\n")
    }
}
