import DagKitCore
import DagKitSystem

extension SchedulerLoop {
    /// Commits what a step decided, and acts on what was stored.
    mutating func carryOut(_ step: Planner.Step) async throws {
        var conflicts: Set<RunKey> = []
        var failures: [RunKey: any StoreFailure] = [:]
        if !step.batches.isEmpty {
            let durability = configuration.durability
            step.passFaultPoints(isStored: false)
            let result: CommitResult
            (result, failures) = try await commit(step.batches, durability: durability)
            step.passFaultPoints(isStored: true)
            conflicts = result.conflicts.union(failures.keys)
            noteAssetUpdates(of: step.batches, conflicts)
            hasNotices = hasNotices || step.batches.contains { !$0.notices.isEmpty }
            let written = Int64(
                step.batches.lazy.filter { !conflicts.contains($0.run) }.map(\.events.count).reduce(0, +))
            if let last = result.lastEvent, cursor + written == last { cursor = last }
        }
        try await act(step.effects, except: conflicts)
        for batch in step.batches where conflicts.contains(batch.run) {
            if let failure = failures[batch.run] {
                park(batch.run, failure)
            } else {
                try await reload(batch.run, after: step.effects, refused: batch)
            }
        }
        for batch in step.batches where conflicts.contains(batch.run) && failures[batch.run] == nil {
            try await settleDate(of: batch)
            try await tellOfOmission(of: batch)
        }
        try await answer(step.effects.looks)
    }

    /// Commits batches together; where one of them can never be stored, each by itself.
    ///
    /// - Returns: The answer, and why some cannot be stored, by run.
    private func commit(
        _ batches: [RunBatch], durability: Durability
    ) async throws -> (CommitResult, [RunKey: any StoreFailure]) {
        let complaint = "cannot store what was decided"
        let all = try await unlessLasting(complaint) {
            try await store.commit(batches, durability: durability)
        }
        if case .success(let result) = all { return (result, [:]) }
        var result = CommitResult()
        var failures: [RunKey: any StoreFailure] = [:]
        for batch in batches {
            let one = try await unlessLasting(complaint) {
                try await store.commit([batch], durability: durability)
            }
            switch one {
            case .success(let part):
                result.conflicts.formUnion(part.conflicts)
                result.lastEvent = part.lastEvent ?? result.lastEvent
            case .failure(let error): failures[batch.run] = error.cause
            }
        }
        return (result, failures)
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
        let kept = conflicts.union(keptRuns)
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
    /// - Parameters:
    ///   - effects: What was to follow a commit that was refused.
    ///   - batch: What that commit would have changed of the run.
    mutating func reload(
        _ run: RunKey, after effects: Planner.Effects? = nil, refused batch: RunBatch? = nil
    ) async throws {
        let found = try await unlessLasting("cannot read run \(run)") { try await store.snapshot(of: run) }
        if case .failure(let error) = found { return park(run, error.cause) }
        let snapshot = (try? found.get()) ?? nil
        let wasHidden = keptRuns.contains(run)
        let attempts = Set(planner.running.filter { $0.value.run == run }.keys).union(
            parked[run]?.attempts ?? [])
        if snapshot == nil { parked[run] = nil } else { parked[run]?.isTaken = true }
        _ = moment()
        let shift = planner.clockShift(of: run, refused: batch)
        planner.forget(run)
        if snapshot == nil { planner.missRun(run, at: moment()) }
        if let snapshot {
            adopt(snapshot, after: shift)
            if let effects { await act(effects, of: snapshot) }
        }
        for outcome in unstored.removeValue(forKey: run) ?? [] {
            unstored[run, default: []].append(outcome)
            let now = moment()
            planner.take(outcome, at: now)
        }
        if wasHidden { missAttempts(of: run) }
        // What the run's new shape has no place for is ended once that is stored.
        let spared = planner.killsAhead.union((unstored[run] ?? []).map(\.attemptID))
        for attempt in attempts.sorted() where planner.running[attempt] == nil && !spared.contains(attempt) {
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
