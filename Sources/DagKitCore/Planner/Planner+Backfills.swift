public import FoundationEssentials

// A backfill's runs are created one by one, as others of it end: what is not created yet is a date in the store, and
// a backfill that ends early leaves nothing behind. Its runs count against its own limit, not against the DAG's.

extension Planner {
    /// A backfill that the planner works off.
    struct BackfillEntry: Sendable {
        var backfill: Backfill

        /// The dates that wait their turn, the next one last.
        var dates: [BackfillDate] = []

        /// Whether the dates are those that the store holds.
        var isRead = false

        /// Its runs that have not ended.
        var runs: Set<RunKey> = []
        var queuedRuns = Heap<QueuedRun>()

        /// The runs that are read from the store, to start anew.
        var loading: Set<RunKey> = []

        var hasRoom: Bool { runs.count - queuedRuns.count + loading.count < backfill.maxActiveRuns }
        var isDone: Bool { isRead && dates.isEmpty && runs.isEmpty && loading.isEmpty }
    }

    // MARK: What the store holds

    /// Sets the backfills that are not done, or of which runs have not ended.
    public mutating func setBackfills(_ backfills: [Backfill]) {
        var kept: [Int64: BackfillEntry] = [:]
        for backfill in backfills {
            var entry = self.backfills[backfill.id] ?? BackfillEntry(backfill: backfill)
            if entry.backfill.updatedAt != backfill.updatedAt { entry.isRead = false }
            if entry.backfill != backfill { dueBackfills.insert(backfill.id) }
            entry.backfill = backfill
            kept[backfill.id] = entry
        }
        for (id, entry) in self.backfills where kept[id] == nil && !entry.runs.isEmpty { kept[id] = entry }
        self.backfills = kept
    }

    /// The backfills whose dates are to be read.
    public var unreadBackfills: [Int64] { backfills.filter { !$0.value.isRead }.keys.sorted() }

    /// Takes the dates of a backfill that wait their turn, the next one first.
    public mutating func setDates(_ dates: [BackfillDate], of id: Int64) {
        let held = Set((backfills[id]?.loading ?? []).union(backfills[id]?.runs ?? []).map(\.runID))
        backfills[id]?.dates = dates.filter { date in !held.contains(date.runID) }.reversed()
        backfills[id]?.isRead = true
        dueBackfills.insert(id)
    }

    /// Lets the dates of a backfill be read again, since somebody else changed them.
    public mutating func rereadBackfill(_ id: Int64) { backfills[id]?.isRead = false }

    // MARK: Work

    mutating func runBackfills(at now: Date) {
        for id in dueBackfills.sorted() {
            while let (backfill, spec) = startable(id) {
                if let queued = backfills[id]?.queuedRuns.removeFirst() {
                    advance(queued.key, .start, at: now)
                } else if let date = backfills[id]?.dates.popLast() {
                    begin(date, of: backfill, spec, at: now)
                } else {
                    break
                }
            }
            if let entry = backfills[id], entry.isDone {
                if entry.backfill.completedAt == nil { pending.completedBackfills.append(id) }
                backfills[id] = nil
            }
        }
        dueBackfills.removeAll()
    }

    /// The backfill with its DAG, if another run of it may start.
    ///
    /// Of the entry no copy is kept: the next change would copy all its dates.
    private func startable(_ id: Int64) -> (Backfill, DAGSpec)? {
        guard let entry = backfills[id], entry.isRead, !entry.backfill.isPaused, entry.hasRoom,
            let spec = dags[entry.backfill.dagID]?.spec
        else { return nil }
        return (entry.backfill, spec)
    }

