public import FoundationEssentials

/// Moves one run from its creation to its verdict: takes what happened and says what follows.
///
/// The machine reads no clock and does no I/O. Each call of ``advance(_:at:)`` costs what the tasks cost that the
/// event touches, however many the DAG has. What it decided collects until ``takeBatch()`` hands it over to be
/// committed; effects (attempts to dispatch or to kill) are carried out after that.
///
/// ```swift
/// var machine = RunMachine(creating: run, of: spec, at: now)
/// let step = machine.advance(.start, at: now)
/// step.ready  // the instances that wait for a slot
/// ```
public struct RunMachine: Sendable {
    public let spec: DAGSpec
    public internal(set) var run: DAGRun

    /// By task index.
    var nodes: [Node]

    /// How many instances have not finished.
    var unfinished: Int

    /// How many instances wait for a slot, run, or wait for their next try or for something outside the run.
    var active = 0

    /// When instances go on by themselves.
    var wakes = Heap<Wake>()
    var outputCounts: [TaskID: Int]

    /// For each task that a branch, short circuit or latest-only point skips, the tasks that decided it.
    var skippedBy: [Int: Set<Int>] = [:]
    var pending: RunBatch

    /// Instances that the DAG has no place for any more, and whose attempts are not dead yet.
    var displaced: [TaskInstance] = []

    /// The attempts of instances that were displaced, to be ended with the next step.
    var lostAttempts: [AttemptKill] = []
    var changed: Set<InstanceRef> = []

    /// The places in the pending events at which instances were scheduled.
    var scheduledEvents: [InstanceRef: Int] = [:]
    /// The places in the pending events of what people asked for themselves, and are not told.
    var untold: Set<Int> = []
    var step = Step()
    var queue: [Int] = []

    /// Instances of mapped groups to be decided about, one by one.
    var instanceQueue: [InstanceRef] = []

    /// Whether tasks start without asking about the run before.
    public var ignoresPast = false

    /// The task that is being told that the run before does not hold it.
    var pastIsMet: Int?

    /// How many outcomes were refused since their attempt no longer had the right to report one.
    public internal(set) var staleOutcomes = 0

    /// How many instances were looked at and how many edges were counted, for tests that count work.
    package internal(set) var visits = 0

    /// What an event led to.
    public struct Step: Sendable {
        /// What was decided, in order; it is committed with the batch.
        public var events: [RunEvent] = []

        /// The instances whose dependencies are met now and that wait for a slot.
        public var ready: [InstanceRef] = []

        /// The attempts to end.
        public var kills: [AttemptKill] = []

        /// The instances that the scheduler began to wait for, and those that it no longer does, in order.
        public var waits: [(reference: InstanceRef, isOver: Bool)] = []
        /// The tasks that could start and ask about the run before; ``Event/past(_:)`` answers.
        public var questions: [Int] = []
    }

    /// What can happen to a run.
    public enum Event: Sendable {
        /// The run may start, or goes on after its scheduler was away.
        case start
        /// Attempts are handed to an executor.
        case dispatched([(InstanceRef, AttemptID)])
        /// An attempt ended.
        case finished(AttemptOutcome)
        /// The scheduler waits in the place of instances that were waiting for a slot.
        case deferred([InstanceRef])
        /// What a deferred instance waits for came to an end.
        case awaited(InstanceRef, Awaited, ExternalWait.Verdict)
        /// Deferred instances are to be looked after by attempts, since nobody else does.
        case resumed([InstanceRef])
        /// Time passed: retries fall due, the run times out.
        case tick
        /// What the run before says of tasks that depend on their past.
        case past([Int: PastAnswer])
        /// Somebody wants instances to start anew.
        case clear([InstanceRef], actor: String)
        /// A backfill lets the run, which has ended, start anew.
        case reprocess(backfill: Int64, actor: String)
        /// Somebody gives instances a final state.
        case mark([InstanceRef], MarkedState, actor: String)
        /// Somebody gives the run a verdict.
        case markRun(MarkedState, actor: String)

        /// Whether tasks are to run again: a run that has ended follows its DAG as it is now from then on.
        var startsAnew: Bool {
            switch self {
            case .clear, .reprocess: true
            default: false
            }
        }
    }

    /// A task with its instances and the tallies that decide about it.
    struct Node: Sendable {
        var instances: [TaskInstance]
        var isExpanded: Bool
        var tally = UpstreamTally()
        var setups = UpstreamTally()

