import DagKitCore
import DagKitSystem

/// What a scheduler says to a supervisor.
enum SchedulerMessage: Sendable {
    /// The first message: what supervisor the scheduler would start.
    case hello(identity: String)
    case dispatch([AttemptOrder])
    case kill(AttemptID, reason: String)
    /// These outcomes are stored.
    case acknowledge([AttemptID])
    /// End: running attempts get the grace.
    case stop(grace: Duration)
    /// End at once: running attempts are killed.
    case endNow
}

/// What a supervisor says to a scheduler.
enum SupervisorMessage: Sendable {
    /// The answer to the first message; what does not fit into it went before.
    case welcome(SupervisorWelcome)
    /// A part of an answer that is too long for one message.
    case welcomePart(running: [AttemptOrder], outcomes: [AttemptOutcome])
    /// It was told to end, by somebody else than this scheduler, and takes no orders any more.
    case retiring
    case finished(AttemptOutcome)
    /// Something that the supervisor's user should know.
    case warning(String)
}

/// A supervisor's answer to a scheduler's first message.
struct SupervisorWelcome: Sendable {
    /// What the supervisor and its workers are: ``SupervisorConfiguration/identity``.
    let identity: String
    let process: ProcessIdentity
    var running: [AttemptOrder]
    /// The outcomes that no scheduler has acknowledged.
    var outcomes: [AttemptOutcome]
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
    /// It has all threads that it needs, and takes orders. One that ends before that has begun nothing.
    case ready
    /// These values are secret: the task gets them once the supervisor has answered.
    case mask([String])
    /// A command of the attempt was killed by signal 9.
    case lostCommand
    /// It has heard that the attempt is to end, and starts no process any more.
    case ending
    /// The attempt has ended, with all its processes.
    ///
    /// - Parameter isSpent: Whether the worker should be replaced.
    case finished(AttemptOutcome, isSpent: Bool)
}
