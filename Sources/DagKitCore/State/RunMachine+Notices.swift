extension RunMachine {
    /// What callbacks are told of the events that are about to be committed.
    ///
    /// What somebody did by hand is known to them and not told.
    func notices(of events: [RunEvent]) -> [Notice] {
        guard spec.hasCallbacks else { return [] }
        let facts = Notice.RunFacts(run, params: spec.configuration.params.merging(run.conf))
        var notices: [Notice] = []
        for (place, event) in events.enumerated()
        where event.actor == RunEvent.scheduler && !untold.contains(place) {
            guard let kind = Notice.Kind(event.kind) else { continue }
            if let task = event.task {
                tell(kind, of: task, event, facts, &notices)
            } else if event.reason != Self.markedFailed {
                for callback in spec.callbacks where callback.occasions.contains(where: { $0.kind == kind }) {
                    notices.append(
                        Notice(
                            kind, at: event.at, run: run.key, reason: event.reason,
                            deadline: event.detail["deadline"]?.string, to: callback.receiver, facts: facts))
                }
            }
        }
        return notices
    }

    private func tell(
        _ kind: Notice.Kind, of key: TaskInstanceKey, _ event: RunEvent, _ facts: Notice.RunFacts,
        _ notices: inout [Notice]
    ) {
        guard let place = reference(to: key) else { return }
        for callback in spec.tasks[place.task].callbacks
        where callback.occasions.contains(where: { $0.kind == kind }) {
            notices.append(
                Notice(
                    kind, at: event.at, run: run.key, task: key,
                    tryNumber: event.tryNumber ?? self[place].tryNumber, lastTry: self[place].lastTry,
                    reason: event.reason, nextTryAt: event.detail["next_try_at"]?.instant,
                    to: callback.receiver, facts: facts))
        }
    }
}

extension Notice.Kind {
    fileprivate init?(_ kind: RunEvent.Kind) {
        switch kind {
        case .running: self = .taskStarted
        case .succeeded: self = .taskSucceeded
        case .failed: self = .taskFailed
        case .upForRetry: self = .taskRetried
        case .skipped: self = .taskSkipped
        case .runSucceeded: self = .runSucceeded
        case .runFailed: self = .runFailed
        case .deadlineMissed: self = .deadlineMissed
        default: return nil
        }
    }
}
