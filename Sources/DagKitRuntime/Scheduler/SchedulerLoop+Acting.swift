import DagKitCore
import DagKitSystem

extension SchedulerLoop {
    /// Commits what a step decided, and acts on what was stored.
    mutating func carryOut(_ step: Planner.Step) async throws {
        var conflicts: Set<RunKey> = []
        if !step.batches.isEmpty {
            let durability = configuration.durability
            step.passFaultPoints(isStored: false)
            let result = try await persisted("cannot store what was decided") {
                try await store.commit(step.batches, durability: durability)
            }
            step.passFaultPoints(isStored: true)
            conflicts = result.conflicts
            noteAssetUpdates(of: step.batches, conflicts)
            hasNotices = hasNotices || step.batches.contains { !$0.notices.isEmpty }
            let written = Int64(
                step.batches.lazy.filter { !conflicts.contains($0.run) }.map(\.events.count).reduce(0, +))
            if let last = result.lastEvent, cursor + written == last { cursor = last }
        }
        try await act(step.effects, except: conflicts)
        for run in conflicts.sorted() { try await reload(run, after: step.effects) }
        for batch in step.batches where conflicts.contains(batch.run) {
            try await settleDate(of: batch)
            try await tellOfOmission(of: batch)
        }
        try await answer(step.effects.looks)
    }

    /// Has the queue of asset-driven runs read again after updates, and after a run for them was refused.
    private mutating func noteAssetUpdates(of batches: [RunBatch], _ conflicts: Set<RunKey>) {
        guard planner.followsAssets else { return }
        for batch in batches where !batch.assetUpdates.isEmpty || batch.consumption != nil {
            if batch.consumption == nil || conflicts.contains(batch.run) { mustReadAssets = true }
        }
    }

    private mutating func act(_ effects: Planner.Effects, except conflicts: Set<RunKey>) async throws {
        var refused: Set<AttemptID> = []
        let kept = conflicts.union(strangers)
        for run in kept { for outcome in unstored[run] ?? [] { refused.insert(outcome.attemptID) } }
        unstored = unstored.filter { kept.contains($0.key) }
        let orders = effects.orders.filter { !conflicts.contains($0.key.run) }
        if !orders.isEmpty {
            FaultPoint.ordering.pass()
            await executor.dispatch(orders)
            FaultPoint.ordered.pass()
        }
        // What was decided about a run that somebody changed is void: it is decided anew.
        let kills = effects.kills.filter { kill in
            planner.running[kill.attempt].map { !conflicts.contains($0.run) } ?? true
        }
        for kill in kills { await executor.kill(kill.attempt, reason: kill.reason) }
        let acknowledged = effects.acknowledged.filter { !refused.contains($0) }
        if !acknowledged.isEmpty {
            FaultPoint.acknowledging.pass()
            await executor.acknowledge(acknowledged)
            FaultPoint.acknowledged.pass()
        }
        if !effects.nextRuns.isEmpty {
            try await persisted("cannot store the next runs") {
                try await store.setNextRuns(effects.nextRuns)
            }
        }
        for dag in effects.pausedDAGs {
            log.error(
                "dag \(dag) is paused: too many of its runs failed in a row; mend it and unpause it")
        }
        for run in effects.finishedRuns where !conflicts.contains(run.key) {
            log.info("run \(run.key) \(run.state.rawValue)" + (run.reason.map { " (\($0))" } ?? ""))
            await configuration.observer?.runFinished(run)
        }
    }

    /// Takes a run anew from the store, since somebody else changed it, and tells it again what is not stored.
    ///
    /// Attempts that run and that the store does not know any more were ended by somebody: they are killed, and what they
    /// report is refused.
    ///
    /// - Parameter effects: What was to follow a commit that was refused.
    mutating func reload(_ run: RunKey, after effects: Planner.Effects? = nil) async throws {
        let attempts = planner.running.filter { $0.value.run == run }.keys.sorted()
        planner.forget(run)
        let snapshot = try await persisted("cannot read run \(run)") { try await store.snapshot(of: run) }
        if let snapshot {
            adopt(snapshot)
            if let effects { await act(effects, of: snapshot) }
        }
        for outcome in unstored.removeValue(forKey: run) ?? [] {
            unstored[run, default: []].append(outcome)
            planner.take(outcome, at: clock.now)
        }
        // What the run's new shape has no place for is ended once that is stored.
        let spared = planner.killsAhead.union((unstored[run] ?? []).map(\.attemptID))
        for attempt in attempts where planner.running[attempt] == nil && !spared.contains(attempt) {
            await executor.kill(
                attempt,
                reason: snapshot == nil ? "its run was deleted" : "its task was ended by somebody else")
        }
    }

    /// Acts on what is stored in spite of a refusal: a commit whose answer was lost was made again, and refused since
    /// it had been applied the first time.
    private func act(_ effects: Planner.Effects, of snapshot: RunSnapshot) async {
        let stored = Set(snapshot.instances.compactMap(\.attemptID))
        let orders = effects.orders.filter {
            $0.key.run == snapshot.run.key && stored.contains($0.attemptID)
        }
        if !orders.isEmpty { await executor.dispatch(orders) }
    }
}
