/// Decides by its error what becomes of a failed try.
///
/// ```swift
/// let politely = ErrorPolicy("http") { error, tryNumber in
///     guard let error = error as? HTTPError else { return .retry }
///     return error.isTemporary ? .retryAfter(.seconds(30 * tryNumber)) : .fail
/// }
/// dag.task("fetch", options: TaskOptions(retries: 5, errorPolicy: politely)) { … }
/// ```
///
/// It is asked in the process that ran the task. What the task itself says by throwing a ``TaskFailure`` or a
/// ``TaskSkip`` stands. A task that was ended from outside (killed, timed out, lost) is not asked about.
public struct ErrorPolicy: Hashable, Sendable {
    /// What tells the policy from others; two of one name are taken for the same.
    public let name: String

    /// The decision about an error of the try with this number.
    package let decide: @Sendable (any Error, Int) -> ErrorDecision

    public init(
        _ name: String, decide: @escaping @Sendable (_ error: any Error, _ tryNumber: Int) -> ErrorDecision
    ) {
        self.name = name
        self.decide = decide
    }

    public static func == (left: ErrorPolicy, right: ErrorPolicy) -> Bool { left.name == right.name }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// What becomes of a try that failed.
public enum ErrorDecision: Hashable, Sendable {
    /// Another try follows after the task's own delay, while tries are left.
    case retry
    /// Another try follows after this delay, while tries are left.
    case retryAfter(Duration)
    /// The task fails at once.
    case fail
    /// The task is skipped.
    case skip(reason: String)
}

extension TaskWork {
    /// The same work, with a policy deciding about its errors.
    func deciding(by policy: ErrorPolicy?) -> TaskWork {
        guard let policy, !isEmpty else { return self }
        let run = run
        return TaskWork(templates: templates, outlets: outlets, inlets: inlets, deferral: deferral) {
            context in
            do {
                return try await run(context)
            } catch
                where error is TaskSkip || error is TaskFailure || error is CancellationError
                || error is SensorPause
            {
                throw error
            } catch {
                let decision = policy.decide(error, context.tryNumber)
                let problem = (error as? any DagKitError)?.problem ?? "\(error)"
                let remedy = (error as? any DagKitError)?.remedy ?? "see the log of the try"
                switch decision {
                case .retry: throw error
                case .retryAfter(let delay): throw TaskFailure.retry(after: delay, problem, remedy: remedy)
                case .fail: throw TaskFailure.noRetry(problem, remedy: remedy)
                case .skip(let reason): throw TaskSkip(reason)
                }
            }
        }
    }
}
