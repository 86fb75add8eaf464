/// The state of a task instance, as it is stored and printed; `nil` where Airflow says *none*.
public enum TaskState: String, CaseIterable, Codable, Hashable, Sendable {
    /// Its dependencies are met; it waits for a slot.
    case scheduled
    /// Handed to an executor that has not started it yet.
    case queued
    case running
    case success
    case failed
    /// A try failed; the next one is due later.
    case upForRetry = "up_for_retry"
    /// A sensor that will look again later and holds no worker meanwhile.
    case upForReschedule = "up_for_reschedule"
    /// Not run, since an upstream task failed.
    case upstreamFailed = "upstream_failed"
    case skipped
    /// Its task is no longer part of the DAG, or its map index is beyond what was mapped.
    case removed
    /// Cleared while it ran: its attempt is being ended, then it starts anew.
    case restarting
    /// The scheduler waits in its place; it holds no worker.
    case deferred

    /// Whether the instance will not change by itself any more.
    public var isFinished: Bool {
        switch self {
        case .success, .failed, .upstreamFailed, .skipped, .removed: true
        default: false
        }
    }

    /// Whether the instance waits for something outside its run, and no attempt of it exists meanwhile.
    public var isWaiting: Bool { self == .upForReschedule || self == .deferred }

    /// Whether an attempt of the instance exists now.
    public var isActive: Bool { self == .queued || self == .running || self == .restarting }
}

/// The state of a DAG run, as it is stored and printed.
public enum RunState: String, CaseIterable, Codable, Hashable, Sendable {
    case queued, running, success, failed

    /// Whether the run will not change by itself any more.
    public var isFinished: Bool { self == .success || self == .failed }
}
