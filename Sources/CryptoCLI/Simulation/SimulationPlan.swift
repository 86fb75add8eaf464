import CryptoDags

/// What a simulation lets happen, and what should come of it.
struct SimulationPlan {
    /// Something that the rules must find.
    struct Injection {
        let coin: Int

        /// The step at which it begins.
        let step: Int

        /// The last step at which an alert about it is not a false one.
        let lastStep: Int

        /// What must be alerted, each exactly once.
        let required: Set<Finding>

        /// What may be alerted beside it, each at most once.
        let allowed: Set<Finding>
    }

    /// A rule with its direction.
    struct Finding: Hashable {
        let rule: AnomalyRule
        let direction: AnomalyDirection
    }

    /// What goes wrong with the source at a step.
    enum Fault: CaseIterable {
        /// One answer fails, the next one is good.
        case serverError, rateLimit, html, truncated
        /// No answer at all: the run fails.
        case outage
        /// The bytes of the step before.
        case unchanged
        /// Data that must fail the quality checks.
        case missingRank
        /// Data that only warn.
        case negativePrice

        /// Whether the run gives a new snapshot.
        var loads: Bool { self != .outage && self != .unchanged }

        /// Whether the run fails.
        var fails: Bool { self == .outage || self == .missingRank }
    }

    let injections: [Injection]
    let events: [Int: [SimulatedEvent]]
    let faults: [Int: Fault]

    /// Plans `steps` half hours.
    ///
    /// - Parameters:
    ///   - spacing: How many steps lie between two injections.
    ///   - faultSpacing: How many steps lie between two faults; even, so that faults fall on half hours and the snapshot
    ///     that monitoring sees is sound.
    init(steps: Int, spacing: Int, faultSpacing: Int) {
        var injections: [Injection] = []
        var events: [Int: [SimulatedEvent]] = [:]
        // The rules that look back need a day of snapshots, and an injection a day to end.
        for (index, step) in stride(from: 60, to: steps - 54, by: spacing).enumerated() {
            let (injection, happening) = Self.injection(index, at: step)
            injections.append(injection)
            for (step, event) in happening { events[step, default: []].append(event) }
        }
        self.injections = injections
        self.events = events
        var faults: [Int: Fault] = [:]
        for (index, step) in stride(from: 51, to: steps, by: faultSpacing).enumerated() {
            faults[step] = Fault.allCases[index % Fault.allCases.count]
        }
        self.faults = faults
    }

    private static func injection(_ index: Int, at step: Int) -> (Injection, [(Int, SimulatedEvent)]) {
        let day = step + 52
        // Coins take turns, so that one is quiet again for weeks before it is touched anew.
        let coin = 30 + index * 7 % 80
        switch index % 5 {
        case 0:
            let found = findings(.up, .variation, .crossSection, .history)
            return (
                Injection(coin: coin, step: step, lastStep: day, required: found, allowed: found),
                [(step, .jump(coin: coin, factor: 1.16))]
            )
        case 1:
            let found = findings(.up, .volume)
            return (
                Injection(coin: coin, step: step, lastStep: day, required: found, allowed: found),
                [(step, .volume(coin: coin, factor: 12)), (step + 48, .volume(coin: coin, factor: 1.0 / 12))]
            )
        case 2:
            let stable = SimulatedMarket.stableCoins[index / 5 % 2]
            // A day after the break the change over 24 hours is a rise, without any new move.
            let echo = findings(.up, .history, .crossSection)
            return (
                Injection(
                    coin: stable, step: step, lastStep: day + 12, required: findings(.down, .depeg, .history),
                    allowed: findings(.down, .depeg, .history, .crossSection).union(echo)),
                [
                    (step, .jump(coin: stable, factor: 0.95)),
                    (step + 12, .jump(coin: stable, factor: 1 / 0.95)),
                ]
            )
        case 3:
            let found = findings(.down, .variation, .crossSection, .history)
            return (
                Injection(coin: coin, step: step, lastStep: day, required: found, allowed: found),
                [(step, .jump(coin: coin, factor: 0.86))]
            )
        default:
            // From the middle of the top 50 far down: a move of ranks beside that of the price.
            let large = 12 + index / 5 * 3 % 9
            let found = findings(.down, .variation, .crossSection, .history, .rank)
            return (
                Injection(coin: large, step: step, lastStep: day, required: found, allowed: found),
                // More coins are traded, so that the volume in USD stays what it was.
                [(step, .jump(coin: large, factor: 0.4)), (step, .volume(coin: large, factor: 2.5))]
            )
        }
    }

    private static func findings(_ direction: AnomalyDirection, _ rules: AnomalyRule...) -> Set<Finding> {
        Set(rules.map { Finding(rule: $0, direction: direction) })
    }
}
