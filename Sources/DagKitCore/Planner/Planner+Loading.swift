public import FoundationEssentials

extension Planner {
    /// Sets the DAGs that runs may follow; those that are gone keep their open runs until they are known again.
    ///
    /// - Parameters:
    ///   - settings: What a deployment sets for the tasks of a DAG (`section.key`).
    ///   - paused: The DAGs that start nothing.
    ///   - failuresInARow: How many of the newest runs of a DAG failed, for those that are new to the planner.
    ///   - lastIntervals: The newest scheduled data interval of each DAG, for those that are new to the planner.
    public mutating func setDAGs(
        _ specs: [DAGSpec], settings: [DAGID: [String: String]] = [:], paused: Set<DAGID>,
        lastIntervals: [DAGID: DataInterval], failuresInARow: [DAGID: Int] = [:], at now: Date
    ) {
        var kept: [DAGID: Entry] = [:]
        var newcomers: Set<DAGID> = []
        for spec in specs {
            var entry = Entry(
                spec: spec, settings: settings[spec.id] ?? [:], isPaused: paused.contains(spec.id),
                activeSince: now)
            if let known = dags[spec.id] {
                entry.isPaused = known.isPaused
                entry.lastInterval = known.lastInterval
                entry.activeSince = known.activeSince
                entry.activeRuns = known.activeRuns
                entry.queuedRuns = known.queuedRuns
                entry.runningTasks = known.runningTasks
                entry.failuresInARow = known.failuresInARow
                entry.assetWait = known.assetWait
            } else {
                entry.lastInterval = lastIntervals[spec.id]
                entry.failuresInARow = failuresInARow[spec.id] ?? 0
                newcomers.insert(spec.id)
            }
            kept[spec.id] = entry
        }
        dags = kept
        countOpenRuns(of: newcomers)
        assetDAGs = specs.filter { $0.configuration.schedule.assetCondition != nil }.map(\.id)
        dueByAssets.formIntersection(assetDAGs)
        dueBackfills.formUnion(backfills.keys)
        for spec in specs {
            planNext(spec.id, at: now)
            dueDAGs.insert(spec.id)
            waitingDAGs.insert(spec.id)
        }
        setPaused(paused, at: now)
        for id in newcomers where !paused.contains(id) { unblock(.pause(id), all: true) }
        tryLimitsAgain()
    }

    /// Counts the open runs of DAGs that were gone for a while.
    private mutating func countOpenRuns(of newcomers: Set<DAGID>) {
        guard !newcomers.isEmpty, !running.isEmpty || machines.count > 0 else { return }
        for run in machines.values.map(\.run) where newcomers.contains(run.dagID) {
            if adoptIntoBackfill(run) { continue }
            dags[run.dagID]?.activeRuns.insert(run.key)
            guard run.state == .queued else { continue }
            dags[run.dagID]?.queuedRuns.insert(QueuedRun(runAfter: run.runAfter, key: run.key))
        }
        for run in aside where newcomers.contains(run.dagID) { dags[run.dagID]?.activeRuns.insert(run) }
        for slot in running.values {
            if newcomers.contains(slot.run.dagID) { dags[slot.run.dagID]?.runningTasks += 1 }
        }
    }

    /// Lets what a limit of a DAG or a task held back try again, as the limits may be others now.
    private mutating func tryLimitsAgain() {
        for obstacle in blocked.keys {
            switch obstacle {
            case .dag, .task, .taskOfRun: unblock(obstacle, all: true)
            case .pool, .pause, .past: continue
            }
        }
    }

    /// The open runs that follow another structure than their DAG has now: they are to be taken anew from the store.
    package var runsOfOtherStructure: [RunKey] {
        machines.values.filter { machine in
            dags[machine.run.dagID].map { $0.spec.structureHash != machine.spec.structureHash } ?? false
        }.map(\.run.key)
    }

    /// The attempts that the next step ends.
    package var killsAhead: Set<AttemptID> { Set(pending.kills.map(\.attempt)) }

