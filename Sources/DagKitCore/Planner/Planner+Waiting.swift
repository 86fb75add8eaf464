package import FoundationEssentials

// The instances that the scheduler waits for. They cost nothing while nothing changes: an instant is the deadline of its
// run, who waits for another run is found by that run's DAG and logical date when it changes, and who waits for an asset
// by its URI when it is updated.

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
        package let awaited: Awaited
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
        guard let instance = machines.read(run, { $0[reference] }), instance.state == .deferred,
            deferred[waiter] == nil
        else { return }
        deferred[waiter] = Deferred(
            pool: instance.pool, poolSlots: instance.poolSlots, awaited: instance.awaits)
        pools[instance.pool]?.deferred += instance.poolSlots
        switch instance.awaits {
        case .runs(let wait):
            for date in wait.logicalDates {
                waiters[wait.dagID, default: [:]][date, default: []].insert(waiter)
            }
        case .asset(let wait): assetWaiters[wait.uri, default: []].insert(waiter)
        case .instant, nil: return
        }
        lookers.insert(waiter)
    }

    private mutating func forgetWait(of waiter: Waiter) {
        lookers.remove(waiter)
        guard let wait = deferred.removeValue(forKey: waiter) else { return }
        pools[wait.pool]?.deferred -= wait.poolSlots
        if pools[wait.pool]?.pool.includesDeferred == true { unblockPool(wait.pool) }
        switch wait.awaited {
        case .runs(let wait):
            for date in wait.logicalDates {
                waiters[wait.dagID]?[date]?.remove(waiter)
                if waiters[wait.dagID]?[date]?.isEmpty == true { waiters[wait.dagID]?[date] = nil }
            }
            if waiters[wait.dagID]?.isEmpty == true { waiters[wait.dagID] = nil }
        case .asset(let wait):
            assetWaiters[wait.uri]?.remove(waiter)
            if assetWaiters[wait.uri]?.isEmpty == true { assetWaiters[wait.uri] = nil }
        case .instant, nil: return
        }
    }

    /// Drops the waits of a run that is taken anew.
    mutating func forgetWaits(of run: RunKey) {
        guard !deferred.isEmpty, let references = machines.read(run, { $0.deferred }) else { return }
        for reference in references { forgetWait(of: Waiter(run: run, reference: reference)) }
    }

    // MARK: Looking again

    /// Whether somebody waits for an update of an asset.
    package var awaitsAssets: Bool { !assetWaiters.isEmpty }

    /// Lets those look again who wait for an asset, since somebody else may have updated it.
    package mutating func tellAssetWaiters() {
        for waiters in assetWaiters.values { lookers.formUnion(waiters) }
    }

    /// Lets those look again who wait for what a batch changes.
    mutating func tellWaiters(of batch: RunBatch) {
        for update in batch.assetUpdates { lookers.formUnion(assetWaiters[update.asset.uri] ?? []) }
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
            deferred[waiter]?.awaited.map { Look(waiter: waiter, awaited: $0) }
        }
    }

    /// Takes how a wait ends; `nil` if it goes on.
    package mutating func take(_ verdict: ExternalWait.Verdict?, for look: Look, at now: Date) {
        guard let verdict else { return }
        advance(look.waiter.run, .awaited(look.waiter.reference, look.awaited, verdict), at: now)
    }
}
