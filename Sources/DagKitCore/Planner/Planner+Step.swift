public import FoundationEssentials

extension Planner {
    /// Decides all that is due at `now`.
    ///
    /// - Parameter startsWork: Whether runs and attempts may begin; what happened already is decided in any case.
    /// - Returns: What to commit and, after that, to do.
    public mutating func step(at now: Date, startsWork: Bool = true) -> Step {
        if startsWork {
            expireDeadlines(at: now)
            createDueRuns(at: now)
            startQueuedRuns(at: now)
            fillSlots(at: now)
        }
        return takeStep(at: now)
    }

    private mutating func expireDeadlines(at now: Date) {
        while let deadline = deadlines.first, deadline.at <= now {
            deadlines.removeFirst()
            switch deadline.subject {
            case .run(let key): advance(key, .tick, at: now)
            case .schedule(let id): dueDAGs.insert(id)
            }
        }
    }

    // MARK: Runs

    private mutating func createDueRuns(at now: Date) {
        for id in dueDAGs.sorted() {
            while let entry = dags[id], !entry.isPaused, let next = entry.next, next.runAfter <= now,
                entry.activeRuns.count < entry.maxActiveRuns
            {
                create(.scheduled(entry.spec, next, at: now), of: entry.spec)
                dags[id]?.lastInterval = next.dataInterval
                planNext(id, at: now)
            }
            if let entry = dags[id], let next = entry.next, next.runAfter > now {
                deadlines.insert(Deadline(at: next.runAfter, subject: .schedule(id)))
            }
        }
        dueDAGs.removeAll()
    }

    private mutating func create(_ run: DAGRun, of spec: DAGSpec) {
        machines[run.key] = RunMachine(creating: run, of: spec)
        dags[run.dagID]?.activeRuns.insert(run.key)
        dags[run.dagID]?.queuedRuns.insert(QueuedRun(runAfter: run.runAfter, key: run.key))
        touched.insert(run.key)
        waitingDAGs.insert(run.dagID)
    }

    /// Works out the next scheduled run of a DAG.
    mutating func planNext(_ id: DAGID, at now: Date) {
        guard let entry = dags[id] else { return }
        let next = entry.spec.schedule.plan(
            after: entry.lastInterval, now: now, activeSince: entry.activeSince, limit: 0
        ).next
        guard next != entry.next else { return }
        dags[id]?.next = next
        pending.nextRuns[id] = .some(next)
    }

    private mutating func startQueuedRuns(at now: Date) {
        for id in waitingDAGs.sorted() {
            guard let entry = dags[id], !entry.isPaused else { continue }
            var started = entry.activeRuns.count - entry.queuedRuns.count
            while started < entry.maxActiveRuns,
                let queued = dags[id]?.queuedRuns.first, queued.runAfter <= now
            {
                dags[id]?.queuedRuns.removeFirst()
                started += 1
                advance(queued.key, .start, at: now)
            }
            if let queued = dags[id]?.queuedRuns.first, queued.runAfter > now {
                deadlines.insert(Deadline(at: queued.runAfter, subject: .schedule(id)))
            }
        }
        waitingDAGs.removeAll()
    }

    // MARK: Slots

    private mutating func fillSlots(at now: Date) {
        var chosen: [(run: RunKey, reference: InstanceRef, attempt: AttemptID)] = []
        while running.count < parallelism, !tokens.isEmpty, let candidate = ready.removeFirst() {
            // The instance alone is read out: a copy of the machine would make the next change copy all of it.
            guard let instance = machines[candidate.run]?[candidate.reference], instance.state == .scheduled
            else { continue }
            if let obstacle = obstacle(to: instance) {
                let reason = reason(of: obstacle)
                machines[candidate.run]?.explainWait(candidate.reference, reason: reason)
                touched.insert(candidate.run)
                blocked[obstacle, default: Heap()].insert(candidate)
                continue
            }
            let attempt = tokens.removeLast()
            occupy(attempt, candidate, instance)
            chosen.append((candidate.run, candidate.reference, attempt))
        }
        var attempts: [RunKey: [(InstanceRef, AttemptID)]] = [:]
        for (run, reference, attempt) in chosen { attempts[run, default: []].append((reference, attempt)) }
        for (run, attempts) in attempts { advance(run, .dispatched(attempts), at: now) }
        for (run, reference, attempt) in chosen { order(attempt, reference, of: run) }
    }

