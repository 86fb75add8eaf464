public import FoundationEssentials

extension RunMachine {
    /// Takes what happened and says what follows.
    ///
    /// - Complexity: O(the downstream edges of the instances that change).
    public mutating func advance(_ event: Event, at now: Date) -> Step {
        step = Step()
        step.kills = lostAttempts
        lostAttempts = []
        missDeadlines(at: now)
        switch event {
        case .start: start(at: now)
        case .dispatched(let attempts):
            for (reference, attempt) in attempts { dispatch(reference, attempt, at: now) }
        case .finished(let outcome): finish(outcome, at: now)
        case .deferred(let references):
            for reference in references { beginDeferral(of: reference, at: now) }
        case .awaited(let reference, let awaited, let verdict):
            endDeferral(of: reference, awaited, verdict, at: now)
        case .resumed(let references): for reference in references { resume(reference, at: now) }
        case .tick: tick(at: now)
        case .past(let answers): take(answers, at: now)
        case .clear(let references, let actor): clear(references, by: actor, at: now)
        case .reprocess(let backfill, let actor): reprocess(for: backfill, by: actor, at: now)
        case .mark(let references, let state, let actor): mark(references, as: state, by: actor, at: now)
        case .markRun(let state, let actor): markRun(state, by: actor, at: now)
        }
        if spec.isStored {
            // What follows is for one who knows all of the DAG: the scheduler, which takes the run anew.
            queue.removeAll()
            instanceQueue.removeAll()
        } else {
            evaluateQueue(at: now)
            decideRun(at: now)
        }
        return step
    }

    private mutating func start(at now: Date) {
        if run.state == .queued { record(RunEvent(.runStarted, run: run.key, at: now)) }
        guard run.state == .running else { return }
        visits += 3 * nodes.count
        for task in spec.tasks where nodes[task.index].instances.contains(where: { $0.state == nil }) {
            queue.append(task.index)
        }
        for reference in waitingForSlot {
            step.ready.append(reference)
            let task = spec.tasks[reference.task]
            if asksAboutPast(task) { askAboutPast(task) }
        }
        // Who asked for the end of an attempt may be gone: its executor is told, perhaps again.
        for reference in references(where: { isEnding || $0.endRequest != nil }) {
            killAgain(self[reference])
        }
        for instance in displaced { killAgain(instance) }
    }

    private mutating func killAgain(_ instance: TaskInstance) {
        guard let attempt = instance.attemptID, !step.kills.contains(where: { $0.attempt == attempt }) else {
            return
        }
        let own = instance.endRequest == nil ? nil : instance.reason
        step.kills.append(AttemptKill(attempt, reason: own ?? endingReason))
    }

    private mutating func dispatch(_ reference: InstanceRef, _ attempt: AttemptID, at now: Date) {
        let instance = self[reference]
        guard instance.state == .scheduled else { return }
        if instance.tryNumber > 1 { pending.clearedOutputs.append(instance.key) }
        if spec.tasks[reference.task].skipRule != nil { forgetDecision(of: reference.task) }
        change(reference, .running, at: now, tryNumber: instance.tryNumber, attempt: attempt)
    }

    // MARK: Outcomes

    private mutating func finish(_ outcome: AttemptOutcome, at now: Date) {
        guard let reference = reference(to: outcome.key), self[reference].attemptID == outcome.attemptID,
            self[reference].state?.isActive == true
        else {
            if !finishDisplaced(outcome, at: now) { staleOutcomes += 1 }
            return
        }
        let end = max(outcome.endedAt, self[reference].startDate ?? outcome.endedAt)
        let facts = outcome.facts
        if let request = self[reference].endRequest {
            return carryOut(request, reference, facts, at: max(end, now))
        }
        if !outcome.rendered.isEmpty {
            pending.rendered.append(RenderedTemplates(task: outcome.key, fields: outcome.rendered))
        }
        switch outcome.verdict {
        case .success(let output):
            let decision: SkipDecision?
            do throws(SkipDecisionError) {
                decision = try skipDecision(of: spec.tasks[reference.task], output)
            } catch {
                return fail(
                    reference, reason: "\(error)", isRetryable: false, delay: nil, at: end, facts: facts)
            }
            if let problem = mappingProblem(spec.tasks[reference.task], output) {
                return fail(reference, reason: problem, isRetryable: false, delay: nil, at: end, facts: facts)
            }
            pending.outputs += outcome.pushed
            if let output {
                pending.outputs.append(XCom(task: outcome.key, key: XCom.returnValue, output: output))
                if outcome.key.mapIndex < 0, let count = output.count {
                    outputCounts[outcome.key.taskID] = count
                    resizeReaders(of: reference.task, at: end)
                }
            }
            succeed(reference, at: end, facts: facts, extras: outcome.assetExtras)
            if let decision { apply(decision, of: reference, at: end) }
        case .skipped(let reason):
            pending.outputs += outcome.pushed
            change(reference, .skipped, at: end, reason: reason, detail: facts)
        case .failed(let reason, let isRetryable, let delay):
            fail(reference, reason: reason, isRetryable: isRetryable, delay: delay, at: end, facts: facts)
        case .notStarted(let reason):
            change(reference, .requeued, at: now, reason: reason)
            step.ready.append(reference)
        case .waiting(let until, let reason):
            pause(reference, until: until, reason: reason, at: end, facts: facts)
        }
    }