        /// By instance, what is counted of the same instance of other tasks of a mapped group.
        var aligned: [Aligned] = []

        /// How many instances have not finished.
        var open: Int { instances.count - finished }
        var finished = 0

        /// How many instances succeeded or were skipped.
        var passed = 0
    }

    /// The tallies of one instance within a mapped group.
    struct Aligned: Sendable {
        var tally = UpstreamTally()
        var setups = UpstreamTally()
    }

    /// An instant at which an instance goes on: its next try, its next look, the end of its wait.
    struct Wake: Comparable, Sendable {
        let at: Date
        let instance: InstanceRef

        static func < (left: Wake, right: Wake) -> Bool {
            (left.at, left.instance) < (right.at, right.instance)
        }
    }

    // MARK: Making one

    /// Creates the machine of a run that is created now; its first batch creates the run.
    ///
    /// - Parameter consumption: The updates of assets that it is created for.
    public init(
        creating run: DAGRun, of spec: DAGSpec, consuming consumption: AssetConsumption? = nil,
        actor: String = RunEvent.scheduler
    ) {
        self.init(
            spec: spec, run: run, expectedRevision: nil,
            nodes: spec.tasks.map { task in
                Node(instances: [task.newInstance(of: run.key)], isExpanded: !task.isMapped)
            })
        for task in spec.tasks { changed.insert(InstanceRef(task: task.index, instance: 0)) }
        pending.consumption = consumption
        var detail = run.creationDetail
        if let consumption { detail["asset_events"] = consumption.json }
        record(RunEvent(.runCreated, run: run.key, at: run.queuedAt, detail: detail, actor: actor))
    }

    /// Creates the machine of a run as a store holds it.
    ///
    /// Tasks that the DAG got since then get an instance; unfinished instances of tasks that it lost are removed, those
    /// that run once their attempts are dead.
    ///
    /// What follows from another structure than the run had is part of the next batch.
    public init(_ snapshot: RunSnapshot, of spec: DAGSpec, at now: Date) {
        let fit = StructureFit(snapshot, spec)
        let nodes = spec.tasks.map { task in
            let instances = fit.instances[task.index]
            return Node(
                instances: instances, isExpanded: !task.isMapped || instances[0].mapIndex >= 0)
        }
        self.init(spec: spec, run: snapshot.run, expectedRevision: snapshot.run.revision, nodes: nodes)
        outputCounts = snapshot.outputCounts
        for decision in snapshot.skipDecisions { restore(decision) }
        follow(fit, at: now)
    }

    private init(spec: DAGSpec, run: DAGRun, expectedRevision: Int64?, nodes: [Node]) {
        self.spec = spec
        self.run = run
        self.nodes = nodes
        outputCounts = [:]
        unfinished = 0
        pending = RunBatch(run: run, expectedRevision: expectedRevision)
        for task in spec.tasks { count(task) }
    }

    private mutating func count(_ task: TaskSpec) {
        if task.mapGroup != nil { align(task) }
        // Worked out first and set then: a call on the machine while one of its nodes changes would copy all of them.
        let upstream = tally(of: task.upstream, for: task.index)
        let setups = tally(of: spec.relevantSetups[task.index], for: task.index)
        nodes[task.index].tally = upstream
        nodes[task.index].setups = setups
        for position in nodes[task.index].instances.indices {
            let instance = nodes[task.index].instances[position]
            if !instance.isFinished { unfinished += 1 } else { nodes[task.index].finished += 1 }
            if instance.state?.letsTheNextRunStart == true { nodes[task.index].passed += 1 }
            guard let state = instance.state, !state.isFinished else { continue }
            active += 1
            for instant in wakes(of: instance, task) {
                wakes.insert(Wake(at: instant, instance: InstanceRef(task: task.index, instance: position)))
            }
        }
    }

    /// Counts the instances of some tasks for another; what follows instance by instance is counted elsewhere.
    private func tally(of sources: [Int], for target: Int) -> UpstreamTally {
        var tally = UpstreamTally()
        for source in sources where !isAligned(source, target) {
            let isSetup = spec.tasks[source].kind == .setup
            tally.total += nodes[source].instances.count
            if isSetup { tally.setups += nodes[source].instances.count }
            for instance in nodes[source].instances { tally.count(instance.state, isSetup: isSetup) }
        }
        return tally
    }

    // MARK: What is there

    /// The instance at a place.
    public subscript(reference: InstanceRef) -> TaskInstance {
        nodes[reference.task].instances[reference.instance]
    }

