public import FoundationEssentials

/// A line of the append-only log of what happened to a run; the state tables fold from it exactly.
public struct RunEvent: Hashable, Codable, Sendable {
    /// The place in the log, given by the store; 0 before that.
    public var number: Int64
    public let at: Date
    public let run: RunKey
    public let kind: Kind

    /// The task that the event is about; `nil` for events of the run as a whole.
    public var taskID: TaskID?
    public var mapIndex: Int
    public var tryNumber: Int?
    public var attemptID: AttemptID?

    /// Why it happened, or what is waited for.
    public var reason: String?

    /// What the fold needs besides: the instant of the next try, the number of mapped instances, the use of the
    /// machine.
    public var detail: JSONValue

    /// Who decided it: `scheduler`, a user's name.
    public var actor: String

    /// What happened.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        case runCreated = "run_created"
        /// The run does not start yet, for the reason given.
        case runWaiting = "run_waiting"
        case runStarted = "run_started"
        case runSucceeded = "run_succeeded"
        case runFailed = "run_failed"
        /// The run will fail for the reason given once nothing runs any more: nothing new starts.
        case runEnding = "run_ending"
        /// The run had ended and goes on, since tasks of it were cleared.
        case runCleared = "run_cleared"
        /// The run follows another structure of its DAG from now on, whose hash the detail tells.
        case versionChanged = "version_changed"
        /// The run is not done by the deadline that the detail names; it goes on.
        case deadlineMissed = "deadline_missed"
        /// The wall clock was set: what the run, or the instance, counts from and waits for by the time that passes moves by
        /// the detail's `by_microseconds`.
        case clockShifted = "clock_shifted"
        /// The run was deleted with all that was known of it. It is no event of a run that gets the same id later.
        case runDeleted = "run_deleted"
        /// The task got its instance: the run's DAG did not have it before.
        case added
        /// A mapped task got its instances.
        case expanded
        /// The dependencies are met; it waits for a slot, for the reason given.
        case scheduled
        /// It waits for something else now than what was said last.
        case waiting
        /// Handed to an executor: the attempt runs.
        case running
        case succeeded, failed, skipped, removed
        case upstreamFailed = "upstream_failed"
        case upForRetry = "up_for_retry"
        /// A sensor will look again at the instant in the detail, in the same try.
        case upForReschedule = "up_for_reschedule"
        /// It waits for a slot again, to look once more in the same try.
        case resumed
        /// The scheduler waits in its place for what the detail tells.
        case deferred
        /// The attempt did not begin; the same try goes again.
        case requeued
        /// The running attempt is being ended; what the detail asks for follows its death.
        case endRequested = "end_requested"
        /// The instance is as if it had never run, but for the count of its tries.
        case cleared
    }

    public init(
        _ kind: Kind, run: RunKey, at: Date, taskID: TaskID? = nil, mapIndex: Int = -1, tryNumber: Int? = nil,
        attemptID: AttemptID? = nil, reason: String? = nil, detail: JSONValue = .null,
        actor: String = RunEvent.scheduler
    ) {
        number = 0
        self.kind = kind
        self.run = run
        self.at = at
        self.taskID = taskID
        self.mapIndex = mapIndex
        self.tryNumber = tryNumber
        self.attemptID = attemptID
        self.reason = reason
        self.detail = detail
        self.actor = actor
    }

    /// The actor of what a scheduler decides; all else was written by somebody else.
    public static let scheduler = "scheduler"

    /// A user as an actor: the name as it is, unless a scheduler would take what that user did for its own.
    public static func actor(ofUser name: String) -> String { name == scheduler ? "\(name) (user)" : name }

    /// The instance that the event is about; `nil` for events of the run as a whole.
    public var task: TaskInstanceKey? { taskID.map { TaskInstanceKey(run, $0, mapIndex: mapIndex) } }
}
