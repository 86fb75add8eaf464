import DagKitCore
import FoundationEssentials

/// Another process that writes to the store of a simulation, as the command line and the web do.
struct ForeignWriter {
    let store: any MetadataStore
    let auditor: SimulationAuditor
    let simulator: Simulator
    let now: Date
    let actor = "operator"

    init(store: any MetadataStore, auditor: SimulationAuditor, simulator: Simulator, now: Date) {
        self.store = store
        self.auditor = auditor
        self.simulator = simulator
        self.now = now
    }

    /// Does what it is told; gives what that was, or `nil` if there was nothing to do.
    mutating func carryOut(_ write: SimulatedFault.ForeignWrite) async throws -> String? {
        switch write {
        case .trigger(let dag): return try await trigger(dag)
        case .pause(let dag): return try await setPaused(true, dag)
        case .unpause(let dag): return try await setPaused(false, dag)
        case .resize(let place, let slots):
            guard simulator.pools.indices.contains(place) else { return nil }
            let known = simulator.pools[place]
            let pool = try Pool(known.name, slots: slots, includesDeferred: known.includesDeferred)
            try await store.setPool(pool, by: actor, at: now)
            return "sets pool \(pool.name) to \(slots) slots"
        case .update(let choice): return try await update(choice)
        case .clear(let choice): return try await clear(choice)
        case .mark(let choice, let state): return try await mark(choice, state)
        case .markRun(let choice, let state): return try await markRun(choice, state)
        case .backfill(let dag, let hours, let reprocessing):
            return try await backfill(dag, hours, reprocessing)
        case .pauseBackfill(let isPaused): return try await pauseBackfill(isPaused)
        case .cancelBackfill: return try await cancelBackfill()
        }
    }

    private func trigger(_ place: Int) async throws -> String? {
        guard simulator.dags.indices.contains(place) else { return nil }
        let spec = simulator.dags[place]
        var machine = RunMachine(
            creating: .manual(spec, by: actor, at: now), of: spec, actor: actor)
        guard let batch = machine.takeBatch(),
            try await store.commit([batch], durability: .full).conflicts.isEmpty
        else { return nil }
        auditor.acknowledgedTrigger(batch.run)
        return "triggers \(batch.run)"
    }

    private func update(_ choice: Int) async throws -> String? {
        let named = simulator.dags.flatMap { $0.configuration.schedule.assetCondition?.assets ?? [] }
        guard !named.isEmpty else { return nil }
        let asset = named[choice % named.count]
        _ = try await store.recordAssetUpdate(AssetUpdate(asset, at: now), by: actor)
        auditor.acknowledgedUpdate(asset.uri, at: now)
        return "updates \(asset.name)"
    }

    private func setPaused(_ isPaused: Bool, _ place: Int) async throws -> String? {
        guard simulator.dags.indices.contains(place) else { return nil }
        let id = simulator.dags[place].id
        guard try await store.setPaused(isPaused, [id], by: actor, at: now) == [id] else { return nil }
        auditor.expectPaused(id, isPaused)
        return "\(isPaused ? "pauses" : "unpauses") \(id)"
    }

    private func clear(_ choice: Int) async throws -> String? {
        guard let key = chosen(choice) else { return nil }
        let selection = TaskSelection(tasks: [key.taskID], includesDownstream: true)
        return try await change(key.run, "clears \(key) and what is downstream") { [actor] machine in
            .clear(selection.references(in: machine), actor: actor)
        }
    }

    private func mark(_ choice: Int, _ state: MarkedState) async throws -> String? {
        guard let key = chosen(choice) else { return nil }
        return try await change(key.run, "marks \(key) \(state.rawValue)") { [actor] machine in
            machine.reference(to: key).map { .mark([$0], state, actor: actor) }
        }
    }

    private func markRun(_ choice: Int, _ state: MarkedState) async throws -> String? {
        guard let key = chosen(choice) else { return nil }
        return try await change(key.run, "marks \(key.run) \(state.rawValue)") { [actor] _ in
            .markRun(state, actor: actor)
        }
    }

    /// A task instance of one of the newest runs.
    private func chosen(_ choice: Int) -> TaskInstanceKey? {
        let candidates = auditor.newestInstances
        return candidates.isEmpty ? nil : candidates[choice % candidates.count]
    }

    private func change(
        _ run: RunKey, _ deed: String, _ event: @Sendable (RunMachine) -> RunMachine.Event?
    ) async throws -> String? {
        guard let spec = simulator.dags.first(where: { $0.id == run.dagID }),
            let change = try await store.change(run, of: spec, at: now, event), !change.step.events.isEmpty
        else { return nil }
        return deed
    }
}

extension ForeignWriter {
    fileprivate func backfill(_ place: Int, _ hours: Int, _ reprocessing: Backfill.Reprocessing) async throws
        -> String?
    {
        guard simulator.dags.indices.contains(place) else { return nil }
        let spec = simulator.dags[place]
        let from = simulator.start - Double(hours) * 3600
        // Whatever the clock shows, nobody fills years with dates.
        let through = min(now, simulator.end)
        let existing = try await store.runs(
            RunQuery(dagID: spec.id, from: from, through: through, limit: .max))
        guard
            let plan = try? BackfillPlan(
                of: spec, from: from, through: through, reprocessing: reprocessing,
                runsBackwards: hours.isMultiple(of: 2), existing: existing, now: now)
        else { return nil }
        let backfill = Backfill(
            dagID: spec.id, from: from, through: through, reprocessing: reprocessing, maxActiveRuns: hours,
            createdBy: actor, createdAt: now)
        guard let id = try? await store.createBackfill(backfill, dates: plan.dates) else { return nil }
        auditor.acknowledgedBackfill(id, maxActiveRuns: hours)
        return "creates backfill \(id) of \(spec.id) with \(plan.dates.count) dates"
    }

    fileprivate func pauseBackfill(_ isPaused: Bool) async throws -> String? {
        guard let newest = try await store.backfills(of: nil, limit: 1).first,
            try await store.setBackfillPaused(isPaused, newest.id, by: actor, at: now)
        else { return nil }
        return "\(isPaused ? "pauses" : "unpauses") backfill \(newest.id)"
    }

    fileprivate func cancelBackfill() async throws -> String? {
        guard let newest = try await store.backfills(of: nil, limit: 1).first,
            try await store.cancelBackfill(newest.id, by: actor, at: now)
        else { return nil }
        return "cancels backfill \(newest.id)"
    }
}
