public import FoundationEssentials

/// What names a run among all runs: its DAG and its id.
public struct RunKey: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    public let dagID: DAGID
    public let runID: RunID

    public init(_ dagID: DAGID, _ runID: RunID) {
        self.dagID = dagID
        self.runID = runID
    }

    public var description: String { "\(dagID)/\(runID)" }

    public static func < (left: RunKey, right: RunKey) -> Bool {
        (left.dagID, left.runID) < (right.dagID, right.runID)
    }
}

/// One execution of a DAG for one logical date.
public struct DAGRun: Hashable, Codable, Sendable {
    public let key: RunKey
    public let type: RunType

    /// The instant that the run stands for; `nil` for runs that stand for none.
    public let logicalDate: Date?

    /// The span of data that the run covers.
    public let dataInterval: DataInterval?

    /// The instant from which on the run may start.
    public let runAfter: Date

    /// What the one who triggered the run handed over; an object.
    public let conf: JSONValue

    /// Who or what asked for the run: a user's name, `scheduler`.
    public let triggeredBy: String?

    /// When the run was created or last cleared.
    public var queuedAt: Date
    public var state: RunState
    public var startDate: Date?
    public var endDate: Date?

    /// Why the run is in its state, where the state alone does not say it.
    public var reason: String?

    /// The hash of the DAG's structure that the run follows.
    public var structureHash: String

    /// How many times the run was cleared after it had ended.
    public var clearNumber: Int

    /// The backfill that created the run, or let it start anew last; `nil` if none did.
    public var backfillID: Int64?

    /// Counts the commits that changed the run; a writer that holds an older one is refused.
    public var revision: Int64

    /// Creates a run that nothing has happened to yet.
    public init(
        key: RunKey, type: RunType, logicalDate: Date?, dataInterval: DataInterval?, runAfter: Date,
        conf: JSONValue = .object([:]), triggeredBy: String? = nil, queuedAt: Date, structureHash: String
    ) {
        self.key = key
        self.type = type
        self.logicalDate = logicalDate
        self.dataInterval = dataInterval
        self.runAfter = runAfter
        self.conf = conf
        self.triggeredBy = triggeredBy
        self.queuedAt = queuedAt
        self.state = .queued
        self.structureHash = structureHash
        self.clearNumber = 0
        self.revision = 0
    }

    public var dagID: DAGID { key.dagID }
    public var runID: RunID { key.runID }

    /// Whether somebody asked for the run, rather than its schedule.
    public var isExternallyTriggered: Bool { type == .manual }

    /// From its start to its end, in seconds; `nil` until it ended.
    public var duration: Double? {
        guard let startDate, let endDate else { return nil }
        return endDate.timeIntervalSince(startDate)
    }
}
