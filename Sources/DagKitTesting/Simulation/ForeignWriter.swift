import DagKitCore
import FoundationEssentials

/// Another process that writes to the store of a simulation, as the command line and the web do.
struct ForeignWriter {
    let store: any MetadataStore
    let auditor: SimulationAuditor
    let simulator: Simulator
    let now: Date
    private let actor = "operator"

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
            let pool = try Pool(simulator.pools[place].name, slots: slots)
            try await store.setPool(pool, by: actor, at: now)
            return "sets pool \(pool.name) to \(slots) slots"
        case .rerun(let choice): return try await rerun(choice)
        case .markSkipped(let choice): return try await markSkipped(choice)
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

    private func setPaused(_ isPaused: Bool, _ place: Int) async throws -> String? {
        guard simulator.dags.indices.contains(place) else { return nil }
        let id = simulator.dags[place].id
        _ = try await store.setPaused(isPaused, [id], by: actor, at: now)
        auditor.expectPaused(id, isPaused)
        return "\(isPaused ? "pauses" : "unpauses") \(id)"
    }

    /// Lets an instance that has finished run again, in a run that goes on.
    private func rerun(_ choice: Int) async throws -> String? {
        try await change(choice, .scheduled, reason: "cleared by hand") { instance in
            instance.state == .success || instance.state == .failed
        }
    }

    /// Settles an instance that no attempt exists of.
    private func markSkipped(_ choice: Int) async throws -> String? {
        try await change(choice, .skipped, reason: "marked by hand") { instance in
            instance.attemptID == nil && !instance.isFinished
        }
    }

    private func change(
        _ choice: Int, _ kind: RunEvent.Kind, reason: String, where isMeant: (TaskInstance) -> Bool
    ) async throws -> String? {
        let candidates = auditor.openInstances.filter(isMeant)
        guard !candidates.isEmpty else { return nil }
        let old = candidates[choice % candidates.count]
        guard let run = try await store.snapshot(of: old.key.run)?.run, run.state == .running else { return nil }
        var (changedRun, instance) = (run, old)
        changedRun.revision += 1
        let event = RunEvent(
            kind, run: run.key, at: now, taskID: old.taskID, mapIndex: old.mapIndex,
            tryNumber: kind == .scheduled ? old.tryNumber + 1 : old.tryNumber, reason: reason, actor: actor)
        instance.apply(event)
        var batch = RunBatch(run: changedRun, expectedRevision: run.revision)
        batch.instances = [instance]
        batch.events = [event]
        if kind == .scheduled { batch.history = [old] }
        guard try await store.commit([batch], durability: .full).conflicts.isEmpty else { return nil }
        return "\(kind.rawValue) \(old.key)"
    }
}
