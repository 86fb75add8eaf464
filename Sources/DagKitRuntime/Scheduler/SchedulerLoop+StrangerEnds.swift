import DagKitCore
import FoundationEssentials

// What somebody asked for the end of, in runs of DAGs that are not loaded: it ends all the same, and is carried out by the
// structure that the run has in the store. Nothing of such a run begins.

extension SchedulerLoop {
    /// Ends the attempts that somebody wants ended, and stores what those came to that have ended.
    mutating func endStrangers() async throws {
        mustEndStrangers = false
        for run in endingStrangers.sorted() {
            let found = try await unlessLasting("cannot read run \(run)") {
                try await store.snapshot(of: run)
            }
            guard case .success(let snapshot?) = found, strangers.contains(run) else {
                endingStrangers.remove(run)
                continue
            }
            let instances = snapshot.instances.filter(\.mustEnd)
            if instances.isEmpty { endingStrangers.remove(run) }
            var outcomes: [AttemptOutcome] = []
            for instance in instances {
                if let outcome = await end(instance) { outcomes.append(outcome) }
            }
            if outcomes.isEmpty { continue }
            try await store(outcomes, of: snapshot.run)
        }
    }

    /// Tells the executor to end the attempt of an instance.
    ///
    /// - Returns: What it came to, if it has ended.
    private func end(_ instance: TaskInstance) async -> AttemptOutcome? {
        guard let attempt = instance.attemptID else { return nil }
        let known = unstored[instance.key.run]?.first { $0.attemptID == attempt }
        if let known { return known }
        let reason = instance.reason ?? "somebody wants its end"
        guard knowsWhatLives, !aliveAtStart.contains(attempt) else {
            await executor.kill(attempt, reason: reason)
            return nil
        }
        return AttemptOutcome(
            attemptID: attempt, key: instance.key, tryNumber: instance.tryNumber,
            verdict: .failed(reason: reason, isRetryable: false, retryDelay: nil),
            startedAt: instance.startDate ?? clock.now, endedAt: clock.now)
    }

    private mutating func store(_ outcomes: [AttemptOutcome], of run: DAGRun) async throws {
        let version = try await persisted("cannot read the structure of run \(run.key)") {
            try await store.version(of: run.dagID, hash: run.structureHash)
        }
        guard let spec = version.flatMap({ DAGSpec($0) }) else {
            // It has ended; what becomes of it is decided when the DAG is loaded.
            endingStrangers.remove(run.key)
            return log.error("the structure of run \(run.key) is not stored: load its dag")
        }
        let now = moment()
        for outcome in outcomes {
            let stored = try await unlessLasting("cannot store what was decided") {
                try await store.change(run.key, of: spec, at: now) { _ in .finished(outcome) }
            }
            if case .failure(let error) = stored { return park(run.key, error.cause) }
            unstored[run.key]?.removeAll { $0.attemptID == outcome.attemptID }
            await executor.acknowledge([outcome.attemptID])
            log.info("\(outcome.key) has ended, as it was told to; its dag is not loaded here")
        }
        hasNotices = true
    }
}

extension TaskInstance {
    /// Whether an attempt runs of which somebody wants the end.
    var mustEnd: Bool { endRequest != nil && state?.isActive == true && attemptID != nil }
}
