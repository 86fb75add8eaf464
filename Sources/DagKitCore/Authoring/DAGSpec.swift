/// A workflow, checked and frozen: what the scheduler, the store and the web see.
///
/// ```swift
/// let spec = try DAGSpec(Hello(), zones: .system)
/// spec.tasks.map(\.id)  // ["name", "greet"]
/// ```
///
/// Tasks stand in an order in which each comes after all its upstream tasks; indices into ``tasks`` are used
/// throughout the planner in place of ids.
///
/// It never changes and is shared by all that hold it: a class, since the copy of a value with so many parts costs more
/// than most of what is asked of it.
public final class DAGSpec: Sendable {
    public let configuration: DAGConfiguration

    /// When runs are due.
    public let schedule: RunSchedule
    public let tasks: [TaskSpec]

    /// The groups that tasks belong to, by id.
    public let groups: [TaskGroupSpec]

    /// A hash of the ids, edges, rules and operators; equal where the structure is equal.
    public let structureHash: String

    /// Whether it is the graph of a version as a store has it: its tasks cannot be run, and its settings are not known.
    let isStored: Bool

    /// Where the DAG was written.
    public let location: SourceLocation

    /// The entry of `dags.json` as it was written; `nil` for compiled DAGs.
    public let source: String?

    /// What is called back when a run has ended; their names are different from each other.
    public let callbacks: [RunCallback]

    /// Whether anything is called back.
    let hasCallbacks: Bool
    private let indexByID: [TaskID: Int]
    private let facts: GraphFacts

    public var id: DAGID { configuration.id }

    /// Builds and checks the DAG of `author`.
    ///
    /// - Throws: ``DAGValidationError`` with all that is wrong.
    public convenience init<Author: DAG>(_ author: Author, zones: TimeZones = TimeZones())
        throws(DAGValidationError)
    {
        let configuration = author.configuration
        var builder = DAGBuilder(configuration)
        author.build(&builder)
        try self.init(builder.draft, zones: zones)
    }

    /// Checks what was drafted.
    ///
    /// - Throws: ``DAGValidationError`` with all that is wrong.
    package convenience init(_ draft: GraphDraft, zones: TimeZones) throws(DAGValidationError) {
        var validator = GraphValidator(draft)
        let timetable = validator.timetable(zones: zones)
        let order = validator.checkedOrder()
        guard validator.problems.isEmpty, let timetable else {
            throw DAGValidationError(dagID: draft.configuration.id, problems: validator.problems)
        }
        let configuration = draft.configuration
        self.init(
            draft, order: order,
            schedule: RunSchedule(
                timetable, startDate: configuration.startDate, endDate: configuration.endDate,
                catchup: configuration.catchup))
    }

    /// Checks what was drafted, but for the schedule, which is given.
    ///
    /// - Throws: ``DAGValidationError`` with all that is wrong.
    package convenience init(_ draft: GraphDraft, schedule: RunSchedule) throws(DAGValidationError) {
        var validator = GraphValidator(draft)
        let order = validator.checkedOrder()
        guard validator.problems.isEmpty else {
            throw DAGValidationError(dagID: draft.configuration.id, problems: validator.problems)
        }
        self.init(draft, order: order, schedule: schedule)
    }

    /// Freezes a draft in which nothing is wrong.
    ///
    /// - Parameter hash: The hash of the structure, where a store has it.
    init(_ draft: GraphDraft, order: [Int], schedule: RunSchedule, hash: String? = nil) {
        configuration = draft.configuration
        location = draft.configuration.location
        source = draft.source
        self.schedule = schedule
        let isInOrder = order.indices.allSatisfy { order[$0] == $0 }
        tasks = TaskSpec.resolved(
            isInOrder ? draft.tasks : order.map { draft.tasks[$0] }, defaults: draft.configuration.defaults)
        callbacks = RunCallback.distinct(draft.configuration.callbacks)
        hasCallbacks = !callbacks.isEmpty || tasks.contains { !$0.callbacks.isEmpty }
        groups = draft.groups.values.map { TaskGroupSpec(id: $0.id, about: $0.about) }.sorted {
            $0.id < $1.id
        }
        indexByID = Dictionary(uniqueKeysWithValues: tasks.map { ($0.id, $0.index) })
        facts = GraphFacts(tasks)
        isStored = hash != nil
        structureHash = hash ?? GraphStructure.hash(of: tasks)
    }

