public import FoundationEssentials

/// Something that a callback of a DAG is told: what happened to a task instance or to a run.
///
/// It is stored in the commit of what it tells of, and kept until it is delivered: no crash in between loses it. After
/// a crash during the delivery it may come twice, under the same ``id``.
public struct Notice: Hashable, Codable, Sendable {
    /// The place in the store, given by it; 0 before that.
    public var number: Int64
    public let kind: Kind
    public let at: Date
    public let run: RunKey

    /// The task instance that it is about; `nil` if it is about the run as a whole.
    public let task: TaskInstanceKey?

    /// The number of the try; 0 if it is about the run.
    public let tryNumber: Int

    /// The number of the last try that may be made; 0 if it is about the run.
    public let lastTry: Int

    /// Why the try failed or was skipped, or the run ended as it did.
    public let reason: String?

    /// When the next try is due; `nil` if none follows.
    public let nextTryAt: Date?

    /// The name of the deadline that was missed; `nil` if it tells of something else.
    public let deadline: String?

    /// Who is told.
    public let receiver: Receiver

    /// What the run is; `nil` for a notice of an earlier version.
    public let facts: RunFacts?

    /// How many deliveries have failed.
    public var failures: Int

    /// The callback of a DAG by which it is told: where that fails for one notice, it is likely to fail for all.
    package struct Caller: Hashable, Sendable {
        let dag: DAGID
        let name: String
    }

    package var caller: Caller { Caller(dag: run.dagID, name: receiver.name) }

    /// What is told.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        /// A try begins.
        case taskStarted = "task_started"
        case taskSucceeded = "task_succeeded"
        /// A task failed for good.
        case taskFailed = "task_failed"
        /// A try failed, and another one follows.
        case taskRetried = "task_retried"
        case taskSkipped = "task_skipped"
        case runSucceeded = "run_succeeded"
        case runFailed = "run_failed"
        /// A run is not done by its deadline.
        case deadlineMissed = "deadline_missed"
    }

    /// The notifier that a notice is for.
    public struct Receiver: Hashable, Codable, Sendable {
        /// What the callback is called among those of its task, or of its DAG.
        public let name: String

        /// What a notifier is made from that needs no compiled DAG; `nil` for one that the DAG's type holds.
        public let declaration: JSONValue?

        /// How long a delivery may take; `nil` for the usual limit.
        public let timeout: Duration?

        /// How many times a failed delivery is tried again; `nil` for the usual number.
        public let retries: Int?

        public init(
            _ name: String, declaration: JSONValue? = nil, timeout: Duration? = nil, retries: Int? = nil
        ) {
            self.name = name
            self.declaration = declaration
            self.timeout = timeout
            self.retries = retries
        }

        /// How long a delivery may take unless its callback says otherwise.
        public static let usualTimeout: Duration = .seconds(60)

        /// How many times a failed delivery is tried again unless its callback says otherwise: for about two days.
        public static let usualRetries = 60
    }

    /// What a notifier may want to know of the run.
    public struct RunFacts: Hashable, Codable, Sendable {
        public let type: RunType
        public let logicalDate: Date?
        public let dataInterval: DataInterval?
        public let runAfter: Date
        public let params: JSONValue
        public let conf: JSONValue

        public init(_ run: DAGRun, params: JSONValue) {
            type = run.type
            logicalDate = run.logicalDate
            dataInterval = run.dataInterval
            runAfter = run.runAfter
            self.params = params
            conf = run.conf
        }
    }

    public init(
        number: Int64 = 0, _ kind: Kind, at: Date, run: RunKey, task: TaskInstanceKey? = nil,
        tryNumber: Int = 0,
        lastTry: Int = 0, reason: String? = nil, nextTryAt: Date? = nil, deadline: String? = nil,
        to receiver: Receiver,
        facts: RunFacts? = nil, failures: Int = 0
    ) {
        self.number = number
        self.kind = kind
        self.at = at
        self.run = run
        self.task = task
        self.tryNumber = tryNumber
        self.lastTry = lastTry
        self.reason = reason
        self.nextTryAt = nextTryAt
        self.deadline = deadline
        self.receiver = receiver
        self.facts = facts
        self.failures = failures
    }
}

/// What became of an attempt to deliver a ``Notice``.
public enum NoticeOutcome: Hashable, Sendable {
    case delivered
    /// It is tried again later.
    case postponed(until: Date, error: String)
    /// It is given up.
    case failed(error: String)

    package var isPostponed: Bool {
        if case .postponed = self { return true }
        return false
    }
}
