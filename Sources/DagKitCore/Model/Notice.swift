public import FoundationEssentials

/// Something that people want to be told of.
///
/// It is stored in the commit of what it tells of, and kept until it is delivered: no crash in between loses it. After
/// a crash during the delivery it may come twice, under the same ``id``.
public struct Notice: Hashable, Codable, Sendable {
    /// The place in the store, given by it; 0 before that.
    public var number: Int64
    public let kind: Kind
    public let at: Date
    public let task: TaskInstanceKey
    public let tryNumber: Int

    /// The number of the last try that may be made.
    public let lastTry: Int

    /// Why the try failed.
    public let reason: String?

    /// When the next try is due; `nil` if none follows.
    public let nextTryAt: Date?

    /// The mail addresses of those who are told.
    public let recipients: [String]

    /// How many deliveries have failed.
    public var failures: Int

    /// What is told.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        /// A task failed for good.
        case taskFailed = "task_failed"
        /// A try failed, and another one follows.
        case taskRetried = "task_retried"
    }

    public init(
        number: Int64 = 0, _ kind: Kind, at: Date, task: TaskInstanceKey, tryNumber: Int, lastTry: Int,
        reason: String?, nextTryAt: Date? = nil, recipients: [String], failures: Int = 0
    ) {
        self.number = number
        self.kind = kind
        self.at = at
        self.task = task
        self.tryNumber = tryNumber
        self.lastTry = lastTry
        self.reason = reason
        self.nextTryAt = nextTryAt
        self.recipients = recipients
        self.failures = failures
    }

    /// A text that is the same whenever this notice is delivered, and different for every other.
    public var id: String {
        String(SHA256.hex("\(kind.rawValue)\n\(task)\n\(tryNumber)\n\(at.isoText)").prefix(32))
    }
}

/// What became of an attempt to deliver a ``Notice``.
public enum NoticeOutcome: Hashable, Sendable {
    case delivered
    /// It is tried again later.
    case postponed(until: Date, error: String)
    /// It is given up.
    case failed(error: String)
}
