public import FoundationEssentials

/// How long a failed task waits before its next try.
///
/// With exponential back-off the wait doubles from try to try, plus a jitter that a hash of the task's identity
/// decides: the same try of the same task always waits the same, to the bit what Airflow waits.
///
/// ```swift
/// let policy = RetryPolicy(delay: .minutes(5), isExponential: true, maximumDelay: .hours(1))
/// policy.delay(after: RetryPolicy.Attempt(dagID: "prices", taskID: "load", logicalDate: day, tryNumber: 1))
/// ```
public struct RetryPolicy: Hashable, Sendable {
    /// The wait after the first try, and after each one if it does not grow.
    public var delay: Duration

    /// Whether the wait doubles from try to try.
    public var isExponential: Bool

    /// The longest wait of a growing delay; `nil` leaves it at 24 hours.
    public var maximumDelay: Duration?

    /// Creates a policy; the default is Airflow's, 5 minutes each time.
    public init(delay: Duration = .minutes(5), isExponential: Bool = false, maximumDelay: Duration? = nil) {
        self.delay = delay
        self.isExponential = isExponential
        self.maximumDelay = maximumDelay
    }

    /// The try that has failed: what the jitter is drawn from.
    public struct Attempt: Hashable, Sendable {
        /// The DAG's id.
        public var dagID: String
        /// The task's id.
        public var taskID: String
        /// The run's logical date.
        public var logicalDate: Date
        /// 1 for the first try.
        public var tryNumber: Int

        /// Creates the identity of a try.
        public init(dagID: String, taskID: String, logicalDate: Date, tryNumber: Int) {
            self.dagID = dagID
            self.taskID = taskID
            self.logicalDate = logicalDate
            self.tryNumber = tryNumber
        }
    }

    /// How long to wait after `attempt` has failed.
    public func delay(after attempt: Attempt) -> Duration {
        guard isExponential else { return delay }
        let longest = maximumDelay.map { min($0, Self.limit) } ?? Self.limit
        return min(backOff(attempt), longest)
    }

    /// When the next try is due, if `attempt` failed at `end`; it may start strictly after this instant.
    public func nextTry(after attempt: Attempt, failedAt end: Date) -> Date {
        Date(microseconds: end.microsecondsSinceEpoch + delay(after: attempt).microseconds)
    }

    /// The most retries that a task may have.
    public static let mostRetries = 1_000_000

    /// No growing delay exceeds a day.
    private static let limit: Duration = .days(1)

    /// Once or twice the doubled delay, in whole seconds; past a day only that it is past matters.
    private func backOff(_ attempt: Attempt) -> Duration {
        var doubled = max(delay, .zero)
        var triesLeft = attempt.tryNumber - 1
        while triesLeft > 0, doubled > .zero, doubled < Self.limit {
            doubled = doubled * 2
            triesLeft -= 1
        }
        guard doubled < Self.limit else { return Self.limit }
        let (seconds, attoseconds) = doubled.components
        let base = max(1, seconds + (attoseconds > 0 ? 1 : 0))
        return .seconds(base + jitter(attempt, below: base))
    }

    private func jitter(_ attempt: Attempt, below base: Int64) -> Int64 {
        // The date as Python prints it: a space in the place of the T.
        let date = attempt.logicalDate.isoText.map { $0 == "T" ? " " : $0 }
        var hash = SHA1()
        hash.update("\(attempt.dagID)#\(attempt.taskID)#\(String(date))#\(attempt.tryNumber)".utf8)
        return hash.finalize().reduce(0) { ($0 * 256 + Int64($1)) % base }
    }
}
