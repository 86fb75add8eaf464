/// Work that many tasks share: a shell command, a statement, a mail.
///
/// ```swift
/// struct Greeting: Operator {
///     var name: Input<String>
///     var inputs: [any AnyInput] { [name] }
///
///     func execute(in context: TaskContext) async throws -> String {
///         "hello \(try await context.value(of: name))"
///     }
/// }
/// ```
///
/// An operator is a value made while the DAG is built and executed perhaps in another process: it holds what its
/// author wrote and nothing that is open.
public protocol Operator: Sendable {
    /// What the task returns; ``None`` if nothing.
    associatedtype Output: Codable & Sendable

    /// The name that listings show; the type's name unless said otherwise.
    static var operatorName: String { get }

    /// The arguments that may come from other tasks; their edges are drawn from here.
    var inputs: [any AnyInput] { get }

    /// The arguments that are templates, as `dagctl tasks render` shows them.
    var templates: [TemplateField] { get }

    /// The assets that every task of this operator updates, besides those that the task names.
    var outlets: [Asset] { get }

    /// The assets that every task of this operator reads.
    var inlets: [Asset] { get }

    /// What the scheduler waits for in the operator's place; `nil` for work that needs a process.
    var deferral: Deferral? { get }

    /// Does the work.
    ///
    /// - Throws: ``TaskFailure`` to fail without another try, ``TaskSkip`` to be skipped; anything else is retried.
    func execute(in context: TaskContext) async throws -> Output
}

extension Operator {
    public static var operatorName: String { "\(Self.self)" }
    public var inputs: [any AnyInput] { [] }
    public var templates: [TemplateField] { [] }
    public var outlets: [Asset] { [] }
    public var inlets: [Asset] { [] }
    public var deferral: Deferral? { nil }
}

/// An operator's argument that is a template, with its name.
public struct TemplateField: Hashable, Codable, Sendable {
    public let name: String
    public let text: String

    public init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
    }
}

/// Thrown by a task to say what becomes of it; every other error is retried while tries are left.
public struct TaskFailure: DagKitError, Equatable {
    public let problem: String
    public let remedy: String

    /// Whether another try may follow.
    public let isRetryable: Bool

    /// How long to wait before the next try, in place of the task's own delay.
    public let retryDelay: Duration?

    init(problem: String, remedy: String, isRetryable: Bool, retryDelay: Duration?) {
        self.problem = problem
        self.remedy = remedy
        self.isRetryable = isRetryable
        self.retryDelay = retryDelay
    }

    /// Fails the task at once, whatever tries are left.
    public static func noRetry(_ problem: String, remedy: String) -> TaskFailure {
        TaskFailure(problem: problem, remedy: remedy, isRetryable: false, retryDelay: nil)
    }

    /// Fails this try and sets when the next one is due.
    public static func retry(after delay: Duration, _ problem: String, remedy: String) -> TaskFailure {
        TaskFailure(problem: problem, remedy: remedy, isRetryable: true, retryDelay: delay)
    }
}

/// Thrown by a task that has nothing to do: its instance is skipped, not failed.
public struct TaskSkip: Error, Hashable, Sendable {
    /// Why; shown beside the state.
    public let reason: String

    public init(_ reason: String) { self.reason = reason }
}
