public import FoundationEssentials

/// What a task asks of the run before, as it may start only after its own success there.
public struct PastRule: Hashable, Sendable {
    /// Whether the tasks directly downstream of it must have succeeded there too.
    public let includesDownstream: Bool

    /// Whether nothing is asked where no earlier run had the task.
    public let ignoresFirst: Bool

    /// Whether the task is skipped, too, only once it might start.
    public let waitsBeforeSkipping: Bool

    public init(
        includesDownstream: Bool = false, ignoresFirst: Bool = true, waitsBeforeSkipping: Bool = false
    ) {
        self.includesDownstream = includesDownstream
        self.ignoresFirst = ignoresFirst
        self.waitsBeforeSkipping = waitsBeforeSkipping
    }

    /// The rule that a task's options and the defaults around it make; `nil` for a task that asks nothing.
    init?(_ options: TaskOptions, _ defaults: TaskDefaults) {
        let waitsForDownstream = options.waitsForDownstream ?? defaults.waitsForDownstream
        guard waitsForDownstream || options.dependsOnPast ?? defaults.dependsOnPast else { return nil }
        self.init(
            includesDownstream: waitsForDownstream,
            ignoresFirst: options.ignoresFirstDependsOnPast ?? defaults.ignoresFirstDependsOnPast,
            waitsBeforeSkipping: options.waitsForPastBeforeSkipping ?? defaults.waitsForPastBeforeSkipping)
    }
}

extension DAGSpec {
    /// What the store is asked about the run before one of a logical date; `nil` if no task asks for it.
    ///
    /// Where all missed runs are created, manual runs are no part of the row, as in Airflow.
    public func pastQuery(before date: Date) -> PastQuery? {
        guard !pastTasks.isEmpty else { return nil }
        var asked: Set<Int> = []
        for task in pastTasks {
            asked.insert(task)
            if tasks[task].pastRule?.includesDownstream == true { asked.formUnion(tasks[task].downstream) }
        }
        let isRow = schedule.bounds.catchup == .all
        return PastQuery(
            dagID: id, before: date, since: isRow ? schedule.bounds.earliest : nil,
            leavesOutManualRuns: isRow,
            tasks: asked.sorted().map { tasks[$0].id })
    }
}
