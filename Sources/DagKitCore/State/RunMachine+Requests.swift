import FoundationEssentials

// What people ask of a run: tasks start anew, or count as done. Whatever runs is killed first: the request is kept
// with its instance, and carried out when the attempt's death is reported.

extension RunMachine {
    /// The reason of a run that somebody marked failed.
    public static let markedFailed = "marked_failed"

    /// Whether the run fails once nothing runs any more, and nothing new starts until then.
    var isEnding: Bool { run.reason == Self.timedOut || run.reason == Self.markedFailed }

    // MARK: Clearing

    /// Lets instances start anew; a run that had ended goes on.
    mutating func clear(_ references: [InstanceRef], by actor: String, at now: Date) {
        let chosen = references.filter { canBeCleared(self[$0]) }
        guard !chosen.isEmpty else { return }
        if run.state.isFinished || isEnding {
            record(RunEvent(.runCleared, run: run.key, at: now, actor: actor))
        }
        clearEach(chosen, by: actor, at: now)
    }

    /// Lets a run that has ended start anew, whole, as one of a backfill.
    mutating func reprocess(for backfill: Int64, by actor: String, at now: Date) {
        guard run.state.isFinished else { return }
        record(
            RunEvent(
                .runCleared, run: run.key, at: now, detail: ["backfill_id": .integer(backfill)], actor: actor)
        )
        clearEach(references(where: canBeCleared), by: actor, at: now)
    }

    private mutating func clearEach(_ references: [InstanceRef], by actor: String, at now: Date) {
        for reference in references {
            if self[reference].state?.isActive == true {
                request(.clear, of: reference, reason: "cleared by \(actor)", by: actor, at: now)
            } else {
                reset(reference, reason: "cleared by \(actor)", by: actor, at: now)
            }
        }
    }

    /// Whether a clear changes an instance: something has happened to it, and it does not merely wait for a slot.
    private func canBeCleared(_ instance: TaskInstance) -> Bool {
        instance.state != nil && instance.state != .scheduled && instance.endRequest != .clear
    }

    /// Makes an instance as if it had never run; its tries are kept as history.
    mutating func reset(
        _ reference: InstanceRef, reason: String, by actor: String = RunEvent.scheduler, at now: Date
    ) {
        let instance = self[reference]
        if instance.tryNumber > 0 { pending.history.append(instance.endedAttempt(reason: reason, at: now)) }
        pending.clearedOutputs.append(instance.key)
        outputCounts[instance.taskID] = nil
        if spec.tasks[reference.task].skipRule != nil { forgetDecision(of: reference.task) }
        let (sum, isTooLarge) = instance.tryNumber.addingReportingOverflow(spec.tasks[reference.task].retries)
        let tries = isTooLarge ? Int.max : sum
        change(
            reference, .cleared, at: now, reason: reason, detail: ["max_tries": .integer(Int64(tries))],
            actor: actor)
        queue.append(reference.task)
    }

    // MARK: Marking

    /// Gives instances a final state that their attempts did not earn.
    ///
    /// In a run that has ended, the tasks that failed for want of one marked a success are cleared, so that the run
    /// goes on; where none is, the run gets the verdict that its tasks now make.
    mutating func mark(_ references: [InstanceRef], as state: MarkedState, by actor: String, at now: Date) {
        for reference in references { mark(reference, as: state, by: actor, at: now) }
        guard run.state.isFinished else { return }
        if state == .success { clear(heldUp(by: Set(references)), by: actor, at: now) }
        guard run.state.isFinished, verdict.state != run.state else { return }
        let kind: RunEvent.Kind = verdict.state == .success ? .runSucceeded : .runFailed
        record(RunEvent(kind, run: run.key, at: now, reason: verdict.reason, actor: actor))
    }

    /// The failed instances downstream of some that are not among these.
    private func heldUp(by references: Set<InstanceRef>) -> [InstanceRef] {
        let below = spec.tasks(reachedFrom: Set(references.map(\.task)), by: \.downstream)
        return below.sorted().flatMap { task in
            nodes[task].instances.indices.map { InstanceRef(task: task, instance: $0) }
        }.filter { !references.contains($0) && [.failed, .upstreamFailed].contains(self[$0].state) }
    }

    private mutating func mark(
        _ reference: InstanceRef, as state: MarkedState, by actor: String, at now: Date
    ) {
        let instance = self[reference]
        let reason = "marked \(state.rawValue) by \(actor)"
        if instance.state?.isActive == true {
            guard instance.endRequest != state.request else { return }
            request(state.request, of: reference, reason: reason, by: actor, at: now)
        } else if instance.state != state.taskState {
            change(reference, state.eventKind, at: now, reason: reason, actor: actor)
        }
    }

