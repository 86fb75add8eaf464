public import FoundationEssentials

/// Which run is the one before, and what is to be known of it.
public struct PastQuery: Hashable, Sendable {
    public let dagID: DAGID

    /// The logical date that the run comes before.
    public let before: Date

    /// The earliest logical date that counts: where the newest run before is older than that, there is none.
    public let since: Date?
    public let leavesOutManualRuns: Bool

    /// The tasks whose states are told.
    public let tasks: [TaskID]

    public init(
        dagID: DAGID, before: Date, since: Date? = nil, leavesOutManualRuns: Bool = false, tasks: [TaskID]
    ) {
        self.dagID = dagID
        self.before = before
        self.since = since
        self.leavesOutManualRuns = leavesOutManualRuns
        self.tasks = tasks
    }
}

/// The run before a run, as tasks that depend on their past see it.
public struct PastRun: Hashable, Sendable {
    public let key: RunKey
    public let logicalDate: Date

    /// For each task that has instances in the run: whether all of them succeeded or were skipped.
    public let passed: [TaskID: Bool]

    /// Of the tasks that have none, those that some earlier run had.
    public let knownEarlier: Set<TaskID>

    public init(key: RunKey, logicalDate: Date, passed: [TaskID: Bool], knownEarlier: Set<TaskID> = []) {
        self.key = key
        self.logicalDate = logicalDate
        self.passed = passed
        self.knownEarlier = knownEarlier
    }

    /// What keeps a task of the next run from starting; `nil` if nothing does.
    ///
    /// - Parameter passed: Whether a task of this run is done well, where that is known better than here.
    public func obstacle(
        to task: TaskSpec, of spec: DAGSpec, passed isPassed: (TaskID) -> Bool? = { _ in nil }
    ) -> PastObstacle? {
        guard let rule = task.pastRule else { return nil }
        guard let ownPassed = isPassed(task.id) ?? passed[task.id] else {
            let isFirst = rule.ignoresFirst && !knownEarlier.contains(task.id)
            return isFirst ? nil : PastObstacle(run: key.runID, task: task.id, isMissing: true)
        }
        guard ownPassed else { return PastObstacle(run: key.runID, task: task.id) }
        guard rule.includesDownstream else { return nil }
        let open = task.downstream.lazy.map { spec.tasks[$0].id }.first {
            (isPassed($0) ?? passed[$0]) == false
        }
        return open.map { PastObstacle(run: key.runID, task: $0) }
    }
}

/// The task of the run before that another one waits for.
public struct PastObstacle: Hashable, Sendable {
    public let run: RunID
    public let task: TaskID

    /// Whether the run before does not have the task.
    public let isMissing: Bool

    public init(run: RunID, task: TaskID, isMissing: Bool = false) {
        self.run = run
        self.task = task
        self.isMissing = isMissing
    }

    /// The reason that the waiting instance shows.
    public var reason: String {
        let fault = isMissing ? "is no part of" : "has not succeeded in"
        return "\(Self.opening): task \(task) \(fault) \(run)"
    }

    /// The reason beside the one for which the last try failed, where a retry waits.
    func reason(beside failure: String?) -> String {
        guard let cause = failure?.split(separator: "; \(Self.opening)").first else { return reason }
        return "\(cause); \(reason)"
    }

    private static let opening = "waits for the run before"
}

extension TaskState {
    /// Whether the state lets the next run's instance start; what was removed is no longer waited for.
    public static let thatLetTheNextRunStart: Set<TaskState> = [.success, .skipped, .removed]

    public var letsTheNextRunStart: Bool { Self.thatLetTheNextRunStart.contains(self) }
}
