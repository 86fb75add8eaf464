import DagKitCore
import FoundationEssentials

/// The order in which ready task instances are run.
enum Order: String, CaseIterable, Sendable {
    case first, last, middle

    func pick(_ count: Int) -> Int {
        switch self {
        case .first: 0
        case .last: count - 1
        case .middle: count / 2
        }
    }
}

/// Plays a run against outcomes that are known beforehand.
final class RunPlayer {
    private let spec: DAGSpec
    private let outcomes: [String: [String]]
    private let order: Order

    /// How many attempts each task made.
    private(set) var tries: [String: Int] = [:]

    /// Every event, in order.
    private(set) var events: [RunEvent] = []

    /// What callbacks are told, in order.
    private(set) var notices: [Notice] = []

    /// - Parameter outcomes: What each attempt of a task does, in order: `success`, `fail`, `fail_now`, `skip`.
    init(_ spec: DAGSpec, outcomes: [String: [String]] = [:], order: Order = .first) {
        self.spec = spec
        self.outcomes = outcomes
        self.order = order
    }

    /// Plays the run to its end.
    func play() -> RunMachine {
        var now = Date(microseconds: 1_700_000_000_000_000)
        var machine = RunMachine(creating: .manual(spec, by: "test", at: now), of: spec)
        var ready: [InstanceRef] = []
        var attempt: Int64 = 0
        func advance(_ event: RunMachine.Event) {
            let step = machine.advance(event, at: now)
            ready += step.ready
        }
        advance(.start)
        while !machine.run.state.isFinished {
            if ready.isEmpty {
                guard let deadline = machine.nextDeadline else { break }
                now = deadline
                advance(.tick)
                continue
            }
            let place = ready.remove(at: order.pick(ready.count))
            attempt += 1
            advance(.dispatched([(place, AttemptID(rawValue: attempt))]))
            now += 1
            advance(.finished(outcome(of: machine[place], AttemptID(rawValue: attempt), at: now)))
        }
        let batch = machine.takeBatch()
        events = batch?.events ?? []
        notices = batch?.notices ?? []
        return machine
    }

    private func outcome(of instance: TaskInstance, _ attempt: AttemptID, at now: Date) -> AttemptOutcome {
        let id = instance.taskID.rawValue
        let number = tries[id, default: 0]
        tries[id] = number + 1
        let acts = outcomes[id] ?? []
        let verdict: AttemptOutcome.Verdict =
            switch number < acts.count ? acts[number] : "success" {
            case "fail": .failed(reason: "fail", isRetryable: true, retryDelay: nil)
            case "fail_now": .failed(reason: "fail_now", isRetryable: false, retryDelay: nil)
            case "skip": .skipped(reason: "skip")
            default: .success(nil)
            }
        return AttemptOutcome(
            attemptID: attempt, key: instance.key, tryNumber: instance.tryNumber, verdict: verdict,
            startedAt: now,
            endedAt: now)
    }
}
