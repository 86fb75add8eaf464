import DagKitCore

// What is stored may be damaged, row by row. A run of which something cannot be read or written is parked: its attempts go on,
// what they report is kept, and at each look at the store it is read again. Everything else goes on.

extension SchedulerLoop {
    /// A run that cannot be gone on with.
    struct ParkedRun: Sendable {
        /// What was said of it, so that nothing is said twice.
        let complaint: String

        /// Its attempts that ran when it was parked.
        var attempts: Set<AttemptID>

        /// Whether it was taken from the store again, and has yet to show that it can be gone on with.
        var isTaken = false
    }

    /// The runs of which what attempts report is kept, as it can neither be stored nor refused.
    var keptRuns: Set<RunKey> { strangers.union(parked.filter { !$0.value.isTaken }.keys) }

    // MARK: Runs

    /// Does something that fails again and again where what is stored is damaged.
    ///
    /// - Returns: The failure that does not pass by itself, in place of the answer.
    func unlessLasting<Answer: Sendable>(
        _ complaint: String, _ body: () async throws -> Answer
    ) async throws -> Result<Answer, LastingFailure> {
        try await persisted(complaint) {
            do {
                return .success(try await body())
            } catch let error as any StoreFailure where error.isLasting && !error.isFinal {
                return .failure(LastingFailure(cause: error))
            }
        }
    }

    /// Leaves a run alone until what is stored of it can be read, or written, again; says so once.
    mutating func park(_ run: RunKey, _ error: any Error) {
        let attempts = planner.running.filter { $0.value.run == run }.keys
        let known = parked[run]
        planner.setAside(run)
        let complaint = Self.complaint(error, of: run)
        if known?.complaint != complaint, !complaints.contains("\(error)") {
            log.error("run \(run) is left alone, all others go on: \(complaint)")
        }
        parked[run] = ParkedRun(
            complaint: complaint, attempts: (known?.attempts ?? []).union(attempts))
    }

    private static func complaint(_ error: any Error, of run: RunKey) -> String {
        guard let row = error as? UnreadableRow else {
            return "\(error); or delete the run with: dagctl runs delete \(run.runID) --dag \(run.dagID)"
        }
        return row.run == run ? "\(row.problem); \(row.remedy)" : "\(row)"
    }

    /// Looks again at what could not be read.
    mutating func retryDamaged() async throws {
        waitingBackfills = []
        for run in parked.filter({ !$0.value.isTaken }).keys.sorted() { try await reload(run) }
        let looks = unanswered
        unanswered = []
        try await answer(looks)
        if keptRuns.isSubset(of: strangers), !hasNamelessRuns {
            for attempt in unclaimed where planner.running[attempt] == nil {
                await executor.kill(attempt, reason: "its task was ended while no scheduler ran")
            }
            unclaimed = []
        }
    }

    /// Says which of the runs that were parked have been gone on with.
    mutating func releaseParked() {
        for (run, _) in parked.filter({ $0.value.isTaken }).sorted(by: { $0.key < $1.key }) {
            parked[run] = nil
            log.info("run \(run) goes on")
        }
    }

    /// Counts the attempts of a run as lost that began before this scheduler did and that nobody has found: while the run
    /// was not known, nobody missed them.
    mutating func missAttempts(of run: RunKey) {
        guard isReconciled else { return }
        let found = planner.running.filter { attempt, slot in
            slot.run != run || attempt.rawValue >= firstToken ?? .max || aliveAtStart.contains(attempt)
        }
        let now = moment()
        for lost in planner.reconcile(alive: Set(found.keys), at: now) {
            unstored[run, default: []].append(lost)
        }
    }

    // MARK: Other rows

    /// Says, once, which rows the store left out, and sees to the runs of events among them.
    @discardableResult
    mutating func tellOfLeftOut() -> [UnreadableRow] {
        let rows = leftOut.takeAll()
        for row in rows {
            tell(of: row)
            if row.table == "event", let run = row.run { foreignRuns.insert(run) }
        }
        return rows
    }

    /// Says once what cannot be read.
    mutating func tell(of error: any Error) {
        if complaints.insert("\(error)").inserted {
            log.error("a row is left out, everything else goes on: \(error)")
        }
    }

    /// The pools with those that were known before and cannot be read now; the default pool is never missing.
    mutating func complete(_ pools: [Pool], leftOut: [UnreadableRow]) -> [Pool] {
        guard leftOut.contains(where: { $0.table == "slot_pool" }) else {
            lastPools = pools
            return pools
        }
        var all = Dictionary(lastPools.map { ($0.name, $0) }) { $1 }
        if all[Pool.defaultName] == nil { all[Pool.defaultName] = try? Pool(Pool.defaultName, slots: 128) }
        for pool in pools { all[pool.name] = pool }
        lastPools = all.values.sorted { $0.name < $1.name }
        return lastPools
    }
}

/// A failure that does not pass by itself.
struct LastingFailure: Error {
    let cause: any StoreFailure
}