    private mutating func begin(_ date: BackfillDate, of backfill: Backfill, _ spec: DAGSpec, at now: Date) {
        let key = RunKey(backfill.dagID, date.runID)
        if date.reprocesses != nil {
            backfills[backfill.id]?.loading.insert(key)
            pending.reruns.append(Rerun(backfill: backfill.id, run: key, date: date.logicalDate))
            return
        }
        let run = DAGRun.backfill(backfill, date.planned, of: spec, at: now)
        follow(RunMachine(creating: run, of: spec))
        backfills[backfill.id]?.runs.insert(key)
        noteInRow(run, at: now)
        advance(key, .start, at: now)
    }

    /// Starts a run anew that was read from the store; `nil` if it is not there or has not ended.
    public mutating func reprocess(_ snapshot: RunSnapshot?, for work: Rerun, at now: Date) {
        backfills[work.backfill]?.loading.remove(work.run)
        dueBackfills.insert(work.backfill)
        guard let snapshot, snapshot.run.state.isFinished, !machines.contains(work.run),
            let entry = backfills[work.backfill], let spec = dags[work.run.dagID]?.spec
        else { return }
        follow(RunMachine(snapshot, of: spec, at: now))
        backfills[work.backfill]?.runs.insert(work.run)
        advance(work.run, .reprocess(backfill: work.backfill, actor: entry.backfill.createdBy), at: now)
        askFollowers(of: work.run, at: now)
        advance(work.run, .start, at: now)
    }

    /// Counts an open run that was taken from the store against its backfill; false if it has none that is known.
    mutating func adoptIntoBackfill(_ run: DAGRun) -> Bool {
        guard let id = run.backfillID, backfills[id] != nil else { return false }
        backfills[id]?.runs.insert(run.key)
        if run.state == .queued {
            backfills[id]?.queuedRuns.insert(QueuedRun(runAfter: run.runAfter, key: run.key))
        }
        dueBackfills.insert(id)
        return true
    }

    /// Drops a run that ended, or that is taken anew.
    mutating func leaveBackfill(_ key: RunKey) {
        for (id, entry) in backfills where entry.runs.contains(key) {
            backfills[id]?.runs.remove(key)
            var queued = Heap<QueuedRun>()
            while let run = backfills[id]?.queuedRuns.removeFirst() {
                if run.key != key { queued.insert(run) }
            }
            backfills[id]?.queuedRuns = queued
            dueBackfills.insert(id)
        }
    }

    /// The backfill that an open run counts against; `nil` for one of the DAG's own.
    func backfill(of key: RunKey) -> Backfill? {
        guard let id = machines.read(key, { $0.run.backfillID }) ?? nil else { return nil }
        return backfills[id]?.backfill
    }

    /// A run that is to be read from the store, to start anew for a backfill.
    public struct Rerun: Hashable, Sendable {
        public let backfill: Int64
        public let run: RunKey
        public let date: Date
    }
}

extension Planner {
    /// The runs of a DAG that have not ended, those of its backfills among them.
    func openRuns(of dag: DAGID) -> [RunKey] {
        let runs = backfills.values.filter { $0.backfill.dagID == dag }.map(\.runs)
        return runs.reduce(dags[dag]?.activeRuns ?? []) { $0.union($1) }.sorted()
    }
}

extension Backfill {
    /// Why a run of it does not start yet.
    var waitReason: String {
        if isPaused { return "backfill \(id) is paused" }
        return "waits for other runs of backfill \(id) to end (max_active_runs \(maxActiveRuns))"
    }
}

extension BackfillDate {
    /// The run that is created or cleared for the date.
    var runID: RunID { reprocesses ?? RunID(RunType.backfill.runID(for: logicalDate)) }
}

extension RunBatch {
    /// The date of a backfill that this change works off; `nil` for any other change.
    package var backfillStep: (backfill: Int64, date: Date)? {
        guard let date = updatedRun.logicalDate, updatedRun.backfillID != nil else { return nil }
        for event in events where event.kind == .runCreated || event.kind == .runCleared {
            if let id = event.detail["backfill_id"]?.integer { return (id, date) }
        }
        return nil
    }
}
