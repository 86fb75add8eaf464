import DagKitCore
import FoundationEssentials

/// Holds retries and run timeouts to the time that passes, whatever is done to the wall clock.
///
/// What a scheduler cannot know holds them back: while none lives nothing is due, and a new one goes by the instants that it
/// finds, but waits no longer than the whole length of each.
struct DurationCheck {
    private var retries: [TaskInstanceKey: Due] = [:]
    private var timeouts: [RunKey: Due] = [:]

    /// How much later something may be, in microseconds: each small change of the clock is followed.
    private let tolerance: Int64

    /// When something is due, in microseconds of the time that passes.
    private struct Due {
        var at: Int64
        let length: Int64

        mutating func restart(at time: Int64) { at = max(at, time + length) }
    }

    init(_ simulator: Simulator) {
        let jumps = simulator.faults.map { fault in
            switch fault {
            case .clockJump: 1
            case .clockWrong: 2
            default: 0
            }
        }.reduce(0, +)
        tolerance = Int64(jumps + 1) * Planner.clockTolerance.microseconds
    }

    /// Takes an event that was stored by `time`.
    mutating func note(_ event: RunEvent, _ run: RunFold, _ instance: TaskInstance?, at time: Int64) {
        if event.kind == .runStarted, let limit = run.spec.configuration.runTimeout {
            timeouts[event.run] = Due(at: time + limit.microseconds, length: limit.microseconds)
        }
        if event.kind == .runCleared || run.run.state.isFinished || run.run.isEnding {
            timeouts[event.run] = nil
        }
        guard let instance else { return }
        if instance.state != .upForRetry { retries[instance.key] = nil }
        guard event.kind == .upForRetry, let next = instance.nextTryAt,
            run.spec.task(instance.taskID)?.pastRule == nil
        else { return }
        let length = next.microsecondsSinceEpoch - event.at.microsecondsSinceEpoch
        retries[instance.key] = Due(at: time + length, length: length)
    }

    /// A scheduler took over what it found in the store.
    mutating func restart(at time: Int64) {
        for key in retries.keys { retries[key]?.restart(at: time) }
        for key in timeouts.keys { timeouts[key]?.restart(at: time) }
    }

    /// What takes longer than it may; `nil` if nothing does.
    func lateness(_ planner: Planner, at time: Int64) -> String? {
        let retry = retries.filter { isLate($1, time) && planner.machine(of: $0.run) != nil }.keys
            .min { $0.description < $1.description }
        if let retry { return "\(retry) waits for its retry, which was due \(age(retries[retry], time)) ago" }
        let run = timeouts.filter { isLate($1, time) && planner.machine(of: $0) != nil }.keys.min()
        return run.map { "run \($0) goes on \(age(timeouts[$0], time)) after its timeout" }
    }

    private func isLate(_ due: Due, _ time: Int64) -> Bool { due.at + tolerance < time }

    private func age(_ due: Due?, _ time: Int64) -> Duration { .microseconds(time - (due?.at ?? time)) }
}

extension DAGRun {
    /// Whether the run was told to end, and fails once nothing runs any more.
    var isEnding: Bool { reason == RunMachine.timedOut || reason == RunMachine.markedFailed }
}
