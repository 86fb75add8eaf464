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
            createAssetRuns(at: now)
            startQueuedRuns(at: now)
            runBackfills(at: now)
            // A turn that is passed on may come to one for whom the scheduler waits itself.
            repeat {
                beginDeferrals(at: now)
                fillSlots(at: now)
            } while !deferrable.isEmpty
        }
        return takeStep(at: now, explainsQueue: startsWork)
    }

    private mutating func expireDeadlines(at now: Date) {
        while let deadline = deadlines.first, deadline.at <= now {
            deadlines.removeFirst()
            switch deadline.subject {
            case .run(let key):
                guard alarms[key] == deadline.at else { continue }
                alarms[key] = nil
                advance(key, .tick, at: now)
            case .schedule(let id):
                dueDAGs.insert(id)
                waitingDAGs.insert(id)
            }
        }
    }

    // MARK: Runs

    private mutating func createDueRuns(at now: Date) {
        for id in dueDAGs.sorted() {
            if let entry = dags[id], entry.isPlannedWhenDue(at: now) { planNext(id, at: now) }
            while let entry = dags[id], !entry.isPaused, let next = entry.next, next.runAfter <= now,
                entry.activeRuns.count < entry.maxActiveRuns
            {
                // A clock that was set back comes to the same interval again.
                let run = DAGRun.scheduled(entry.spec, next, at: now)
                if !machines.contains(run.key) { create(run, of: entry.spec) }
                dags[id]?.lastInterval = next.dataInterval
                planNext(id, at: now)
            }
            if let entry = dags[id], let next = entry.next, next.runAfter > now {
                deadlines.insert(Deadline(at: next.runAfter, subject: .schedule(id)))
            }
        }
        dueDAGs.removeAll()
    }

    mutating func create(_ run: DAGRun, of spec: DAGSpec, consuming consumption: AssetConsumption? = nil) {
        follow(RunMachine(creating: run, of: spec, consuming: consumption))
        dags[run.dagID]?.activeRuns.insert(run.key)
        dags[run.dagID]?.queuedRuns.insert(QueuedRun(runAfter: run.runAfter, key: run.key))
        noteInRow(run, at: run.queuedAt)
        touched.insert(run.key)
        waitingDAGs.insert(run.dagID)
    }

    /// Works out the next scheduled run of a DAG.
    mutating func planNext(_ id: DAGID, at now: Date) {
        guard let entry = dags[id] else { return }
        var next = entry.spec.schedule.plan(
            after: entry.lastInterval, now: now, activeSince: entry.activeSince, limit: 0
        ).next
        if let last = entry.lastInterval, let planned = next, planned.logicalDate <= last.start {
            // A timetable that goes by the clock stands still with it, and goes back with it: the planner does not.
            let soonest = Date(microseconds: last.start.microsecondsSinceEpoch + 1)
            let start = max(last.end, planned.dataInterval.end, soonest)
            next = PlannedRun(dataInterval: DataInterval(exactly: start), runAfter: start)
        }
        let pause = entry.spec.schedule.timetable.minimumPause
        if pause > .zero, let last = entry.lastInterval, let planned = next {
            let soonest = max(planned.runAfter, last.end + pause.seconds)
            next = PlannedRun(dataInterval: planned.dataInterval, runAfter: soonest)
        }
        guard next != entry.next else { return }
        dags[id]?.next = next
        pending.nextRuns[id] = .some(next)
    }

    private mutating func startQueuedRuns(at now: Date) {
        for id in waitingDAGs.sorted() {
            guard let entry = dags[id], !entry.isPaused else { continue }
            var started = entry.activeRuns.count - entry.queuedRuns.count
            while started < entry.maxActiveRuns,
                // A run is created when it is due: whatever the clock shows since, it may start.
                let queued = dags[id]?.queuedRuns.removeFirst()
            {
                started += 1
                advance(queued.key, .start, at: now)
            }
        }
        waitingDAGs.removeAll()
    }

    // MARK: Slots

    private mutating func fillSlots(at now: Date) {
        while running.count < parallelism, !tokens.isEmpty, let candidate = ready.removeFirst() {
            consideredCandidates += 1
            guard let instance = instance(of: candidate) else {
                // Its turn goes to the next one of its DAG, and to the next that waits for the same.
                unblock(.dag(candidate.run.dagID), all: false)
                passOn(candidate, blockedBy: nil)
                continue
            }
            if let obstacle = obstacle(to: instance, candidate) {
                switch obstacle {
                case .dag, .pause: break
                default: unblock(.dag(candidate.run.dagID), all: false)
                }
                hold(candidate, by: obstacle, at: now)
                continue
            }
            let attempt = tokens.removeLast()
            let limits = limits(of: candidate.reference, in: candidate.run).map(\.0)
            occupy(attempt, instance, limits: limits)
            advance(candidate.run, .dispatched([(candidate.reference, attempt)]), at: now)
            order(attempt, candidate.reference, of: candidate.run)
            passOn(candidate, blockedBy: nil)
        }
    }

    /// Lets a candidate wait for an obstacle, with a reason where there are words for it.
    mutating func hold(_ candidate: Candidate, by obstacle: Obstacle, at now: Date) {
        if let reason = reason(of: obstacle) {
            machines.update(candidate.run) { $0.explainWait(candidate.reference, reason: reason, at: now) }
            touched.insert(candidate.run)
        }
        blocked[obstacle, default: Heap()].insert(candidate)
        if case .pool(let name, let slots) = obstacle { wantedSlots[name, default: []].insert(slots) }
        passOn(candidate, blockedBy: obstacle)
    }

    /// Gives the turn of a candidate to the next that waits for what it waited for, unless it has to go on waiting for
    /// that: then there is none for anybody.
    mutating func passOn(_ candidate: Candidate, blockedBy obstacle: Obstacle?) {
        guard let origin = candidate.origin, origin != obstacle else { return }
        unblock(origin, all: false)
    }

    /// The instance that a candidate stands for; `nil` if it waits no longer, or if its run was taken anew since.
    func instance(of candidate: Candidate) -> TaskInstance? {
        if let floor = floors[candidate.run], candidate.ordinal <= floor { return nil }
        guard let instance = machines.read(candidate.run, { $0[candidate.reference] }),
            instance.state == .scheduled
        else { return nil }
        return instance
    }

    private func obstacle(to instance: TaskInstance, _ candidate: Candidate) -> Obstacle? {
        let id = instance.key.run.dagID
        // A backfill goes on while its DAG is paused.
        guard let entry = dags[id], !entry.isPaused || backfill(of: candidate.run) != nil else {
            return .pause(id)
        }
        if pasts[candidate.run]?.holds(candidate.reference.task) == true {
            return .past(candidate.run, candidate.reference.task)
        }
        if entry.runningTasks >= entry.spec.configuration.maxActiveTasks { return .dag(id) }
        guard let use = pools[instance.pool], use.admits(instance.poolSlots) else {
            return .pool(instance.pool, slots: instance.poolSlots)
        }
        return limits(of: candidate.reference, in: candidate.run).first {
            occupied[$0.0, default: 0] >= $0.1
        }?.0
    }

    /// What a candidate waits for, in words; `nil` where that is not known yet.
    func reason(of obstacle: Obstacle) -> String? {
        switch obstacle {
        case .pool(let name, _):
            pools[name].map { "waits for a slot of pool \(name) (\($0.pool.slots) slots)" }
                ?? "pool \(name) does not exist"
        case .dag(let id):
            "waits for a slot of dag \(id) (max_active_tasks \(dags[id]?.spec.configuration.maxActiveTasks ?? 0))"
        case .pause(let id): "dag \(id) is paused"
        case .task(_, let id): "waits for another instance of task \(id) to end (max_active_tis_per_dag)"
        case .taskOfRun(_, let id):
            "waits for another instance of task \(id) in its run to end (max_active_tis_per_dagrun)"
        case .past(let run, let task): pasts[run]?.obstacles[task]?.reason
        }
    }

    private mutating func order(_ attempt: AttemptID, _ reference: InstanceRef, of run: RunKey) {
        let settings = dags[run.dagID]?.settings ?? [:]
        guard let order = machines.read(run, { $0.order(attempt, reference, settings: settings) }) else {
            return
        }
        pending.orders.append(order)
    }

    // MARK: Handing over

    private mutating func takeStep(at now: Date, explainsQueue: Bool) -> Step {
        var step = Step()
        for key in touched.sorted() {
            if explainsQueue, machines.read(key, { $0.run.state }) == .queued {
                let reason = queueReason(of: key)
                machines.update(key) { $0.explainWait(reason: reason, at: now) }
            }
            guard var batch = machines.update(key, { $0.takeBatch() }) ?? nil else {
                // A deadline that came to nothing may have hidden another one.
                setAlarm(of: key)
                continue
            }
            tellWaiters(of: batch)
            askFollowers(of: batch)
            defer { step.batches.append(batch) }
            if batch.updatedRun.state.isFinished {
                batch.pausesDAG = pauses(batch.updatedRun)
                close(batch.updatedRun)
            } else {
                setAlarm(of: key)
            }
        }
        touched.removeAll()
        pending.looks = takeLooks()
        step.effects = pending
        pending = Effects()
        return step
    }

    /// Lets a run be looked at when it next wants to be.
    mutating func setAlarm(of run: RunKey) {
        guard let instant = machines.read(run, { $0.nextDeadline }) ?? nil,
            alarms[run].map({ instant < $0 }) ?? true
        else {
            return
        }
        alarms[run] = instant
        deadlines.insert(Deadline(at: instant, subject: .run(run)))
    }

    /// Why a run that may not start yet waits.
    private func queueReason(of key: RunKey) -> String {
        guard let entry = dags[key.dagID] else { return "" }
        if let backfill = backfill(of: key) { return backfill.waitReason }
        if entry.isPaused { return "dag \(key.dagID) is paused" }
        return "waits for other runs of dag \(key.dagID) to end (max_active_runs \(entry.maxActiveRuns))"
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
        machines.remove(run.key)
        floors[run.key] = nil
        alarms[run.key] = nil
        forgetPast(of: run.key)
        leaveToStore(run.key)
        dags[run.dagID]?.activeRuns.remove(run.key)
        if run.backfillID != nil { leaveBackfill(run.key) }
        dueDAGs.insert(run.dagID)
        waitingDAGs.insert(run.dagID)
    }

    /// Whether ``step(at:)`` has something to do at once, since a run ended and another one may start.
    public var hasMoreToDo: Bool {
        !dueDAGs.isEmpty || !waitingDAGs.isEmpty || !touched.isEmpty || !asking.isEmpty
            || !dueBackfills.isEmpty
    }
}

extension RunMachine {
    /// What the executor is told of an attempt at an instance.
    fileprivate func order(
        _ attempt: AttemptID, _ reference: InstanceRef, settings: [String: String]
    ) -> AttemptOrder {
        AttemptOrder(
            attemptID: attempt, instance: self[reference], run: run, task: spec.tasks[reference.task],
            params: spec.configuration.params.merging(run.conf), settings: settings)
    }
}

extension JSONValue {
    /// The members of both objects, those of `other` over these.
    package func merging(_ other: JSONValue) -> JSONValue {
        guard case .object(let base) = self, case .object(let over) = other else { return self }
        return .object(base.merging(over) { $1 })
    }
}