    /// All instances, by the order of the DAG and the map index.
    public var instances: [TaskInstance] { nodes.flatMap(\.instances) }

    /// The place of an instance; `nil` if the run has none of that key.
    public func reference(to key: TaskInstanceKey) -> InstanceRef? {
        guard key.run == run.key, let task = spec.index(of: key.taskID) else { return nil }
        let position = max(key.mapIndex, 0)
        guard nodes[task].instances.indices.contains(position),
            nodes[task].instances[position].mapIndex == key.mapIndex
        else { return nil }
        return InstanceRef(task: task, instance: position)
    }

    /// The instances that wait for a slot, in the order of the DAG.
    public var waitingForSlot: [InstanceRef] { references { $0.state == .scheduled } }

    /// The instances that an attempt exists of.
    public var running: [InstanceRef] { references { $0.state?.isActive == true } }

    /// The instances that the scheduler waits for.
    public var deferred: [InstanceRef] { references { $0.state == .deferred } }

    func references(where isMeant: (TaskInstance) -> Bool) -> [InstanceRef] {
        var found: [InstanceRef] = []
        for (task, node) in nodes.enumerated() {
            for (position, instance) in node.instances.enumerated() where isMeant(instance) {
                found.append(InstanceRef(task: task, instance: position))
            }
        }
        return found
    }

    /// The next instant at which ``Event/tick`` changes something; `nil` if none is known.
    public var nextDeadline: Date? {
        guard run.state == .running, let own = nextOwnDeadline else { return nextAlert }
        return nextAlert.map { min($0, own) } ?? own
    }

    private var nextOwnDeadline: Date? {
        let due = wakes.first?.at
        guard let limit = timeoutInstant else { return due }
        return due.map { min($0, limit) } ?? limit
    }

    /// When the run times out; `nil` if it never does, or did already.
    var timeoutInstant: Date? {
        guard !isEnding, let start = run.startDate,
            let limit = spec.configuration.runTimeout
        else { return nil }
        return start + limit.seconds
    }

    /// The reason of a run that took longer than its DAG allows.
    public static let timedOut = "timed_out"

    /// Why the attempts of a run that is ending are ended.
    var endingReason: String {
        guard run.reason == Self.timedOut, let limit = spec.configuration.runTimeout else {
            return "the run was marked failed"
        }
        return "the run took longer than its dagrun_timeout of \(limit)"
    }

    /// The reason of a run of which nothing can run any more.
    public static let deadlocked = "all_tasks_deadlocked"

    // MARK: Handing over

    private static let keptCapacity = 64

    /// What was decided since the last call, to be committed whole; `nil` if nothing was.
    public mutating func takeBatch() -> RunBatch? {
        guard !pending.events.isEmpty || !changed.isEmpty else { return nil }
        explainUnsaidWaits()
        // The pending batch was begun with the run as it was handed over last.
        visits += changed.count
        let isNew = pending.expectedRevision == nil
        let changesRun = isNew || run != pending.updatedRun
        run.revision += 1
        var batch = pending
        batch.updatedRun = run
        batch.changesRun = changesRun
        batch.instances += changed.sorted().map { self[$0] }
        batch.notices = notices(of: batch.events)
        // Emptying a large table costs its size: what one large change made room for, small ones do not keep.
        changed.removeAll(keepingCapacity: changed.capacity <= Self.keptCapacity)
        scheduledEvents.removeAll(keepingCapacity: scheduledEvents.capacity <= Self.keptCapacity)
        untold.removeAll()
        pending = RunBatch(run: run, expectedRevision: run.revision)
        return batch
    }
}

/// The place of a task instance within its run: the index of its task, and its index among that task's instances.
public struct InstanceRef: Hashable, Comparable, Sendable {
    public let task: Int
    public let instance: Int

    public init(task: Int, instance: Int) {
        self.task = task
        self.instance = instance
    }

    public static func < (left: InstanceRef, right: InstanceRef) -> Bool {
        (left.task, left.instance) < (right.task, right.instance)
    }
}

extension TaskSpec {
    /// The instance of this task that nothing has happened to yet.
    func newInstance(of run: RunKey, mapIndex: Int = -1) -> TaskInstance {
        TaskInstance(
            key: TaskInstanceKey(run, id, mapIndex: mapIndex), maxTries: retries, pool: pool,
            poolSlots: poolSlots,
            priorityWeight: priorityWeight, queue: queue, operatorName: operatorName)
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
