/// Tells somebody, or something, what happened to a task or a run.
///
/// ```swift
/// struct Bell: Notifier {
///     func notify(_ notice: Notice, in context: TaskContext) async throws {
///         try await ring(try await context.connection("bell"), text: notice.title)
///     }
/// }
/// ```
///
/// It is called once what it tells of is stored, in a process of its own kind and never in the scheduler: whatever it
/// does, no run turns red for it. A call that throws is made again later; one that throws ``TaskFailure/noRetry(_:remedy:)``
/// is given up. Each notice is told at least once, under the same ``Notice/id`` each time, by which a receiver can
/// tell one that comes twice.
public protocol Notifier: Sendable {
    /// The name that listings and logs show; the type's name unless said otherwise.
    static var notifierName: String { get }

    /// Tells of a notice.
    ///
    /// - Parameter context: Connections, variables, templates and services, as the task would get them; its task id is
    ///   empty where the notice is about a run.
    func notify(_ notice: Notice, in context: TaskContext) async throws
}

extension Notifier {
    public static var notifierName: String { "\(Self.self)" }
}

/// A notifier with the occasions on which it is called.
///
/// ```swift
/// TaskDefaults(callbacks: [.on(.failure, .retry, notify: MailNotifier(to: ["ops@example.org"]))])
/// DAGConfiguration("daily", callbacks: [.on(.success) { notice, context in context.logger.info(notice.title) }])
/// ```
public struct Callback<Occasion: CallbackOccasion>: Sendable {
    public let occasions: Set<Occasion>

    /// What the callback is called in listings and logs, and among those of its task or DAG.
    public internal(set) var name: String

    /// How long one call may take.
    public let timeout: Duration

    /// How many times a call that failed is made again.
    public let retries: Int
    package let work: Work
    package let location: SourceLocation

    /// What is called.
    package enum Work: Sendable {
        case notifier(any Notifier)
        /// A notifier that any process makes from these words of a document.
        case declared(JSONValue)
    }

    package init(
        _ occasions: Set<Occasion>, name: String, timeout: Duration? = nil, retries: Int? = nil, work: Work,
        at location: SourceLocation
    ) {
        self.occasions = occasions
        self.name = name
        self.timeout = timeout ?? Notice.Receiver.usualTimeout
        self.retries = retries ?? Notice.Receiver.usualRetries
        self.work = work
        self.location = location
    }

    /// Calls a notifier.
    ///
    /// - Parameters:
    ///   - name: What listings and logs call it; the notifier's own name if `nil`.
    ///   - retries: How many times a call that failed is made again: after half a minute, then after twice as long each
    ///     time, up to an hour.
    public static func on<Work: Notifier>(
        _ occasions: Occasion..., notify notifier: Work, name: String? = nil,
        timeout: Duration = Notice.Receiver.usualTimeout, retries: Int = Notice.Receiver.usualRetries,
        fileID: String = #fileID, line: Int = #line
    ) -> Callback {
        Callback(
            Set(occasions), name: name ?? Work.notifierName, timeout: timeout, retries: retries,
            work: .notifier(notifier), at: SourceLocation(file: fileID, line: line))
    }

    /// Calls a closure.
    public static func on(
        _ occasions: Occasion..., name: String = "callback",
        timeout: Duration = Notice.Receiver.usualTimeout, retries: Int = Notice.Receiver.usualRetries,
        fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (Notice, TaskContext) async throws -> Void
    ) -> Callback {
        Callback(
            Set(occasions), name: name, timeout: timeout, retries: retries,
            work: .notifier(ClosureNotifier(body: body)), at: SourceLocation(file: fileID, line: line))
    }
}

/// What a task calls back for.
public typealias TaskCallback = Callback<TaskOccasion>

/// What a DAG calls back for.
public typealias RunCallback = Callback<RunOccasion>

/// Two callbacks are equal that were written at one place for the same occasions.
extension Callback: Hashable {
    public static func == (left: Callback, right: Callback) -> Bool {
        left.name == right.name && left.occasions == right.occasions && left.location == right.location
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(occasions)
        hasher.combine(location)
    }
}

extension DAGSpec {
    /// The notifier of the run callback of a name; `nil` if there is none.
    package func notifier(_ name: String) -> (any Notifier)? { Callback.notifier(name, among: callbacks) }
}

extension TaskSpec {
    /// The notifier of the task's callback of a name; `nil` if there is none.
    package func notifier(_ name: String) -> (any Notifier)? { Callback.notifier(name, among: callbacks) }
}

extension TaskWork {
    /// The telling of a notice.
    package init(telling notice: Notice, by notifier: any Notifier) {
        self.init { context in
            try await notifier.notify(notice, in: context)
            return nil
        }
    }
}

extension Callback {
    fileprivate static func notifier(_ name: String, among callbacks: [Callback]) -> (any Notifier)? {
        guard case .notifier(let found)? = callbacks.first(where: { $0.name == name })?.work else {
            return nil
        }
        return found
    }

    /// Whom a notice of the callback is for.
    var receiver: Notice.Receiver {
        var declaration: JSONValue?
        if case .declared(let words) = work { declaration = words }
        return Notice.Receiver(name, declaration: declaration, timeout: timeout, retries: retries)
    }

    /// The callbacks with names that are different from each other: a name that comes again gets a number.
    static func distinct(_ callbacks: [Callback]) -> [Callback] {
        var counts: [String: Int] = [:]
        return callbacks.map { callback in
            var callback = callback
            let count = counts[callback.name, default: 0] + 1
            counts[callback.name] = count
            if count > 1 { callback.name += "#\(count)" }
            return callback
        }
    }
}

/// Something that happens to a task or a run and that callbacks can be told.
public protocol CallbackOccasion: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// What a notice of it tells.
    var kind: Notice.Kind { get }
}

/// What happens to a task instance.
public enum TaskOccasion: String, CallbackOccasion {
    /// A try begins.
    case execute
    case success
    /// It failed for good: by itself, by its timeout, by the death of its process, or since its run ended.
    case failure
    /// A try failed, and another one follows.
    case retry
    case skipped

    public var kind: Notice.Kind {
        switch self {
        case .execute: .taskStarted
        case .success: .taskSucceeded
        case .failure: .taskFailed
        case .retry: .taskRetried
        case .skipped: .taskSkipped
        }
    }
}

/// What happens to a run.
public enum RunOccasion: String, CallbackOccasion {
    case success, failure

    public var kind: Notice.Kind {
        switch self {
        case .success: .runSucceeded
        case .failure: .runFailed
        }
    }
}

/// Calls a closure.
private struct ClosureNotifier: Notifier {
    let body: @Sendable (Notice, TaskContext) async throws -> Void

    func notify(_ notice: Notice, in context: TaskContext) async throws { try await body(notice, context) }
}
