public import FoundationEssentials

/// A workflow, as its author writes it.
///
/// ```swift
/// struct Hello: DAG {
///     var configuration = DAGConfiguration("hello", schedule: .daily, startDate: "2026-01-01")
///
///     func build(_ dag: inout DAGBuilder) {
///         let name = dag.task("name") { context in "world" }
///         dag.task("greet", reading: name) { context, name in "hello \(name)" }
///     }
/// }
/// ```
///
/// One type can make many DAGs: `configuration` is read from the instance. `build` must declare the same tasks each
/// time it is called, since the process that runs a task builds the DAG anew.
public protocol DAG: Sendable {
    /// The DAG's name, schedule, limits and defaults.
    var configuration: DAGConfiguration { get }

    /// Declares the tasks.
    func build(_ dag: inout DAGBuilder)
}

/// What can be said of a DAG besides its tasks.
public struct DAGConfiguration: Sendable {
    public var id: DAGID
    public var schedule: Schedule

    /// The instant from which on runs are scheduled; needed by every schedule but `.none`.
    public var startDate: Date?

    /// The last instant at which a scheduled interval may start.
    public var endDate: Date?
    public var catchup: Catchup {
        get { chosen.catchup ?? deployment.catchup }
        set { chosen.catchup = newValue }
    }
    public var about: String?

    /// Documentation in Markdown.
    public var documentation: String?
    public var tags: Set<String>
    public var maxActiveRuns: Int {
        get { chosen.maxActiveRuns ?? deployment.maxActiveRuns }
        set { chosen.maxActiveRuns = newValue }
    }
    public var maxActiveTasks: Int {
        get { chosen.maxActiveTasks ?? deployment.maxActiveTasks }
        set { chosen.maxActiveTasks = newValue }
    }

    /// Whether the first task that fails for good ends the run: what runs is ended, what has not begun is skipped.
    public var failsFast: Bool

    /// How many instances a mapped task may have at most.
    public var maxMapLength: Int {
        get { chosen.maxMapLength ?? deployment.maxMapLength }
        set { chosen.maxMapLength = newValue }
    }

    /// What holds where neither the author nor dags.json has said anything.
    package var deployment = DeploymentDefaults()
    private var chosen = Chosen()

    /// What somebody has said.
    private struct Chosen: Sendable {
        var catchup: Catchup?
        var maxActiveRuns: Int?
        var maxActiveTasks: Int?
        var maxMapLength: Int?
    }

    /// After how many failed runs in a row the DAG pauses itself; `nil` for never.
    public var maxConsecutiveFailedRuns: Int?

    /// How long a run may take before it fails and its open tasks are skipped.
    public var runTimeout: Duration?

    /// Whether a new DAG waits for `dagctl dags unpause`; the deployment decides where this is `nil`.
    public var isPausedAtCreation: Bool?

    /// The defaults of the `params` that a trigger's conf may override; an object.
    public var params: JSONValue

    /// What must hold of the params of a run, as a ``JSONSchema`` of the whole object; `nil` if nothing must.
    public var paramSchema: JSONValue?
    public var defaults: TaskDefaults

    /// What is called back when a run has ended.
    public var callbacks: [RunCallback]
    public let location: SourceLocation

    /// - Parameter startDate: ISO 8601; a date alone means midnight UTC. A text that is no instant is reported when
    ///   the DAG is checked.
    public init(
        _ id: DAGID, schedule: Schedule = .none, startDate: InstantLiteral? = nil,
        endDate: InstantLiteral? = nil,
        catchup: Catchup? = nil, about: String? = nil, documentation: String? = nil,
        tags: Set<String> = [],
        maxActiveRuns: Int? = nil, maxActiveTasks: Int? = nil, maxMapLength: Int? = nil,
        maxConsecutiveFailedRuns: Int? = nil,
        runTimeout: Duration? = nil,
        isPausedAtCreation: Bool? = nil, params: ParamSet = [:], failsFast: Bool = false,
        defaults: TaskDefaults = TaskDefaults(), callbacks: [RunCallback] = [], fileID: String = #fileID,
        line: Int = #line
    ) {
        self.id = id
        self.schedule = schedule
        self.startDate = startDate?.date
        self.endDate = endDate?.date
        self.about = about
        self.documentation = documentation
        self.tags = tags
        chosen = Chosen(
            catchup: catchup, maxActiveRuns: maxActiveRuns, maxActiveTasks: maxActiveTasks,
            maxMapLength: maxMapLength)
        self.maxConsecutiveFailedRuns = maxConsecutiveFailedRuns
        self.runTimeout = runTimeout
        self.isPausedAtCreation = isPausedAtCreation
        self.params = params.defaults
        self.paramSchema = params.schema
        self.paramProblems = params.problems
        self.failsFast = failsFast
        self.defaults = defaults
        self.callbacks = callbacks
        self.location = SourceLocation(file: fileID, line: line)
        self.malformedDates = [startDate, endDate].compactMap { $0?.malformed }
    }

    /// What is wrong with the declaration of the params; the validator reports it.
    package var paramProblems: [SchemaProblem]

    /// All that is wrong with what a trigger hands over: a conf that the params cannot have.
    public func problems(withConf conf: JSONValue) -> [SchemaProblem] {
        guard let schema = paramSchema.flatMap({ try? JSONSchema($0) }) else { return [] }
        return schema.problems(with: params.merging(conf), at: "")
    }

    /// Texts given as dates that are none; the validator reports them.
    package var malformedDates: [String]
}

/// An instant written as text in a DAG: `"2025-10-01"`, `"2025-10-01T12:00:00+02:00"`.
public struct InstantLiteral: ExpressibleByStringLiteral, Sendable {
    /// The instant; `nil` if the text is none.
    public let date: Date?

    /// The text, if it is no instant.
    package let malformed: String?

    public init(_ date: Date) {
        self.date = date
        self.malformed = nil
    }

    public init(stringLiteral text: String) {
        date = try? Date(isoText: text)
        malformed = date == nil ? text : nil
    }
}

/// Where something was written: a file and a line, or a line and column of a document.
public struct SourceLocation: Hashable, Codable, Sendable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let column: Int?

    public init(file: String, line: Int, column: Int? = nil) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line)" + (column.map { ":\($0)" } ?? "") }
}