    /// What the DAG was made of, its edges for order alone and its defaults filled in.
    package func draft() -> GraphDraft {
        var draft = GraphDraft(configuration: configuration)
        // The mails are among the callbacks of the tasks already.
        draft.configuration.defaults.emailOnFailure = []
        draft.configuration.defaults.emailOnRetry = []
        draft.tasks = tasks.map { $0.draft(in: self) }
        draft.source = source
        return draft
    }

    /// The index of the task called `id`; `nil` if there is none.
    public func index(of id: TaskID) -> Int? { indexByID[id] }

    /// The task called `id`; `nil` if there is none.
    public func task(_ id: TaskID) -> TaskSpec? { indexByID[id].map { tasks[$0] } }

    /// For each task, the setups whose scope holds it.
    var relevantSetups: [[Int]] { facts.relevantSetups }

    /// For each setup, the tasks that it guards.
    var guardedBySetup: [[Int]] { facts.guardedBySetup }

    /// The tasks whose states make the verdict on a run.
    var verdictLeaves: [Int] { facts.verdictLeaves }

    /// The tasks of each mapped group.
    var mapMembers: [String: [Int]] { facts.mapMembers }

    /// For each task, the tasks that are mapped over its output.
    var mapReaders: [Int: [Int]] { facts.mapReaders }

    /// The tasks that ask about the run before.
    var pastTasks: [Int] { facts.pastTasks }

    /// The tasks on the paths of a branch.
    func choices(of branch: Int) -> BranchChoices { facts.choices[branch] ?? BranchChoices() }

    /// The structure as JSON: tasks with their edges, rules and operators, as it is stored for a run's version.
    public var structure: JSONValue { GraphStructure.json(of: self) }
}

/// A task of a ``DAGSpec``, with the DAG's defaults filled in; shared and unchanging as that is.
public final class TaskSpec: Sendable {
    public let id: TaskID
    /// The place in ``DAGSpec/tasks``.
    public let index: Int
    public let kind: TaskKind
    public let group: String?
    public let operatorName: String

    /// The direct upstream tasks, ascending, each once.
    public let upstream: [Int]
    /// The direct downstream tasks, ascending, each once.
    public let downstream: [Int]

    /// Whether the verdict on a run leaves this task out: a teardown that does not fail its run.
    public let isIgnoredByVerdict: Bool

    /// The tasks whose outputs are mapped over.
    public let mapSources: [Int]

    /// How many instances the task gets; `nil` for a task that is not mapped.
    package let mapping: MapShape?

    /// The mapped group that the task belongs to; its tasks follow each other instance by instance.
    public let mapGroup: String?
    public let triggerRule: TriggerRule
    public let retries: Int
    public let retryPolicy: RetryPolicy
    public let timeout: Duration?
    /// How many instances of the task may run at once, over all runs and in one run.
    public let maxActiveInstances: Int?
    public let maxActiveInstancesPerRun: Int?

    /// What the task asks of the run before; `nil` if nothing.
    public let pastRule: PastRule?
    public let pool: String
    public let poolSlots: Int

    /// The weight by which ready tasks are ordered, the rule applied.
    public let priorityWeight: Int
    public let queue: String
    public let owner: String
    public let documentation: String?
    public let location: SourceLocation

    /// What is called back when something happens to the task; their names are different from each other.
    public let callbacks: [TaskCallback]

    /// The assets that the task updates when it succeeds, each once.
    public let outlets: [Asset]

    /// The assets that the task reads, each once.
    public let inlets: [Asset]

    /// What the task does.
    package let work: TaskWork

    /// What an executor needs to make the work of a declared task; `nil` for compiled tasks.
    package let declaration: JSONValue?

    /// What the task decides about its downstream tasks; `nil` if nothing.
    public let skipRule: SkipRule?

    /// The paths of upstream branches on which the task lies, by the branch's index.
    public let paths: [Int: Set<String>]

    /// What graphs write beside the edges from upstream tasks, by their index.
    public let edgeLabels: [Int: String]

    public var isMapped: Bool { mapping != nil }

    /// Whether the task has nothing to run.
    public var isEmpty: Bool { work.isEmpty }

    /// The arguments that are templates.
    public var templates: [TemplateField] { work.templates }

    static func resolved(_ drafts: [TaskDraft], defaults: TaskDefaults) -> [TaskSpec] {
        let places = Dictionary(uniqueKeysWithValues: drafts.enumerated().map { ($1.id, $0) })
        let upstream = drafts.map { draft in Set(draft.edges.map { places[$0.upstream]! }).sorted() }
        var downstream = [[Int]](repeating: [], count: drafts.count)
        for (task, sources) in upstream.enumerated() {
            for source in sources { downstream[source].append(task) }
        }
        let weights = PriorityWeights(drafts, defaults: defaults, upstream: upstream, downstream: downstream)
        return drafts.enumerated().map { index, draft in
            TaskSpec(
                draft, index: index, defaults: defaults.adjusted(by: draft.adjustments),
                upstream: upstream[index], downstream: downstream[index], places: places,
                weight: weights[index])
        }
    }

