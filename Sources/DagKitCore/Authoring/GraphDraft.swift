/// A DAG as it was written, in Swift or in a document, before it is checked.
package struct GraphDraft: Sendable {
    package var configuration: DAGConfiguration
    package var tasks: [TaskDraft] = []

    /// What the reader of a document found wrong already; the validator reports it with the rest.
    package var problems: [DAGProblem] = []

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
    package var mappedOver: TaskID?

    /// Whether the run fails with this teardown; other tasks always count.
    package var teardownFailsRun = false
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
        self.mappedOver = mappedOver
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

    /// An edge for order alone.
    package init(to upstream: TaskID) {
        self.upstream = upstream
        carriesData = false
        isOptional = false
    }

    init<Value>(_ output: TaskOutput<Value>) {
        upstream = output.producer
        carriesData = true
        isOptional = output.shape.isOptional
    }

    init?(input: any AnyInput) {
        guard let producer = input.producer else { return nil }
        upstream = producer
        carriesData = true
        isOptional = input.isOptional
    }
}

/// What a task does, with its types erased.
public struct TaskWork: Sendable {
    /// The arguments that are templates.
    package let templates: [TemplateField]

    /// Runs the task; `nil` if it returns nothing.
    package let run: @Sendable (TaskContext) async throws -> EncodedOutput?

    /// Whether there is nothing to run, so that no executor need be asked.
    package let isEmpty: Bool

    package init(
        templates: [TemplateField] = [], run: @escaping @Sendable (TaskContext) async throws -> EncodedOutput?
    ) {
        self.templates = templates
        self.run = run
        isEmpty = false
    }

    private init() {
        templates = []
        run = { _ in nil }
        isEmpty = true
    }

    /// The work of an empty task.
    package static let nothing = TaskWork()

    /// The work of an operator, for tasks that a document declares.
    public init<Work: Operator>(_ work: Work) {
        self.init(templates: work.templates) { context in
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
