import DagKitCore
import FoundationEssentials

/// A run in the hands of a test.
struct Play {
    var machine: RunMachine
    var now = Date.noon
    var ready: [String] = []
    private var attempts: Int64 = 0

    struct Attempt {
        let id: AttemptID
        let key: TaskInstanceKey
        let tryNumber: Int
    }

    init(_ spec: DAGSpec, starts: Bool = true) throws {
        machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        if starts { note(machine.advance(.start, at: now)) }
    }

    func instance(_ id: String, mapIndex: Int = -1) -> TaskInstance {
        machine.instances.first { $0.taskID.rawValue == id && $0.mapIndex == mapIndex }!
    }

    mutating func dispatch(_ id: String, mapIndex: Int = -1) -> Attempt {
        attempts += 1
        let key = instance(id, mapIndex: mapIndex).key
        note(
            machine.advance(
                .dispatched([(machine.reference(to: key)!, AttemptID(rawValue: attempts))]), at: now))
        return Attempt(
            id: AttemptID(rawValue: attempts), key: key, tryNumber: instance(id, mapIndex: mapIndex).tryNumber
        )
    }

    @discardableResult
    mutating func finish(_ attempt: Attempt, _ verdict: AttemptOutcome.Verdict) -> RunMachine.Step {
        let step = machine.advance(
            .finished(
                AttemptOutcome(
                    attemptID: attempt.id, key: attempt.key, tryNumber: attempt.tryNumber, verdict: verdict,
                    startedAt: now, endedAt: now)), at: now)
        note(step)
        return step
    }

    @discardableResult
    mutating func finish(_ id: String, mapIndex: Int = -1, _ verdict: AttemptOutcome.Verdict)
        -> RunMachine.Step
    {
        let attempt = dispatch(id, mapIndex: mapIndex)
        ready.removeAll()
        return finish(attempt, verdict)
    }

    /// Something else than an attempt's start or end happens.
    @discardableResult
    mutating func ask(_ event: RunMachine.Event) -> RunMachine.Step {
        let step = machine.advance(event, at: now)
        note(step)
        return step
    }

    private mutating func note(_ step: RunMachine.Step) {
        ready += step.ready.map { machine[$0].taskID.rawValue }
    }
}