    private func obstacle(to instance: TaskInstance) -> Obstacle? {
        let id = instance.key.run.dagID
        guard let entry = dags[id], !entry.isPaused else { return .pause(id) }
        if entry.runningTasks >= entry.spec.configuration.maxActiveTasks { return .dag(id) }
        guard let use = pools[instance.pool], use.pool.admits(instance.poolSlots, occupied: use.occupied)
        else {
            return .pool(instance.pool)
        }
        return nil
    }

    private func reason(of obstacle: Obstacle) -> String {
        switch obstacle {
        case .pool(let name):
            pools[name].map { "waits for a slot of pool \(name) (\($0.pool.slots) slots)" }
                ?? "pool \(name) does not exist"
        case .dag(let id):
            "waits for a slot of dag \(id) (max_active_tasks \(dags[id]?.spec.configuration.maxActiveTasks ?? 0))"
        case .pause(let id): "dag \(id) is paused"
        }
    }

    private mutating func occupy(_ attempt: AttemptID, _ candidate: Candidate, _ instance: TaskInstance) {
        running[attempt] = Slot(
            run: candidate.run, reference: candidate.reference, pool: instance.pool,
            poolSlots: instance.poolSlots)
        pools[instance.pool]?.occupied += instance.poolSlots
        dags[candidate.run.dagID]?.runningTasks += 1
    }

    private mutating func order(_ attempt: AttemptID, _ reference: InstanceRef, of run: RunKey) {
        guard let machine = machines[run] else { return }
        pending.orders.append(
            AttemptOrder(
                attemptID: attempt, instance: machine[reference], run: machine.run,
                task: machine.spec.tasks[reference.task],
                params: machine.spec.configuration.params.merging(machine.run.conf),
                settings: dags[run.dagID]?.settings ?? [:]))
    }

    // MARK: Handing over

    private mutating func takeStep(at now: Date) -> Step {
        var step = Step()
        for key in touched.sorted() {
            guard var batch = machines[key]?.takeBatch() else { continue }
            defer { step.batches.append(batch) }
            if batch.updatedRun.state.isFinished {
                batch.pausesDAG = pauses(batch.updatedRun)
                close(batch.updatedRun)
            } else if let deadline = machines[key]?.nextDeadline {
                deadlines.insert(Deadline(at: deadline, subject: .run(key)))
            }
        }
        touched.removeAll()
        step.effects = pending
        pending = Effects()
        return step
    }

    /// Counts the verdict on a run; true if its DAG pauses, since too many of its runs failed in a row.
    private mutating func pauses(_ run: DAGRun) -> Bool {
        guard let entry = dags[run.dagID] else { return false }
        let count = run.state == .failed ? entry.failuresInARow + 1 : 0
        dags[run.dagID]?.failuresInARow = count
        guard let limit = entry.spec.configuration.maxConsecutiveFailedRuns, count >= limit, !entry.isPaused
        else { return false }
        dags[run.dagID]?.isPaused = true
        pending.pausedDAGs.append(run.dagID)
        return true
    }

    private mutating func close(_ run: DAGRun) {
        pending.finishedRuns.append(run)
        machines[run.key] = nil
        dags[run.dagID]?.activeRuns.remove(run.key)
        dueDAGs.insert(run.dagID)
        waitingDAGs.insert(run.dagID)
    }

    /// Whether ``step(at:)`` has something to do at once, since a run ended and another one may start.
    public var hasMoreToDo: Bool { !dueDAGs.isEmpty || !waitingDAGs.isEmpty || !touched.isEmpty }
}

extension JSONValue {
    /// The members of both objects, those of `other` over these.
    package func merging(_ other: JSONValue) -> JSONValue {
        guard case .object(let base) = self, case .object(let over) = other else { return self }
        return .object(base.merging(over) { $1 })
    }
}