    private init(
        _ draft: TaskDraft, index: Int, defaults: TaskDefaults, upstream: [Int], downstream: [Int],
        places: [TaskID: Int], weight: Int
    ) {
        let options = draft.options
        id = draft.id
        self.index = index
        kind = draft.kind
        isIgnoredByVerdict = draft.kind == .teardown && !draft.teardownFailsRun
        group = draft.group
        operatorName = draft.operatorName
        self.upstream = upstream
        self.downstream = downstream
        mapping = draft.mapping
        mapSources = draft.mapping.map { Set($0.sources.compactMap { places[$0] }).sorted() } ?? []
        mapGroup = draft.mapGroup
        skipRule = draft.skipRule
        var paths: [Int: Set<String>] = [:]
        var labels: [Int: String] = [:]
        for edge in draft.edges {
            guard let source = places[edge.upstream] else { continue }
            if let path = edge.path { paths[source, default: []].insert(path) }
            if let label = edge.label { labels[source] = label }
        }
        self.paths = paths
        edgeLabels = labels
        triggerRule = options.triggerRule
        retries = options.retries ?? defaults.retries
        retryPolicy = RetryPolicy(
            delay: options.retryDelay ?? defaults.retryDelay,
            isExponential: options.exponentialBackoff ?? defaults.exponentialBackoff,
            maximumDelay: options.maxRetryDelay ?? defaults.maxRetryDelay)
        timeout = options.timeout ?? defaults.timeout
        maxActiveInstances = options.maxActiveInstances
        maxActiveInstancesPerRun = options.maxActiveInstancesPerRun
        pastRule = PastRule(options, defaults)
        pool = options.pool ?? defaults.pool
        poolSlots = options.poolSlots
        priorityWeight = weight
        queue = options.queue ?? defaults.queue
        owner = options.owner ?? defaults.owner
        documentation = options.documentation
        location = draft.location
        callbacks = TaskCallback.distinct(
            (options.callbacks ?? defaults.callbacks) + defaults.mails(at: draft.location))
        outlets = Self.unique(options.outlets + draft.work.outlets)
        inlets = Self.unique(options.inlets + draft.work.inlets)
        work = draft.work.deciding(by: options.errorPolicy ?? defaults.errorPolicy)
        declaration = draft.declaration
    }

    private static func unique(_ assets: [Asset]) -> [Asset] {
        var seen: Set<String> = []
        return assets.filter { seen.insert($0.uri).inserted }
    }

    fileprivate func draft(in spec: DAGSpec) -> TaskDraft {
        var draft = TaskDraft(
            id: id, group: group, edges: upstream.map { TaskEdge(to: spec.tasks[$0].id) },
            options: TaskOptions(
                retries: retries, retryDelay: retryPolicy.delay,
                exponentialBackoff: retryPolicy.isExponential, maxRetryDelay: retryPolicy.maximumDelay,
                timeout: timeout, triggerRule: triggerRule, maxActiveInstances: maxActiveInstances,
                maxActiveInstancesPerRun: maxActiveInstancesPerRun, dependsOnPast: pastRule != nil,
                waitsForDownstream: pastRule?.includesDownstream ?? false,
                ignoresFirstDependsOnPast: pastRule?.ignoresFirst ?? true,
                waitsForPastBeforeSkipping: pastRule?.waitsBeforeSkipping ?? false, pool: pool,
                poolSlots: poolSlots,
                priorityWeight: priorityWeight, weightRule: .absolute, queue: queue, owner: owner,
                outlets: outlets, inlets: inlets, documentation: documentation, callbacks: callbacks),
            operatorName: operatorName, kind: kind, work: work, location: location, declaration: declaration)
        draft.mapping = mapping
        draft.teardownFailsRun = kind == .teardown && !isIgnoredByVerdict
        return draft
    }
}

/// A group of tasks of a ``DAGSpec``.
public struct TaskGroupSpec: Hashable, Sendable {
    /// The full id, with those of the groups around it: `checks.prices`.
    public let id: String
    public let about: String?

    /// The id of the innermost group around this one; `nil` if there is none.
    package func outer(among groups: [TaskGroupSpec]) -> String? {
        groups.map(\.id).filter { id.hasPrefix($0 + ".") }.max { $0.count < $1.count }
    }
}
