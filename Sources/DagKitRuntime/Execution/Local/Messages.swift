import DagKitCore
import DagKitSystem

/// What a scheduler says to a supervisor.
enum SchedulerMessage: Sendable {
    /// The first message: which program file the scheduler runs.
    case hello(program: String)
    case dispatch([AttemptOrder])
    case kill(AttemptID, reason: String)
    /// These outcomes are stored.
    case acknowledge([AttemptID])
    /// End: running attempts get the grace.
    case stop(grace: Duration)
    /// Another supervisor takes the new attempts: end once nothing is left.
    case retire
}

/// What a supervisor says to a scheduler.
enum SupervisorMessage: Sendable {
    case welcome(SupervisorWelcome)
    case finished(AttemptOutcome)
}

/// A supervisor's answer to a scheduler's first message.
struct SupervisorWelcome: Sendable {
    /// The program file that the supervisor and its workers run.
    let program: String
    let process: ProcessIdentity
    let running: [AttemptOrder]
    /// The outcomes that no scheduler has acknowledged.
    let outcomes: [AttemptOutcome]
}

/// What a supervisor says to a worker.
enum WorkerInstruction: Sendable {
    /// Run an attempt; its lock comes along.
    case run(AttemptOrder)
    /// What was to be masked is masked from now on.
    case masked
}

/// What a worker says to its supervisor.
enum WorkerReport: Sendable {
    /// These values are secret: the task gets them once the supervisor has answered.
    case mask([String])
    /// The attempt has ended, with all its processes.
    ///
    /// - Parameter isSpent: Whether the worker should be replaced.
    case finished(AttemptOutcome, isSpent: Bool)
}
