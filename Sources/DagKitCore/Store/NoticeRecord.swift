public import FoundationEssentials

/// A notice as the store keeps it.
public struct NoticeRecord: Hashable, Sendable {
    public internal(set) var notice: Notice
    public var state: State

    /// When it is delivered next, or was to be.
    public var dueAt: Date

    /// When its delivery was tried last.
    public var updatedAt: Date

    /// Why the last delivery failed; `nil` if none did, or it was delivered.
    public var lastError: String?

    /// How far a notice has come.
    public enum State: String, CaseIterable, Codable, Sendable {
        /// It waits for its delivery, perhaps after failures.
        case pending
        case delivered
        /// It was given up.
        case failed
    }

    public init(_ notice: Notice, state: State, dueAt: Date, updatedAt: Date, lastError: String?) {
        self.notice = notice
        self.state = state
        self.dueAt = dueAt
        self.updatedAt = updatedAt
        self.lastError = lastError
    }
}

/// Which notices are asked for.
public struct NoticeQuery: Hashable, Sendable {
    public var dagID: DAGID?
    public var runID: RunID?

    /// The states of the notices; all if empty.
    public var states: Set<NoticeRecord.State>
    public var limit: Int

    public init(
        dagID: DAGID? = nil, runID: RunID? = nil, states: Set<NoticeRecord.State> = [], limit: Int = 100
    ) {
        self.dagID = dagID
        self.runID = runID
        self.states = states
        self.limit = limit
    }

    /// Whether a notice is meant.
    func matches(_ record: NoticeRecord) -> Bool {
        (dagID == nil || dagID == record.notice.run.dagID)
            && (runID == nil || runID == record.notice.run.runID)
            && (states.isEmpty || states.contains(record.state))
    }
}
