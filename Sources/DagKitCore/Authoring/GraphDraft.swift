/// A DAG as it was written, in Swift or in a document, before it is checked.
package struct GraphDraft: Sendable {
    package var configuration: DAGConfiguration
    package var tasks: [TaskDraft] = []

    /// The groups by their full ids.
    package var groups: [String: GroupDraft] = [:]

    /// What the reader of a document found wrong already; the validator reports it with the rest.
    package var problems: [DAGProblem] = []

    /// The text of the document that declares it; `nil` for compiled DAGs.
    package var source: String?

    package init(configuration: DAGConfiguration) {
        self.configuration = configuration
    }
}

/// A task as it was written.
package struct TaskDraft: Sendable {
    package var id: TaskID
    package var group: String?
    package var edges: [TaskEdge]
    package var options: TaskOptions
    package var operatorName: String
    package var kind: TaskKind
    /// How many instances the task gets; `nil` for a task that is not mapped.
    package var mapping: MapShape?

    /// The mapped group that the task belongs to.
    package var mapGroup: String?

    /// Whether the run fails with this teardown; other tasks always count.
    package var teardownFailsRun = false

    /// The setups whose work this teardown undoes.
    package var undoes: [TaskID] = []

    /// What the task decides about its downstream tasks; `nil` if nothing.
    package var skipRule: SkipRule?

    /// What the groups around the task change of the DAG's defaults, the outermost first.
    package var adjustments: [DefaultsAdjustment] = []
    package var work: TaskWork
    package var location: SourceLocation

    /// What an executor needs to make the work of a task that no compiled DAG knows; `nil` for compiled tasks.
    package var declaration: JSONValue?

    package init(
        id: TaskID, group: String? = nil, edges: [TaskEdge], options: TaskOptions = TaskOptions(),
        operatorName: String, kind: TaskKind = .task, mappedOver: TaskID? = nil, work: TaskWork,
        location: SourceLocation, declaration: JSONValue? = nil
    ) {
        self.id = id
        self.group = group
        self.edges = edges
        self.options = options
        self.operatorName = operatorName
        self.kind = kind
        mapping = mappedOver.map(MapShape.list)
        self.work = work
        self.location = location
        self.declaration = declaration
    }
}

/// An edge to an upstream task, for its data or for order alone.
package struct TaskEdge: Hashable, Sendable {
    package let upstream: TaskID

    /// Whether the task reads the upstream's output.
    package let carriesData: Bool

    /// Whether the reader accepts that there is no output.
    package let isOptional: Bool

    /// What of the upstream's output is read.
    package let shape: OutputShape?

    /// The path of the upstream branch on which the task lies; `nil` where no branch decides.
    package let path: String?

    /// What graphs write beside the edge.
    package let label: String?

    /// An edge for order alone.
    package init(to upstream: TaskID, path: String? = nil, label: String? = nil) {
        self.upstream = upstream
        self.path = path
        self.label = label
        carriesData = false
        isOptional = false
        shape = nil
    }

    init<Value>(_ output: TaskOutput<Value>) {
        upstream = output.producer
        carriesData = true
        isOptional = output.shape.isOptional
        shape = output.shape
        path = nil
        label = output.label
    }

    init?(input: any AnyInput) {
        guard let producer = input.producer else { return nil }
        upstream = producer
        carriesData = true
        isOptional = input.isOptional
        shape = nil
        path = nil
        label = nil
    }
}

/// What a group changes of the defaults that hold outside it.
package typealias DefaultsAdjustment = @Sendable (inout TaskDefaults) -> Void

/// A group of tasks as it was written.
package struct GroupDraft: Sendable {
    package let id: String
    package let about: String?
    package let location: SourceLocation

    /// The tasks that nothing in the group follows; empty while the group is open.
    package var leaves: [TaskID] = []
    package var isOpen = true

    package init(id: String, about: String? = nil, location: SourceLocation) {
        self.id = id
        self.about = about
        self.location = location
    }
}

extension GraphDraft {
    /// Ends a group: what it stands after comes before each of its tasks that no task of the group precedes.
    package mutating func close(_ group: String, after upstream: [TaskEdge]) {
        let members = tasks.indices.filter { Self.holds(group, tasks[$0].group) }
        let ids = Set(members.map { tasks[$0].id })
        var followed: Set<TaskID> = []
        for index in members {
            let inner = tasks[index].edges.map(\.upstream).filter(ids.contains)
            if tasks[index].kind != .teardown { followed.formUnion(inner) }
            if inner.isEmpty { tasks[index].edges += upstream }
        }
        let works = members.filter { tasks[$0].kind != .teardown }
        let leaves = (works.isEmpty ? members : works).map { tasks[$0].id }.filter { !followed.contains($0) }
        groups[group]?.leaves = leaves
        groups[group]?.isOpen = false
    }

    /// The edges to what a task is declared after.
    package mutating func edges(_ links: [UpstreamLink], at location: SourceLocation) -> [TaskEdge] {
        links.flatMap { link -> [TaskEdge] in
            switch link.origin {
            case .task(let id): return [TaskEdge(to: id, path: link.path, label: link.label)]
            case .group(let id):
                guard let group = groups[id], !group.isOpen else {
                    problems.append(
                        DAGProblem(
                            at: location, "group \"\(id)\" is used before it is complete",
                            remedy: "use its handle outside it"))
                    return []
                }
                if group.leaves.isEmpty {
                    problems.append(
                        DAGProblem(at: location, "group \"\(id)\" has no task", remedy: "declare one in it"))
                }
                return group.leaves.map { TaskEdge(to: $0, path: link.path, label: link.label) }
            }
        }
    }

    /// Whether a task of the group `inner` belongs to `outer`, itself or by nesting.
    package static func holds(_ outer: String, _ inner: String?) -> Bool {
        inner == outer || inner?.hasPrefix(outer + ".") ?? false
    }
}

/// What a task does, with its types erased.
public struct TaskWork: Sendable {
    /// The arguments that are templates.
    package let templates: [TemplateField]

    /// The assets that the operator updates and reads by itself.
    package let outlets: [Asset]
    package let inlets: [Asset]

    /// Runs the task; `nil` if it returns nothing.
    package let run: @Sendable (TaskContext) async throws -> EncodedOutput?

    /// Whether there is nothing to run, so that no executor need be asked.
    package let isEmpty: Bool

    /// What the scheduler waits for in place of running the task; `nil` for work that needs a process.
    package let deferral: Deferral?

    package init(
        templates: [TemplateField] = [], outlets: [Asset] = [], inlets: [Asset] = [],
        deferral: Deferral? = nil,
        run: @escaping @Sendable (TaskContext) async throws -> EncodedOutput?
    ) {
        self.templates = templates
        self.outlets = outlets
        self.inlets = inlets
        self.deferral = deferral
        self.run = run
        isEmpty = false
    }

    private init() {
        templates = []
        outlets = []
        inlets = []
        deferral = nil
        run = { _ in nil }
        isEmpty = true
    }

    /// The work of an empty task.
    package static let nothing = TaskWork()

    /// The work of an operator.
    public init<Work: Operator>(_ work: Work) {
        self.init(
            templates: work.templates, outlets: work.outlets, inlets: work.inlets, deferral: work.deferral
        ) { context in
            try EncodedOutput(encoding: try await work.execute(in: context))
        }
    }
}

/// The part that a task plays in its DAG.
public enum TaskKind: String, Codable, Hashable, Sendable {
    case task
    /// Prepares something that other tasks need.
    case setup
    /// Removes what a setup made, whatever came of the tasks between.
    case teardown
}
