extension RunMachine {
    /// What people want to be told of the events that are about to be committed.
    ///
    /// What somebody did by hand is known to them and not told.
    func notices(of events: [RunEvent]) -> [Notice] {
        let defaults = spec.configuration.defaults
        if defaults.emailOnFailure.isEmpty, defaults.emailOnRetry.isEmpty { return [] }
        return events.compactMap { event in
            guard event.actor == RunEvent.scheduler, let task = event.task,
                let kind = Notice.Kind(event.kind), let place = reference(to: task)
            else { return nil }
            let recipients = kind == .taskFailed ? defaults.emailOnFailure : defaults.emailOnRetry
            if recipients.isEmpty { return nil }
            return Notice(
                kind, at: event.at, task: task, tryNumber: event.tryNumber ?? self[place].tryNumber,
                lastTry: self[place].maxTries + 1, reason: event.reason,
                nextTryAt: event.detail["next_try_at"]?.instant, recipients: recipients)
        }
    }
}

extension Notice.Kind {
    fileprivate init?(_ kind: RunEvent.Kind) {
        switch kind {
        case .failed: self = .taskFailed
        case .upForRetry: self = .taskRetried
        default: return nil
        }
    }
}
