public import FoundationEssentials

/// Decides what a scheduler does next: which runs are created, which start, and which task instances get a slot.
///
/// Pure: no clock, no I/O. A scheduler feeds it what happened, commits the batches of ``step(at:)``, and only then
/// carries out its effects. One step costs what changed, however many DAGs, runs and tasks there are.
public struct Planner: Sendable {
    /// How many attempts may run at once.
    public let parallelism: Int

    /// The DAGs that runs may follow.
    var dags: [DAGID: Entry] = [:]
    var machines = RunMachines()

    /// The attempts that run, also those of runs that are set aside.
    public internal(set) var running: [AttemptID: Slot] = [:]

    /// Runs that are not followed though attempts of them run: what these hold is free only when they end.
    var aside: Set<RunKey> = []
    var pools: [String: PoolUse] = [:]
    var ready = Heap<Candidate>()

    /// Candidates that the scheduler can wait for in their place: they need no slot of the executor.
    var deferrable = Heap<Candidate>()

    /// The instances that the scheduler waits for, with what they hold.
    var deferred: [Waiter: Deferred] = [:]

    /// By DAG and logical date of the runs that are waited for, who waits for them.
    var waiters: [DAGID: [Date: Set<Waiter>]] = [:]

    /// By URI of the assets that are waited for, who waits for them.
    var assetWaiters: [String: Set<Waiter>] = [:]

    /// Who is to be told how that stands which they wait for.
    var lookers: Set<Waiter> = []

    /// Candidates that wait for something else than one of the ``parallelism`` slots, by what they wait for.
    var blocked: [Obstacle: Heap<Candidate>] = [:]

    /// The numbers of slots of each pool that somebody waited for.
    var wantedSlots: [String: Set<Int>] = [:]

    /// How many candidates were looked at, for tests that count work.
    package internal(set) var consideredCandidates = 0
    /// How many attempts count against the limits of single tasks; those without limits are not counted.
    var occupied: [Obstacle: Int] = [:]
    var deadlines = Heap<Deadline>()

    /// For which instant each run stands among the deadlines; what else is there of it is void.
    var alarms: [RunKey: Date] = [:]
    var tokens: [AttemptID] = []
    var touched: Set<RunKey> = []
    var dueDAGs: Set<DAGID> = []
    var waitingDAGs: Set<DAGID> = []

    /// The DAGs that run on assets, and those whose assets were updated.
    var assetDAGs: [DAGID] = []
    var dueByAssets: Set<DAGID> = []
    var ordinal = 0

    /// For each run: candidates up to this ordinal belong to what was known before.
    var floors: [RunKey: Int] = [:]
    var pending = Effects()

    /// The backfills that are worked off, and those of them that something has changed for.
    var backfills: [Int64: BackfillEntry] = [:]
    var dueBackfills: Set<Int64> = []

    /// What is known of the runs before the open ones, for the tasks that ask about them.
    var pasts: [RunKey: Past] = [:]

    /// For a run, those that come right after it.
    var followers: [RunKey: Set<RunKey>] = [:]

    /// The runs with questions about the run before.
    var asking: Set<RunKey> = []

    /// The runs that were brought back from a clock that was ahead, of which nobody has been told.
    var broughtBack: Set<RunKey> = []

    /// - Parameter parallelism: How many attempts may run at once.
    public init(parallelism: Int) { self.parallelism = parallelism }

    /// A DAG with what the planner counts of it.
    struct Entry: Sendable {
        let spec: DAGSpec
        var settings: [String: String]
        var isPaused: Bool
        var lastInterval: DataInterval?

        /// Since when the DAG is not paused, as far as the planner knows.
        var activeSince: Date
        var next: PlannedRun?
        var activeRuns: Set<RunKey> = []
        var queuedRuns = Heap<QueuedRun>()
        var runningTasks = 0

        /// How many of the newest runs failed, one after the other.
        var failuresInARow = 0

        /// The updates of assets that the DAG's next run waits for.
        var assetWait = AssetWait()

        var maxActiveRuns: Int {
            min(spec.configuration.maxActiveRuns, spec.schedule.timetable.maximumActiveRuns ?? .max)
        }

        /// Whether the next run is planned once more when its turn has come.
        func isPlannedWhenDue(at now: Date) -> Bool {
            // One that covers the time since the one before is, when that has ended.
            if spec.schedule.timetable.maximumActiveRuns != nil { return activeRuns.isEmpty }
            // Of those that were missed only the latest may be wanted, however long this one had to wait.
            return spec.schedule.bounds.catchup != .all && next.map { $0.runAfter <= now } == true
        }
    }