    mutating func fail(
        _ reference: InstanceRef, reason: String, isRetryable: Bool, delay: Duration?, at end: Date,
        facts: [String: JSONValue]
    ) {
        let task = spec.tasks[reference.task]
        let instance = self[reference]
        guard isRetryable, !isEnding, instance.maxTries > 0, instance.tryNumber <= instance.maxTries else {
            change(reference, .failed, at: end, reason: reason, detail: facts)
            return failFast(after: reference, at: end)
        }
        let due =
            delay.map { end + $0.seconds }
            ?? task.retryPolicy.nextTry(
                after: RetryPolicy.Attempt(
                    dagID: run.dagID.rawValue, taskID: instance.taskID.rawValue,
                    logicalDate: run.logicalDate ?? run.runAfter, tryNumber: instance.tryNumber),
                failedAt: end)
        var detail = facts
        detail["next_try_at"] = .string(due.isoText)
        change(reference, .upForRetry, at: end, reason: reason, detail: detail)
        // As it is stored: the instant that was worked out has digits below a microsecond.
        if let stored = self[reference].nextTryAt { wakes.insert(Wake(at: stored, instance: reference)) }
    }

    // MARK: Time

    private mutating func tick(at now: Date) {
        guard run.state == .running else { return }
        if let limit = timeoutInstant, limit <= now { return timeOut(at: now) }
        while let wake = wakes.first, wake.at <= now {
            wakes.removeFirst()
            switch self[wake.instance].state {
            case .upForRetry where self[wake.instance].nextTryAt == wake.at:
                let task = spec.tasks[wake.instance.task]
                if asksAboutPast(task) { askAboutPast(task) } else { begin(wake.instance, at: now) }
            case .upForReschedule, .deferred: goOn(wake, at: now)
            default: break
            }
        }
    }

    /// Ends what runs and skips what does not; the run fails once nothing is left.
    private mutating func timeOut(at now: Date) {
        record(RunEvent(.runEnding, run: run.key, at: now, reason: Self.timedOut))
        visits += nodes.count
        for reference in references(where: { !$0.isFinished }) {
            if let attempt = self[reference].attemptID {
                step.kills.append(AttemptKill(attempt, reason: endingReason))
            } else {
                change(reference, .skipped, at: now, reason: Self.timedOut)
            }
        }
    }

    // MARK: Dependencies

    /// Decides about the tasks of the queue until nothing follows any more; a task that is settled queues its
    /// downstream tasks.
    private mutating func evaluateQueue(at now: Date) {
        guard run.state == .running else {
            queue.removeAll()
            return instanceQueue.removeAll()
        }
        var next = 0
        var nextInstance = 0
        while next < queue.count || nextInstance < instanceQueue.count {
            if next < queue.count {
                evaluate(queue[next], at: now)
                next += 1
            } else {
                evaluate(instanceQueue[nextInstance], at: now)
                nextInstance += 1
            }
        }
        queue.removeAll(keepingCapacity: true)
        instanceQueue.removeAll(keepingCapacity: true)
    }

    mutating func evaluate(_ index: Int, at now: Date) {
        if let decider = skipDecider(of: index) { return skip(index, by: decider, at: now) }
        if !nodes[index].isExpanded {
            guard nodes[index].instances[0].state == nil else { return }
            guard expandIfReady(spec.tasks[index], at: now) else { return }
        }
        for position in nodes[index].instances.indices {
            evaluate(InstanceRef(task: index, instance: position), at: now)
        }
    }