    /// Sets which DAGs are paused; what an unpaused DAG held back goes on.
    public mutating func setPaused(_ paused: Set<DAGID>, at now: Date) {
        let changed = dags.filter { id, entry in entry.isPaused != paused.contains(id) }.keys
        for id in changed.sorted() {
            dags[id]?.isPaused = paused.contains(id)
            touched.formUnion(dags[id]?.activeRuns ?? [])
            guard !paused.contains(id) else { continue }
            dags[id]?.activeSince = now
            planNext(id, at: now)
            unblock(.pause(id), all: true)
            dueDAGs.insert(id)
            waitingDAGs.insert(id)
        }
    }

    /// Sets the pools; what waited for one tries again.
    public mutating func setPools(_ pools: [Pool]) {
        var uses: [String: PoolUse] = [:]
        for pool in pools {
            let known = self.pools[pool.name]
            uses[pool.name] = PoolUse(
                pool: pool, occupied: known?.occupied ?? 0, deferred: known?.deferred ?? 0)
        }
        self.pools = uses
        for case .pool(let name, let slots) in blocked.keys { unblock(.pool(name, slots: slots), all: true) }
    }

    /// Takes a run as the store holds it, in place of what the planner knows of it.
    ///
    /// Its attempts count as running until ``reconcile(alive:at:)`` or an outcome says otherwise. A run of a DAG that
    /// is not known is left alone but for that.
    public mutating func adopt(_ snapshot: RunSnapshot, at now: Date) { adopt(snapshot, after: nil, at: now) }

    /// Takes a run as the store holds it, which may not have got a shift of the clock yet.
    package mutating func adopt(_ snapshot: RunSnapshot, after shift: ClockShift?, at now: Date) {
        let key = snapshot.run.key
        forget(key)
        guard let spec = dags[key.dagID]?.spec else { return setAside(snapshot) }
        noteInRow(snapshot.run, at: now)
        askFollowers(of: key, at: now)
        if snapshot.run.state.isFinished { return }
        let machine = RunMachine(snapshot, of: spec, at: now)
        follow(machine)
        let isQueued = snapshot.run.state == .queued
        if !adoptIntoBackfill(snapshot.run) {
            dags[key.dagID]?.activeRuns.insert(key)
            if isQueued {
                dags[key.dagID]?.queuedRuns.insert(QueuedRun(runAfter: snapshot.run.runAfter, key: key))
                waitingDAGs.insert(key.dagID)
            }
        }
        for reference in machine.running {
            occupy(machine[reference], limits: limits(of: reference, in: key))
        }
        for instance in machine.displaced { occupy(instance) }
        for reference in machine.deferred { noteWait(of: reference, of: key, isOver: false) }
        if let shift, shift.isMissing(in: snapshot.run) { self.shift(key, by: shift.by, at: now) }
        bringBack(key, at: now)
        if isQueued {
            touched.insert(key)
        } else {
            advance(key, .start, at: now)
        }
        setAlarm(of: key)
    }

    /// Follows a run from now on. What stood in line for a run of that key before is no matter of this one.
    mutating func follow(_ machine: RunMachine) {
        machines.insert(machine)
        floors[machine.run.key] = ordinal
    }

    mutating func occupy(_ instance: TaskInstance, limits: [(Obstacle, Int)] = []) {
        guard let attempt = instance.attemptID, running[attempt] == nil else { return }
        occupy(attempt, instance, limits: limits.map(\.0))
    }

    /// Counts an attempt against the pool, the DAG and the limits of its task.
    mutating func occupy(_ attempt: AttemptID, _ instance: TaskInstance, limits: [Obstacle]) {
        for limit in limits { occupied[limit, default: 0] += 1 }
        running[attempt] = Slot(instance, limits: limits)
        pools[instance.pool]?.occupied += instance.poolSlots
        dags[instance.key.run.dagID]?.runningTasks += 1
    }
}