    /// A run that waits for its start.
    struct QueuedRun: Comparable, Sendable {
        let runAfter: Date
        let key: RunKey

        static func < (left: QueuedRun, right: QueuedRun) -> Bool {
            (left.runAfter, left.key.runID) < (right.runAfter, right.key.runID)
        }
    }

    /// What a running attempt holds.
    public struct Slot: Sendable {
        public let key: TaskInstanceKey
        public let tryNumber: Int
        let pool: String
        let poolSlots: Int

        /// The limits of its task that the attempt counts against.
        var limits: [Obstacle] = []

        public var run: RunKey { key.run }

        init(_ instance: TaskInstance, limits: [Obstacle]) {
            key = instance.key
            tryNumber = instance.tryNumber
            pool = instance.pool
            poolSlots = instance.poolSlots
            self.limits = limits
        }
    }

    /// A pool with the slots that are taken.
    struct PoolUse: Sendable {
        let pool: Pool
        var occupied = 0

        /// The slots of deferred instances, which count where the pool says so.
        var deferred = 0

        func admits(_ needed: Int) -> Bool {
            pool.admits(needed, occupied: occupied + (pool.includesDeferred ? deferred : 0))
        }
    }

    /// A task instance that waits for a slot; the heaviest first, then the oldest run, then the oldest wait.
    struct Candidate: Comparable, Sendable {
        let weight: Int
        let runAfter: Date
        let ordinal: Int
        let run: RunKey
        let reference: InstanceRef
        let isDeferrable: Bool

        /// What it waited for until its turn came; if it does not take what became free, its turn goes to the next.
        var origin: Obstacle?

        static func < (left: Candidate, right: Candidate) -> Bool {
            (right.weight, left.runAfter, left.ordinal) < (left.weight, right.runAfter, right.ordinal)
        }
    }

    /// What a candidate waits for besides a slot of the executor.
    enum Obstacle: Hashable, Sendable {
        /// So many slots of a pool.
        case pool(String, slots: Int)
        case dag(DAGID)
        case pause(DAGID)
        /// The task has as many instances running as it may, over all runs.
        case task(DAGID, TaskID)
        /// The same, in one run.
        case taskOfRun(RunKey, TaskID)
        /// The run before does not let the task at this index start.
        case past(RunKey, Int)
    }

    /// An instant at which a run or a schedule wants to be looked at.
    struct Deadline: Comparable, Sendable {
        enum Subject: Hashable, Sendable { case run(RunKey), schedule(DAGID) }

        let at: Date
        let subject: Subject

        static func < (left: Deadline, right: Deadline) -> Bool { left.at < right.at }
    }

    /// What is to be done once the batches are committed.
    public struct Effects: Sendable {
        /// The attempts to hand to the executor, in the order of their weight.
        public var orders: [AttemptOrder] = []
        public var kills: [AttemptKill] = []

        /// The attempts whose outcome is stored, or refused, with this commit.
        public var acknowledged: [AttemptID] = []

        /// Planned runs that changed.
        public var nextRuns: [DAGID: PlannedRun?] = [:]

        /// DAGs that this commit pauses, since too many of their runs failed in a row.
        public var pausedDAGs: [DAGID] = []

        /// Runs that ended with this commit.
        public var finishedRuns: [DAGRun] = []

        /// Waits of which the store is to be asked, once this commit is made, how it stands with them.
        package var looks: [Look] = []

        /// Runs to be read from the store, which start anew for a backfill.
        public var reruns: [Rerun] = []

        /// Backfills of which nothing is left to do.
        public var completedBackfills: [Int64] = []
    }

    /// What one step decided.
    public struct Step: Sendable {
        public var batches: [RunBatch] = []
        public var effects = Effects()

        public init() {}
    }

    /// How many attempt tokens the planner should be handed before the next step.
    public var missingTokens: Int {
        let wanted = min(parallelism, running.count + ready.count + 8)
        return max(0, wanted - running.count - tokens.count)
    }

    /// Hands over tokens that the store issued.
    public mutating func addTokens(_ range: ClosedRange<Int64>) {
        tokens.append(contentsOf: range.reversed().map(AttemptID.init(rawValue:)))
    }

    /// Whether runs of a DAG may be followed.
    public func knows(_ dag: DAGID) -> Bool { dags[dag] != nil }

