import DagKitCore
import FoundationEssentials

/// A planner over a store in memory, turned as a scheduler turns it, for runs that follow each other.
struct RowBench {
    let store: InMemoryStore
    let spec: DAGSpec
    private(set) var planner: Planner

    /// What was handed to the executor and has not ended: `run/task`.
    private(set) var orders: [String: AttemptOrder] = [:]

    /// How often the store was asked about a run before.
    private(set) var queries = 0

    init(_ spec: DAGSpec, _ store: InMemoryStore = InMemoryStore()) async throws {
        self.spec = spec
        self.store = store
        planner = Planner(parallelism: 32)
        planner.addTokens(1...1000)
        planner.setPools(try await store.pools())
        planner.setDAGs([spec], paused: [], lastIntervals: [:], at: .noon)
    }

    /// What runs, in order.
    var running: [String] { orders.keys.sorted() }

    /// Decides, commits, and answers what is asked, until nothing follows.
    mutating func settle() async throws {
        repeat {
            let step = planner.step(at: .noon)
            let result = try await store.commit(step.batches, durability: .process)
            precondition(result.conflicts.isEmpty, "the test has one writer at a time")
            for order in step.effects.orders { orders[name(of: order)] = order }
            for (run, query) in planner.pastQueries {
                queries += 1
                planner.learn(try await store.pastRun(query), before: run)
            }
            planner.answerPast(at: .noon)
            for work in step.effects.reruns {
                planner.reprocess(try await store.snapshot(of: work.run), for: work, at: .noon)
            }
            for id in step.effects.completedBackfills { try await store.completeBackfill(id, at: .noon) }
            for id in planner.unreadBackfills {
                planner.setDates(try await store.dates(of: id, pendingOnly: true), of: id)
            }
        } while planner.hasMoreToDo
    }

    /// `day2/load`, or `back2/load` for a run that a backfill made.
    private func name(of order: AttemptOrder) -> String {
        let run = order.key.run.runID
        guard RunType(runID: run.rawValue) == .backfill, let date = order.logicalDate else {
            return "\(run)/\(order.key.taskID)"
        }
        return "back\(Int(date.timeIntervalSince(.noon) / 86400))/\(order.key.taskID)"
    }

    /// The id of a run by its short name.
    func runID(_ name: String) -> RunID {
        guard name.hasPrefix("back"), let day = Double(name.dropFirst(4)) else { return RunID(name) }
        return RunID(RunType.backfill.runID(for: .noon + day * 86400))
    }

    /// Creates a run as somebody else does, for a day after noon.
    mutating func trigger(_ day: Int, type: RunType = .manual) async throws {
        let date = Date.noon + Double(day) * 86400
        let run = DAGRun(
            key: RunKey(spec.id, RunID("day\(day)")), type: type, logicalDate: date,
            dataInterval: DataInterval(exactly: date), runAfter: .noon, queuedAt: .noon,
            structureHash: spec.structureHash)
        var machine = RunMachine(creating: run, of: spec, actor: "test")
        if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .full) }
        try await read(run.key)
    }

    mutating func end(_ name: String, _ verdict: AttemptOutcome.Verdict = .success(nil)) async throws {
        guard let order = orders.removeValue(forKey: name) else {
            preconditionFailure("\(name) does not run")
        }
        planner.take(
            AttemptOutcome(
                attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber, verdict: verdict,
                startedAt: .noon, endedAt: .noon), at: .noon)
        try await settle()
    }

    mutating func fail(_ name: String) async throws {
        try await end(name, .failed(reason: "exit 1", isRetryable: false, retryDelay: nil))
    }

    /// Somebody else changes a run.
    mutating func change(
        _ day: Int, _ event: @Sendable (RunMachine) -> RunMachine.Event?
    ) async throws {
        let key = RunKey(spec.id, RunID("day\(day)"))
        _ = try await store.change(key, of: spec, at: .noon, event)
        try await read(key)
    }

    /// Takes a run from the store, as after a change that somebody announced.
    mutating func read(_ key: RunKey) async throws {
        if let snapshot = try await store.snapshot(of: key) { planner.adopt(snapshot, at: .noon) }
        try await settle()
    }

    /// Reads the backfills that others created or changed.
    mutating func look() async throws {
        planner.setBackfills(try await store.openBackfills())
        try await settle()
    }

    mutating func setPaused(_ isPaused: Bool) async throws {
        planner.setPaused(isPaused ? [spec.id] : [], at: .noon)
        try await settle()
    }

    /// Begins anew with what is stored, as a scheduler after a crash.
    mutating func restart() async throws {
        let attempts = Set(orders.values.map(\.attemptID))
        planner = Planner(parallelism: 32)
        planner.addTokens(5000...6000)
        planner.setPools(try await store.pools())
        planner.setDAGs([spec], paused: [], lastIntervals: [:], at: .noon)
        planner.setBackfills(try await store.openBackfills())
        for snapshot in try await store.unfinishedRuns() { planner.adopt(snapshot, at: .noon) }
        planner.reconcile(alive: attempts, at: .noon)
        try await settle()
    }

    /// Sets the slots of the default pool.
    mutating func resize(to slots: Int) async throws {
        planner.setPools([try Pool(Pool.defaultName, slots: slots)])
        try await settle()
    }

    func reason(_ day: Int, _ task: TaskID) async throws -> String? {
        try await instance(day, task)?.reason
    }

    func instance(_ day: Int, _ task: TaskID) async throws -> TaskInstance? {
        try await store.taskInstances(of: RunKey(spec.id, RunID("day\(day)"))).first { $0.taskID == task }
    }

    func run(_ day: Int) async throws -> DAGRun? {
        try await store.snapshot(of: RunKey(spec.id, RunID("day\(day)")))?.run
    }
}

extension DAGSpec {
    /// `load`, which may depend on its past, then `check` and `count`.
    static func row(
        _ options: TaskOptions = TaskOptions(), catchup: Catchup = .latest,
        startDate: InstantLiteral? = nil, maxActiveRuns: Int = 16
    ) throws -> DAGSpec {
        var draft = GraphDraft(
            configuration: DAGConfiguration(
                "row", startDate: startDate, catchup: catchup, maxActiveRuns: maxActiveRuns))
        draft.tasks = ["load", "check", "count"].map { id in
            TaskDraft(
                id: TaskID(id), edges: id == "load" ? [] : [TaskEdge(to: "load")],
                options: id == "load" ? options : TaskOptions(), operatorName: "Fixture",
                work: TaskWork { _ in nil }, location: SourceLocation(file: "Fixture.swift", line: 1))
        }
        return try DAGSpec(draft, zones: TimeZones())
    }
}
