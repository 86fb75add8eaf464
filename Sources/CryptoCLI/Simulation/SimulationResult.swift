import CryptoDags

/// What became of a simulation.
public struct SimulationResult: Sendable {
    /// How the store was at the end of a day.
    public struct Sample: Sendable {
        /// The day, from 1.
        public let day: Int

        /// The bytes in use.
        public let bytes: Int64

        /// The processor time of three questions of users together.
        public let queries: Duration
    }

    /// What is left in the store.
    struct StoreState: Sendable {
        let snapshots: Int
        let doubled: Int
        let points: Int
    }

    /// The runs of both workflows.
    public let runs: Int

    /// The anomalies that were injected.
    public let injected: Int

    /// Those of them that were alerted about exactly once, by every rule that must find them.
    public let found: Int

    /// Alerts about what was not injected.
    public let falseAlarms: [String]

    /// The store at the end of each day.
    public let samples: [Sample]

    /// What is not as it must be; empty if all is well.
    public let problems: [String]
}

/// Holds what happens in a simulation against its plan.
struct SimulationJudge {
    private let plan: SimulationPlan
    private var counts: [Int: [SimulationPlan.Finding: Int]] = [:]
    private var falseAlarms: [String] = []
    private var problems: [String] = []
    private var samples: [SimulationResult.Sample] = []
    private var runs = 0

    init(plan: SimulationPlan) { self.plan = plan }

    mutating func pipeline(_ step: Int, isGreen: Bool) {
        runs += 1
        let shouldFail = plan.faults[step]?.fails == true
        if isGreen == shouldFail {
            problems.append(
                "step \(step): the pipeline \(isGreen ? "was green" : "failed") with fault \(fault(step))")
        }
    }

    mutating func monitoring(_ step: Int, isGreen: Bool, alerts: [SimulatedAlert]) {
        runs += 1
        if !isGreen { problems.append("step \(step): monitoring failed") }
        for alert in alerts {
            let place = plan.injections.firstIndex { injection in
                SimulatedMarket.id(injection.coin) == alert.coin
                    && (injection.step...injection.lastStep).contains(step)
                    && injection.allowed.contains(alert.finding)
            }
            guard let place else {
                falseAlarms.append("step \(step): \(alert.coin) \(alert.finding.rule.rawValue)")
                continue
            }
            counts[place, default: [:]][alert.finding, default: 0] += 1
        }
    }

    mutating func day(_ sample: SimulationResult.Sample) { samples.append(sample) }

    func result(steps: Int, state: SimulationResult.StoreState) -> SimulationResult {
        var problems = problems
        var found = 0
        for (place, injection) in plan.injections.enumerated() {
            let counts = counts[place] ?? [:]
            let wrong = injection.allowed.filter { finding in
                let count = counts[finding] ?? 0
                return injection.required.contains(finding) ? count != 1 : count > 1
            }
            if wrong.isEmpty { found += 1 }
            for finding in wrong {
                problems.append(
                    "step \(injection.step): \(SimulatedMarket.id(injection.coin)) \(finding.rule.rawValue) "
                        + "was alerted \(counts[finding] ?? 0) times")
            }
        }
        let days = Double(steps) / 48
        if Double(falseAlarms.count) > max(1, days / 10) {
            problems.append(
                "\(falseAlarms.count) false alarms: \(falseAlarms.prefix(5).joined(separator: "; "))")
        }
        let loads = (0..<steps).count { plan.faults[$0]?.loads ?? true }
        if state.points != loads {
            problems.append("the candles hold \(state.points) prices of \(loads) snapshots")
        }
        if state.doubled > 0 { problems.append("\(state.doubled) rows are there twice") }
        return SimulationResult(
            runs: runs, injected: plan.injections.count, found: found, falseAlarms: falseAlarms,
            samples: samples, problems: problems + growth())
    }

    /// Once the retention is reached, size and answer times must stay: half as much more is growth.
    private func growth() -> [String] {
        guard let before = samples.first(where: { $0.day == 45 }), let last = samples.last, last.day >= 60
        else {
            return []
        }
        var problems: [String] = []
        if Double(last.bytes) > 1.15 * Double(before.bytes) {
            problems.append(
                "the store grew from \(before.bytes) bytes on day 45 to \(last.bytes) on day \(last.day)")
        }
        let median = { (days: ClosedRange<Int>) in
            let sorted = samples.filter { days.contains($0.day) }.map(\.queries).sorted()
            return sorted[sorted.count / 2]
        }
        let early = median(40...50)
        let late = median(last.day - 10...last.day)
        if late > early * 2 {
            problems.append("questions took \(early) around day 45 and \(late) at the end")
        }
        return problems
    }

    private func fault(_ step: Int) -> String { plan.faults[step].map { "\($0)" } ?? "none" }
}