    private mutating func evaluate(_ reference: InstanceRef, at now: Date) {
        visits += 1
        let task = spec.tasks[reference.task]
        guard nodes[task.index].instances.indices.contains(reference.instance), self[reference].state == nil,
            nodes[task.index].isExpanded
        else { return }
        switch decision(reference) {
        case .wait: break
        case .settle(let state): settle(reference, state, at: now)
        case .run where asksAboutPast(task): askAboutPast(task)
        case .run: begin(reference, at: now)
        }
    }

    /// Begins the next try of an instance that nothing holds up any more.
    mutating func begin(_ reference: InstanceRef, at now: Date) {
        if spec.tasks[reference.task].isEmpty { return complete(reference, at: now) }
        if self[reference].state == .upForRetry { pending.history.append(self[reference]) }
        change(reference, .scheduled, at: now, tryNumber: self[reference].tryNumber + 1)
        step.ready.append(reference)
    }

    /// What the trigger rule makes of an instance, or of a mapped task that has none yet.
    func decision(_ reference: InstanceRef) -> TriggerDecision {
        let task = spec.tasks[reference.task]
        let node = nodes[reference.task]
        let mapIndex = node.instances[reference.instance].mapIndex
        var (tally, setups) = (node.tally, node.setups)
        if node.aligned.indices.contains(reference.instance) {
            tally += node.aligned[reference.instance].tally
            setups += node.aligned[reference.instance].setups
        }
        return task.triggerRule.decide(
            tally, indirectSetups: setups, isTeardown: task.kind == .teardown,
            mapIndex: mapIndex < 0 ? nil : mapIndex)
    }

    mutating func settle(_ reference: InstanceRef, _ state: TaskState, at now: Date) {
        let task = spec.tasks[reference.task]
        if state == .skipped, asksBeforeSkipping(task) { return askAboutPast(task) }
        let kind: RunEvent.Kind =
            switch state {
            case .upstreamFailed: .upstreamFailed
            case .removed: .removed
            default: .skipped
            }
        change(
            reference, kind, at: now,
            reason: "trigger rule \(spec.tasks[reference.task].triggerRule.rawValue)")
    }

    /// An empty task has nothing to run: it is done in the commit that makes it ready.
    private mutating func complete(_ reference: InstanceRef, at now: Date) {
        succeed(reference, at: now, tryNumber: 1)
        if spec.tasks[reference.task].skipRule == .latestOnly {
            let skipped = isLatest(at: now) ? [] : spec.tasks[reference.task].downstream
            apply(
                SkipDecision(skipped: skipped.filter { spec.tasks[$0].kind != .teardown }), of: reference,
                at: now)
        }
    }

    // MARK: The verdict

    private mutating func decideRun(at now: Date) {
        guard run.state == .running else { return }
        if unfinished > 0 {
            if active == 0, !isEnding, !isHeldByPast(at: now) {
                record(RunEvent(.runFailed, run: run.key, at: now, reason: Self.deadlocked))
            }
            return
        }
        visits += nodes.count
        let verdict = verdict
        record(
            RunEvent(
                verdict.state == .success ? .runSucceeded : .runFailed, run: run.key, at: now,
                reason: verdict.reason))
    }

    /// What the states of the tasks make of the run once all have finished.
    var verdict: (state: RunState, reason: String?) {
        if isEnding { return (.failed, run.reason) }
        // Where the first failure ends the run, what was skipped for it does not make it a success.
        let deciders =
            spec.configuration.failsFast
            ? spec.tasks.filter { !$0.isIgnoredByVerdict }.map(\.index) : spec.verdictLeaves
        let leaves = deciders.flatMap { nodes[$0].instances }.filter { $0.state != .removed }
        let hasFailure = leaves.contains { $0.state == .failed || $0.state == .upstreamFailed }
        return hasFailure ? (.failed, failureReason) : (.success, nil)
    }

    /// The first task that failed by itself, for the run's reason.
    private var failureReason: String {
        for task in spec.tasks where nodes[task.index].instances.contains(where: { $0.state == .failed }) {
            return "task \(task.id) failed"
        }
        return "task_failure"
    }
}

extension AttemptOutcome {
    /// What the event of the outcome tells besides its state.
    var facts: [String: JSONValue] {
        var facts: [String: JSONValue] = [:]
        if let mapName { facts["map_name"] = .string(mapName) }
        if let pokeCount { facts["poke_count"] = .integer(Int64(pokeCount)) }
        if let processID { facts["pid"] = .integer(Int64(processID)) }
        if let hostname { facts["hostname"] = .string(hostname) }
        if let usage { facts["usage"] = usage.json }
        return facts
    }
}
