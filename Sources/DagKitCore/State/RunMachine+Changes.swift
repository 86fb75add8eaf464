public import FoundationEssentials

extension RunMachine {
    /// Records an event and applies it to the run.
    mutating func record(_ event: RunEvent) {
        run.apply(event)
        pending.events.append(event)
        step.events.append(event)
    }

    /// Changes an instance by an event, and counts what follows for the tasks downstream of it.
    mutating func change(
        _ reference: InstanceRef, _ kind: RunEvent.Kind, at now: Date, tryNumber: Int? = nil,
        attempt: AttemptID? = nil, reason: String? = nil, detail: [String: JSONValue] = [:],
        actor: String = RunEvent.scheduler
    ) {
        let before = self[reference].state
        let key = self[reference].key
        let event = RunEvent(
            kind, run: run.key, at: now, taskID: key.taskID, mapIndex: key.mapIndex,
            tryNumber: tryNumber ?? self[reference].tryNumber, attemptID: attempt, reason: reason,
            detail: detail.isEmpty ? .null : .object(detail), actor: actor)
        nodes[reference.task].instances[reference.instance].apply(event)
        if kind == .scheduled || kind == .resumed { scheduledEvents[reference] = pending.events.count }
        record(event)
        changed.insert(reference)
        let after = self[reference].state
        if (before == .deferred) != (after == .deferred) {
            step.waits.append((reference, isOver: after != .deferred))
        }
        count(reference, from: before, to: after)
    }

    /// Says why an instance gets no slot yet; a reason that is stored already costs nothing.
    public mutating func explainWait(_ reference: InstanceRef, reason: String, at now: Date) {
        guard self[reference].state == .scheduled, self[reference].reason != reason else { return }
        guard let place = scheduledEvents[reference] else {
            return change(reference, .waiting, at: now, reason: reason)
        }
        pending.events[place].reason = reason
        nodes[reference.task].instances[reference.instance].reason = reason
    }

    /// Says why the run does not start yet; a reason that is stored already costs nothing.
    public mutating func explainWait(reason: String, at now: Date) {
        guard run.state == .queued, run.reason != reason else { return }
        guard pending.events.last?.kind == .runCreated else {
            return record(RunEvent(.runWaiting, run: run.key, at: now, reason: reason))
        }
        pending.events[pending.events.count - 1].reason = reason
        run.reason = reason
    }

    /// What is waited for if nothing else is said.
    static let waitsForExecutor = "waits for a slot of the executor"

    /// Says of what was scheduled since the last batch, and runs not yet, that it waits for the executor.
    mutating func explainUnsaidWaits() {
        for (reference, place) in scheduledEvents {
            let instance = self[reference]
            guard instance.state == .scheduled, instance.reason == nil else { continue }
            pending.events[place].reason = Self.waitsForExecutor
            nodes[reference.task].instances[reference.instance].reason = Self.waitsForExecutor
        }
    }

    private mutating func count(_ reference: InstanceRef, from before: TaskState?, to after: TaskState?) {
        let wasActive = before.map { !$0.isFinished } ?? false
        let isActive = after.map { !$0.isFinished } ?? false
        if wasActive != isActive { active += isActive ? 1 : -1 }
        let (isDone, wasDone) = (after?.isFinished == true, before?.isFinished == true)
        if before?.letsTheNextRunStart == true { nodes[reference.task].passed -= 1 }
        if after?.letsTheNextRunStart == true { nodes[reference.task].passed += 1 }
        if wasDone {
            unfinished += 1
            nodes[reference.task].finished -= 1
            tally(before, of: reference, by: -1)
        }
        if isDone {
            unfinished -= 1
            nodes[reference.task].finished += 1
            tally(after, of: reference, by: 1)
        }
    }

    /// Counts an instance in or out for those that depend on it; whoever sees one more finished is decided about.
    private mutating func tally(_ state: TaskState?, of reference: InstanceRef, by step: Int) {
        let isSetup = spec.tasks[reference.task].kind == .setup
        visits += spec.tasks[reference.task].downstream.count + spec.guardedBySetup[reference.task].count
        for target in spec.tasks[reference.task].downstream {
            if isAligned(reference.task, target) {
                nodes[target].aligned[reference.instance].tally.count(state, isSetup: isSetup, by: step)
                if step > 0 { instanceQueue.append(InstanceRef(task: target, instance: reference.instance)) }
            } else {
                nodes[target].tally.count(state, isSetup: isSetup, by: step)
                if step > 0 { queue.append(target) }
            }
        }
        for target in spec.guardedBySetup[reference.task] {
            if isAligned(reference.task, target) {
                nodes[target].aligned[reference.instance].setups.count(state, isSetup: isSetup, by: step)
                if step > 0 { instanceQueue.append(InstanceRef(task: target, instance: reference.instance)) }
            } else {
                nodes[target].setups.count(state, isSetup: isSetup, by: step)
                if step > 0 { queue.append(target) }
            }
        }
    }
}
