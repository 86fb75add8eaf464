package import FoundationEssentials

// The instances that the scheduler waits for. They cost nothing while nothing changes: an instant is the deadline of its
// run, and who waits for another run is found by that run's DAG and logical date when it changes.

extension Planner {
    /// An instance that the scheduler waits for.
    package struct Waiter: Hashable, Comparable, Sendable {
        package let run: RunKey
        package let reference: InstanceRef

        package static func < (left: Waiter, right: Waiter) -> Bool {
            (left.run, left.reference) < (right.run, right.reference)
        }
    }

    /// What a deferred instance holds of its pool, and what it waits for.
    struct Deferred: Sendable {
        let pool: String
        let poolSlots: Int
        let awaited: Awaited?
    }

    /// A wait of which the store is to be asked.
    package struct Look: Sendable {
        package let waiter: Waiter
        package let wait: ExternalWait
    }

    // MARK: Beginning and ending

    /// Waits in the place of the instances that allow it: only a pause of their DAG, or a pool that counts deferred
    /// instances, holds them back.
    mutating func beginDeferrals(at now: Date) {
        while let candidate = deferrable.removeFirst() {
            guard let instance = instance(of: candidate) else {
                passOn(candidate, blockedBy: nil)
                continue
            }
            if let obstacle = obstacle(toDeferring: instance, candidate) {
                hold(candidate, by: obstacle, at: now)
                continue
            }
            advance(candidate.run, .deferred([candidate.reference]), at: now)
            passOn(candidate, blockedBy: nil)
        }
    }

    private func obstacle(toDeferring instance: TaskInstance, _ candidate: Candidate) -> Obstacle? {
        let id = instance.key.run.dagID
        guard let entry = dags[id], !entry.isPaused else { return .pause(id) }
        if pasts[candidate.run]?.holds(candidate.reference.task) == true {
            return .past(candidate.run, candidate.reference.task)
        }
        let isShort =
            pools[instance.pool].map { $0.pool.includesDeferred && !$0.admits(instance.poolSlots) } ?? true
        return isShort ? .pool(instance.pool, slots: instance.poolSlots) : nil
    }

    /// Takes note that an instance begins to wait, or no longer waits.
    mutating func noteWait(of reference: InstanceRef, of run: RunKey, isOver: Bool) {
        let waiter = Waiter(run: run, reference: reference)
        if isOver { return forgetWait(of: waiter) }
        guard let instance = machines[run]?[reference], instance.state == .deferred, deferred[waiter] == nil
        else { return }
        deferred[waiter] = Deferred(
            pool: instance.pool, poolSlots: instance.poolSlots, awaited: instance.awaits)
        pools[instance.pool]?.deferred += instance.poolSlots
        guard case .runs(let wait) = instance.awaits else { return }
        for date in wait.logicalDates { waiters[wait.dagID, default: [:]][date, default: []].insert(waiter) }
        lookers.insert(waiter)
    }

    private mutating func forgetWait(of waiter: Waiter) {
        lookers.remove(waiter)
        guard let wait = deferred.removeValue(forKey: waiter) else { return }
        pools[wait.pool]?.deferred -= wait.poolSlots
        if pools[wait.pool]?.pool.includesDeferred == true { unblockPool(wait.pool) }
        guard case .runs(let wait) = wait.awaited else { return }
        for date in wait.logicalDates {
            waiters[wait.dagID]?[date]?.remove(waiter)
            if waiters[wait.dagID]?[date]?.isEmpty == true { waiters[wait.dagID]?[date] = nil }
        }
        if waiters[wait.dagID]?.isEmpty == true { waiters[wait.dagID] = nil }
    }

    /// Drops the waits of a run that is taken anew.
    mutating func forgetWaits(of run: RunKey) {
        guard !deferred.isEmpty, let references = machines[run]?.deferred else { return }
        for reference in references { forgetWait(of: Waiter(run: run, reference: reference)) }
    }

    // MARK: Waiting for runs

    /// Lets those look again who wait for what a batch changes.
    mutating func tellWaiters(of batch: RunBatch) {
        guard let dates = waiters[batch.run.dagID], let date = batch.updatedRun.logicalDate,
            let found = dates[date]
        else { return }
        for waiter in found where mayDepend(waiter, on: batch.events) { lookers.insert(waiter) }
    }

    /// Lets those look again who wait for runs that somebody else changed.
    package mutating func tellWaiters(of events: [RunEvent]) {
        guard !waiters.isEmpty else { return }
        for event in events {
            for waiter in (waiters[event.run.dagID] ?? [:]).values.joined() where !lookers.contains(waiter) {
                if mayDepend(waiter, on: [event]) { lookers.insert(waiter) }
            }
        }
    }

    private func mayDepend(_ waiter: Waiter, on events: [RunEvent]) -> Bool {
        guard case .runs(let wait)? = deferred[waiter]?.awaited else { return false }
        return events.contains(where: wait.mayDependOn)
    }

    /// The waits of which the store is to be asked now.
    mutating func takeLooks() -> [Look] {
        defer { lookers.removeAll() }
        return lookers.sorted().compactMap { waiter in
            guard case .runs(let wait)? = deferred[waiter]?.awaited else { return nil }
            return Look(waiter: waiter, wait: wait)
        }
    }

    /// Takes how the runs stand that somebody waits for, as far as they exist.
    package mutating func take(_ runs: [ExternalWait.Run], for look: Look, at now: Date) {
        guard let verdict = look.wait.verdict(on: runs) else { return }
        advance(look.waiter.run, .awaited(look.waiter.reference, .runs(look.wait), verdict), at: now)
    }
}