    /// How many runs have not finished.
    public var openRuns: Int { machines.count }

    /// The machine of a run that has not finished; `nil` if there is none.
    public func machine(of run: RunKey) -> RunMachine? { machines[run] }

    /// The next instant at which ``step(at:)`` changes something by itself; `nil` if none is known.
    public var nextDeadline: Date? { deadlines.first?.at }

    // MARK: What happened

    /// Takes the outcome of an attempt.
    public mutating func take(_ outcome: AttemptOutcome, at now: Date) {
        pending.acknowledged.append(outcome.attemptID)
        release(outcome.attemptID)
        advance(outcome.key.run, .finished(outcome), at: now)
    }

    /// Says which attempts still run after a restart; those that the planner counts as running and that are not
    /// among them never began or died unseen: the same try goes again.
    ///
    /// - Returns: What they came to, which has been taken already.
    @discardableResult
    public mutating func reconcile(alive: Set<AttemptID>, at now: Date) -> [AttemptOutcome] {
        let lost = running.keys.filter { !alive.contains($0) }.sorted().compactMap { attempt in
            running[attempt].map { slot in
                AttemptOutcome(
                    attemptID: attempt, key: slot.key, tryNumber: slot.tryNumber,
                    verdict: .notStarted(reason: "the attempt was lost before it began"), startedAt: now,
                    endedAt: now)
            }
        }
        for outcome in lost { take(outcome, at: now) }
        return lost
    }

    mutating func advance(_ run: RunKey, _ event: RunMachine.Event, at now: Date) {
        guard let step = machines.update(run, { $0.advance(event, at: now) }) else { return }
        pending.kills += step.kills
        for wait in step.waits { noteWait(of: wait.reference, of: run, isOver: wait.isOver) }
        for reference in step.ready { enqueue(reference, of: run) }
        if !step.questions.isEmpty { ask(step.questions, in: run) }
        touched.insert(run)
    }

    mutating func enqueue(_ reference: InstanceRef, of run: RunKey) {
        ordinal += 1
        let ordinal = ordinal
        let candidate = machines.read(run) { machine in
            Candidate(
                weight: machine[reference].priorityWeight, runAfter: machine.run.runAfter, ordinal: ordinal,
                run: run, reference: reference,
                isDeferrable: machine.spec.tasks[reference.task].work.deferral != nil)
        }
        if let candidate { line(up: candidate) }
    }

    private mutating func line(up candidate: Candidate) {
        if candidate.isDeferrable { deferrable.insert(candidate) } else { ready.insert(candidate) }
    }

    mutating func release(_ attempt: AttemptID) {
        guard let slot = running.removeValue(forKey: attempt) else { return }
        pools[slot.pool]?.occupied -= slot.poolSlots
        dags[slot.run.dagID]?.runningTasks -= 1
        unblockPool(slot.pool)
        unblock(.dag(slot.run.dagID), all: false)
        for limit in slot.limits {
            occupied[limit, default: 1] -= 1
            if occupied[limit] == 0 { occupied[limit] = nil }
            unblock(limit, all: false)
        }
        if aside.contains(slot.run), !holdsSlots(slot.run) { forget(slot.run) }
    }

    /// The limits of a task on its own instances, with how many of them may run.
    func limits(of reference: InstanceRef, in run: RunKey) -> [(Obstacle, Int)] {
        machines.read(run) { machine in
            var limits: [(Obstacle, Int)] = []
            let tasks = machine.spec.tasks
            if let limit = tasks[reference.task].maxActiveInstances {
                limits.append((.task(run.dagID, tasks[reference.task].id), limit))
            }
            if let limit = tasks[reference.task].maxActiveInstancesPerRun {
                limits.append((.taskOfRun(run, tasks[reference.task].id), limit))
            }
            return limits
        } ?? []
    }

    /// Lets the first of those that want each number of slots of a pool try again; where it gets them, the next follows.
    ///
    /// So what one slot costs that becomes free does not grow with the number of those that wait.
    mutating func unblockPool(_ name: String) {
        for slots in wantedSlots[name] ?? [] { unblock(.pool(name, slots: slots), all: false) }
    }

    /// Lets candidates that waited for `obstacle` try again.
    mutating func unblock(_ obstacle: Obstacle, all: Bool) {
        while var candidate = blocked[obstacle]?.removeFirst() {
            candidate.origin = obstacle
            line(up: candidate)
            if !all { return }
        }
    }
}
