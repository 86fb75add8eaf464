import FoundationEssentials

// What a task waits for outside its run. A sensor that looks by itself is `up_for_reschedule` between two attempts; one
// that the scheduler waits for is `deferred` and has no attempt at all. Either way the try goes on: its number and its
// start stay, and nothing of it runs anywhere until an instant comes or somebody tells.

extension RunMachine {
    /// When an instance goes on by itself.
    func wakes(of instance: TaskInstance, _ task: TaskSpec) -> [Date] {
        switch instance.state {
        case .upForRetry: return [instance.nextTryAt].compactMap { $0 }
        case .upForReschedule, .deferred:
            var instants: [Date] = []
            if case .instant(let due) = instance.awaits { instants.append(due) }
            if instance.state == .deferred, let deadline = deadline(of: instance, task) {
                instants.append(deadline)
            }
            return instants
        default: return []
        }
    }

    /// When the scheduler stops waiting in the place of an instance; `nil` if it never does.
    private func deadline(of instance: TaskInstance, _ task: TaskSpec) -> Date? {
        guard let start = instance.firstStart, let timeout = task.work.deferral?.timeout else { return nil }
        return (start + timeout.seconds).roundedToMicroseconds
    }

    mutating func keepWakes(of reference: InstanceRef) {
        for instant in wakes(of: self[reference], spec.tasks[reference.task]) {
            wakes.insert(Wake(at: instant, instance: reference))
        }
    }

    /// What deferred instances wait for that no clock tells, and that the store is to be asked about.
    package var outsideWaits: [(reference: InstanceRef, awaited: Awaited)] {
        deferred.compactMap { reference in
            guard let awaited = self[reference].awaits else { return nil }
            if case .instant = awaited { return nil }
            return (reference, awaited)
        }
    }

    // MARK: Looking again

    /// Lets an instance go whose sensor has not seen yet what it waits for.
    mutating func pause(
        _ reference: InstanceRef, until: Date, reason: String, at end: Date, facts: [String: JSONValue]
    ) {
        if isEnding { return change(reference, .skipped, at: end, reason: run.reason, detail: facts) }
        var detail = facts
        detail["awaits"] = Awaited.instant(until.roundedToMicroseconds).json
        if let start = self[reference].queuedAt { detail["looked_since"] = .string(start.isoText) }
        change(reference, .upForReschedule, at: end, reason: reason, detail: detail)
        keepWakes(of: reference)
    }

    /// Lets an attempt look after an instance again.
    ///
    /// The past is asked about anew, as before a first attempt: a run may have come in between.
    mutating func resume(_ reference: InstanceRef, at now: Date) {
        guard self[reference].state?.isWaiting == true else { return }
        change(reference, .resumed, at: now)
        step.ready.append(reference)
        let task = spec.tasks[reference.task]
        if asksAboutPast(task) { askAboutPast(task) }
    }

    // MARK: Deferral

    /// Waits in the place of an instance; one that has nothing to wait for is done at once.
    mutating func beginDeferral(of reference: InstanceRef, at now: Date) {
        guard self[reference].state == .scheduled, let deferral = spec.tasks[reference.task].work.deferral
        else { return }
        let awaited = deferral.condition(run, self[reference].firstStart ?? now)
        if self[reference].tryNumber > 1 { pending.clearedOutputs.append(self[reference].key) }
        change(
            reference, .deferred, at: now, reason: awaited.reason,
            detail: ["awaits": awaited.json])
        if case .instant(let due) = awaited, due <= now { return succeed(reference, at: now) }
        keepWakes(of: reference)
    }

    /// Does what the end of the wait means for a deferred instance that still waits for the same.
    mutating func endDeferral(
        of reference: InstanceRef, _ awaited: Awaited, _ verdict: ExternalWait.Verdict, at now: Date
    ) {
        guard self[reference].state == .deferred, self[reference].awaits == awaited else { return }
        switch verdict {
        case .success: succeed(reference, at: now)
        case .skipped(let reason): change(reference, .skipped, at: now, reason: reason)
        case .failed(let reason):
            if spec.tasks[reference.task].work.deferral?.softFail == true {
                return change(reference, .skipped, at: now, reason: "soft fail: \(reason)")
            }
            fail(reference, reason: reason, isRetryable: true, delay: nil, at: now, facts: [:])
        }
    }

    /// Does what the coming of an instant means for an instance that waits.
    mutating func goOn(_ wake: Wake, at now: Date) {
        let instance = self[wake.instance]
        if instance.awaits == .instant(wake.at) {
            guard instance.state == .deferred else { return resume(wake.instance, at: now) }
            return succeed(wake.instance, at: now)
        }
        let task = spec.tasks[wake.instance.task]
        guard instance.state == .deferred, deadline(of: instance, task) == wake.at,
            let deferral = task.work.deferral, let timeout = deferral.timeout
        else { return }
        let reason = SensorOptions.lateness(of: timeout, instance.awaits?.reason ?? "")
        guard deferral.softFail else {
            return fail(wake.instance, reason: reason, isRetryable: false, delay: nil, at: now, facts: [:])
        }
        change(wake.instance, .skipped, at: now, reason: "soft fail: \(reason)")
    }
}