    /// Gives the whole run a verdict: what runs is ended first.
    ///
    /// A success makes every task a success; a failure fails what runs and skips what has not begun.
    mutating func markRun(_ state: MarkedState, by actor: String, at now: Date) {
        guard run.state.rawValue != state.rawValue else { return }
        switch state {
        case .success:
            for reference in references(where: { $0.state != .removed }) {
                mark(reference, as: .success, by: actor, at: now)
            }
        case .failed:
            if !run.state.isFinished {
                record(RunEvent(.runEnding, run: run.key, at: now, reason: Self.markedFailed, actor: actor))
            }
            for reference in references(where: { !$0.isFinished }) {
                if self[reference].state?.isActive == true {
                    mark(reference, as: .failed, by: actor, at: now)
                } else {
                    change(reference, .skipped, at: now, reason: Self.markedFailed, actor: actor)
                }
            }
        }
        // A run that is not under way gets its verdict here, since nothing will end in it.
        guard run.state != .running, active == 0 else { return }
        let kind: RunEvent.Kind = state == .success ? .runSucceeded : .runFailed
        let reason = state == .success ? "marked_success" : Self.markedFailed
        record(RunEvent(kind, run: run.key, at: now, reason: reason, actor: actor))
    }

    // MARK: Ending what runs

    mutating func request(
        _ request: EndRequest, of reference: InstanceRef, reason: String, by actor: String, at now: Date
    ) {
        let attempt = self[reference].attemptID
        change(
            reference, .endRequested, at: now, attempt: attempt, reason: reason,
            detail: ["request": .string(request.rawValue)], actor: actor)
        if let attempt { step.kills.append(AttemptKill(attempt, reason: reason)) }
    }

    /// Does what was asked for now that the attempt is dead.
    mutating func carryOut(
        _ request: EndRequest, _ reference: InstanceRef, _ facts: [String: JSONValue], at end: Date
    ) {
        let reason = self[reference].reason
        // What somebody asked for is known to them, though the scheduler carries it out.
        if request != .failFast { untold.insert(pending.events.count) }
        switch request {
        case .clear:
            reset(reference, reason: reason ?? "cleared", at: end)
            // A run that is ending starts nothing any more.
            if isEnding { change(reference, .skipped, at: end, reason: run.reason) }
        // A task that the DAG has again by now starts anew.
        case .remove where reason == Self.lostTask:
            reset(reference, reason: Self.returnedTask, at: end)
            if isEnding { change(reference, .skipped, at: end, reason: run.reason) }
        case .remove: change(reference, .removed, at: end, reason: reason, detail: facts)
        case .success: change(reference, .succeeded, at: end, reason: reason, detail: facts)
        case .failed, .failFast: change(reference, .failed, at: end, reason: reason, detail: facts)
        }
    }
}

/// The final states that people can give to runs and tasks.
public enum MarkedState: String, CaseIterable, Codable, Hashable, Sendable {
    case success, failed

    var taskState: TaskState { self == .success ? .success : .failed }
    var eventKind: RunEvent.Kind { self == .success ? .succeeded : .failed }
    var request: EndRequest { self == .success ? .success : .failed }
}

extension TaskInstance {
    /// The newest try as the history keeps it, once something else than its own end put an end to it.
    fileprivate func endedAttempt(reason: String, at end: Date) -> TaskInstance {
        guard state?.isActive == true || state?.isWaiting == true || endRequest != nil else { return self }
        var ended = self
        ended.state = .failed
        ended.attemptID = nil
        ended.endRequest = nil
        ended.awaits = nil
        ended.endDate = end
        ended.reason = reason
        return ended
    }
}

extension RunMachine {
    /// Ends a run whose DAG fails fast: what runs is ended and failed, what has not begun is skipped. Teardowns are
    /// left to do their work.
    mutating func failFast(after reference: InstanceRef, at now: Date) {
        guard spec.configuration.failsFast, spec.tasks[reference.task].kind != .teardown else { return }
        let reason = "fail_fast: task \(spec.tasks[reference.task].id) failed"
        for other in references(where: { !$0.isFinished }) where spec.tasks[other.task].kind != .teardown {
            if self[other].state?.isActive == true {
                guard self[other].endRequest == nil else { continue }
                request(.failFast, of: other, reason: reason, by: RunEvent.scheduler, at: now)
            } else {
                change(other, .skipped, at: now, reason: reason)
            }
        }
    }
}
