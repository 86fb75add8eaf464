public import FoundationEssentials

/// Runs for a range of past dates, which the scheduler works off beside those of the schedule.
///
/// A backfill is stored with each of its dates. It has a limit of its own on how many of its runs are under way at once,
/// and goes on while its DAG is paused.
public struct Backfill: Hashable, Codable, Sendable {
    /// Given by the store; 0 before that.
    public var id: Int64
    public let dagID: DAGID

    /// The first and the last logical date that are meant.
    public let from: Date
    public let through: Date

    /// What its runs are given.
    public let conf: JSONValue

    /// What becomes of dates that have a run.
    public let reprocessing: Reprocessing

    /// How many of its runs are under way at once.
    public let maxActiveRuns: Int

    /// Whether no further run starts.
    public var isPaused: Bool

    /// Whether somebody ended it before all its dates were done.
    public var isCancelled: Bool
    public let createdBy: String
    public let createdAt: Date

    /// When a user last changed it.
    public var updatedAt: Date

    /// When its last run ended, or it was cancelled; `nil` before that.
    public var completedAt: Date?

    /// What becomes of dates that have a run already.
    public enum Reprocessing: String, CaseIterable, Codable, Hashable, Sendable {
        /// They are left alone: missing runs alone are made.
        case none
        /// Failed runs start anew.
        case failed
        /// All that have ended start anew.
        case completed
    }

    public init(
        id: Int64 = 0, dagID: DAGID, from: Date, through: Date, conf: JSONValue = .object([:]),
        reprocessing: Reprocessing = .none, maxActiveRuns: Int = Backfill.defaultMaxActiveRuns,
        isPaused: Bool = false, isCancelled: Bool = false, createdBy: String, createdAt: Date,
        updatedAt: Date? = nil, completedAt: Date? = nil
    ) {
        self.id = id
        self.dagID = dagID
        self.from = from
        self.through = through
        self.conf = conf
        self.reprocessing = reprocessing
        self.maxActiveRuns = maxActiveRuns
        self.isPaused = isPaused
        self.isCancelled = isCancelled
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.updatedAt = updatedAt ?? createdAt
        self.completedAt = completedAt
    }

    /// Airflow's default.
    public static let defaultMaxActiveRuns = 10

    /// What stands in lists: `running`, `paused`, `cancelled` or `completed`.
    public var stateText: String {
        if isCancelled { return "cancelled" }
        if completedAt != nil { return "completed" }
        return isPaused ? "paused" : "running"
    }
}

/// One date of a backfill, and what has become of it.
public struct BackfillDate: Hashable, Sendable {
    public let planned: PlannedRun

    /// The run that starts anew for the date; `nil` where one is created.
    public let reprocesses: RunID?

    /// The run that was created or cleared for the date; `nil` while it waits its turn, and where there is none.
    public var run: RunID?

    /// Why the date gets no run: ``BackfillDate/exists`` and its kin.
    public var exceptionReason: String?

    public init(
        _ planned: PlannedRun, reprocesses: RunID? = nil, run: RunID? = nil, exceptionReason: String? = nil
    ) {
        self.planned = planned
        self.reprocesses = reprocesses
        self.run = run
        self.exceptionReason = exceptionReason
    }

    public var logicalDate: Date { planned.logicalDate }

    /// Whether the date waits its turn.
    public var isPending: Bool { run == nil && exceptionReason == nil }

    /// The date has a run, which is left alone.
    public static let exists = "already exists"
    /// The date has a run that has not ended.
    public static let inFlight = "in flight"
    /// The date's run is there, and cannot be read.
    public static let unreadable = "unreadable"
    /// The backfill was cancelled before the date's turn.
    public static let cancelled = "cancelled"
}
