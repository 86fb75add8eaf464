import DagKitCore
import FoundationEssentials

extension SchedulerLoop {
    /// Reads what others changed since the last look, and writes the heartbeat.
    mutating func look() async throws {
        mustLook = false
        let now = moment()
        if isPollDue, let loss = configuration.loss() { throw GivenUp(cause: loss, isLost: true) }
        do {
            planner.setPaused(try await store.pausedDAGs(), at: now)
            tellOfLeftOut()
            let pools = try await store.pools()
            planner.setPools(complete(pools, leftOut: tellOfLeftOut()))
            try await readChanges()
            mustReadAssets = planner.followsAssets
            try await readAssetUpdatesOfOthers()
            // After the changes: a run of a backfill that was cleared brings its backfill along.
            planner.setBackfills(try await store.openBackfills())
            tellOfLeftOut()
            if isPollDue {
                try await store.updateJob(job, state: "running", heartbeat: now, end: nil)
                lastPoll = now
            }
            if isBlind { log.info("the store can be read again") }
            isBlind = false
        } catch let error as CancellationError {
            throw error
        } catch let error as any StoreFailure where error.isFinal {
            throw GivenUp(cause: error, isLost: true)
        } catch {
            if !isBlind { log.error("cannot read the store: \(error)") }
            isBlind = true
            lastPoll = now
        }
        for run in foreignRuns.sorted() {
            try await reload(run)
            foreignRuns.remove(run)
        }
        try await retryDamaged()
        tellOfBroughtBack()
    }

    /// Notes the runs that others changed; what was noted stays so if a later page cannot be read.
    private mutating func readChanges() async throws {
        while true {
            let events = try await store.changes(after: cursor, limit: 1000)
            for event in events where event.actor != RunEvent.scheduler { foreignRuns.insert(event.run) }
            planner.tellWaiters(of: events)
            cursor = events.last?.number ?? cursor
            if events.count < 1000 { return }
        }
    }

    /// What the store says of the DAGs of a deployment.
    struct Registration: Sendable {
        var pools: [Pool]
        var paused: Set<DAGID>
        var lastIntervals: [DAGID: DataInterval]
        var failuresInARow: [DAGID: Int]
    }

    /// Registers the DAGs of a deployment.
    func register(_ deployment: Deployment) async throws -> Registration {
        let now = clock.now
        try await store.register(deployment.records, bundle: deployment.bundle, at: now)
        for (source, errors) in deployment.importErrors {
            try await store.setImportErrors(errors, of: source, at: now)
        }
        return Registration(
            pools: try await store.pools(), paused: try await store.pausedDAGs(),
            lastIntervals: try await store.lastScheduledIntervals(),
            failuresInARow: try await failuresInARow(deployment.specs))
    }

    /// How many of the newest runs failed, of the DAGs that pause themselves for that.
    private func failuresInARow(_ specs: [DAGSpec]) async throws -> [DAGID: Int] {
        var counts: [DAGID: Int] = [:]
        for spec in specs {
            guard let limit = spec.configuration.maxConsecutiveFailedRuns else { continue }
            let newest = try await store.runs(
                RunQuery(dagID: spec.id, states: [.success, .failed], limit: limit))
            counts[spec.id] = newest.prefix { $0.state == .failed }.count
        }
        return counts
    }

    /// Lets the planner follow DAGs that are registered.
    mutating func follow(_ deployment: Deployment, _ registration: Registration) {
        planner.setPools(complete(registration.pools, leftOut: tellOfLeftOut()))
        planner.setDAGs(
            deployment.specs, settings: deployment.settings, paused: registration.paused,
            lastIntervals: registration.lastIntervals, failuresInARow: registration.failuresInARow,
            at: moment())
        mustCheckSchedules = true
        dagCount = deployment.specs.count
        let changed = planner.runsOfOtherStructure
        foreignRuns.formUnion(changed)
        if !changed.isEmpty { mustLook = true }
        mustReadAssets = planner.followsAssets
    }

    /// Tells the planner which updates of assets wait for runs of which DAGs.
    mutating func readAssetUpdates() async throws {
        if mustReadAssets {
            let queue = try await persisted("cannot read the updates of assets") {
                try await store.assetQueue()
            }
            tellOfLeftOut()
            planner.setAssetQueue(queue)
            mustReadAssets = false
        }
        for (id, uris) in planner.dagsDueByAssets {
            let events = try await unlessLasting("cannot read the updates of assets") {
                try await store.waitingAssetEvents(of: id, uris: uris)
            }
            // Where one of them is damaged, the DAG waits until the queue is read again.
            if case .failure(let error) = events { tell(of: error.cause) }
            planner.take(try? events.get(), for: id)
        }
    }

    /// Answers what tasks ask about the run before theirs, now that all that was decided is stored.
    mutating func answerPast() async throws {
        for (run, query) in planner.pastQueries {
            let found = try await unlessLasting("cannot read the run before \(run)") {
                try await store.pastRun(query)
            }
            switch found {
            case .success(let found): planner.learn(found, before: run)
            case .failure(let error): park(run, error.cause)
            }
        }
        let now = moment()
        planner.answerPast(at: now)
    }

    /// Does something with the store until it succeeds: scheduling pauses while the store cannot be written, and
    /// nothing is lost.
    ///
    /// - Throws: ``GivenUp`` if the store is gone for good, and once the end is wanted and the store has answered no
    ///   try for as long as a stop may take; what the clock throws when the wait is cancelled.
    func persisted<Result: Sendable>(
        _ complaint: String, _ body: () async throws -> Result
    ) async throws -> Result {
        var wait = 0.05
        var hasComplained = false
        let began = clock.reading.elapsed
        while true {
            do {
                let result = try await body()
                if hasComplained { log.info("the store answers again, scheduling goes on") }
                return result
            } catch let error as any StoreFailure where error.isFinal {
                throw GivenUp(cause: error, isLost: true)
            } catch {
                if !hasComplained { log.error("scheduling pauses: \(complaint): \(error)") }
                hasComplained = true
                if isStopping || isEndWanted(), clock.reading.elapsed - began >= configuration.stopGrace {
                    throw GivenUp(cause: error, isLost: false)
                }
            }
            configuration.pulse()
            try await clock.sleep(until: clock.now + wait)
            wait = min(wait * 2, 5)
        }
    }
}

/// The scheduler ends without its store: what it had not stored is decided anew by the next one.
struct GivenUp: Error {
    let cause: any Error

    /// Whether the store or the home is lost to this process, which nobody had told to end: what runs goes on, and the next
    /// scheduler takes it over. Else the store could not be written when the end was wanted.
    let isLost: Bool
}
