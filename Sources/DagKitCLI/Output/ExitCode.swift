public import DagKitCore

/// An error that says itself how the command that met it ends; others end it with ``ExitCode/failure``.
public protocol ExitCodeError: DagKitError {
    /// The exit status of the command.
    var exitCode: ExitCode { get }
}

/// How a command ended, as the shell sees it.
public enum ExitCode: Int32, Error, CaseIterable, Sendable {
    case success = 0
    /// What was asked for failed: a run failed, a check said no.
    case failure = 1
    /// The command line was wrong.
    case usage = 2
    /// What was named does not exist.
    case notFound = 3
    /// What was to be made exists already, or its state forbids the command.
    case conflict = 4
    /// The metadata database, or a server, could not be reached.
    case unreachable = 5
    /// The operating system forbids it.
    case permission = 6
    /// The configuration is invalid.
    case configuration = 7
    /// Something is locked or busy; the same command may do later.
    case temporary = 75
    /// The time given to `--wait` was not enough.
    case timeout = 124
    case interrupted = 130
    /// Whoever read the output stopped reading.
    case brokenPipe = 141
    case terminated = 143

    /// What it means, for help texts.
    public var meaning: String {
        switch self {
        case .success: "done"
        case .failure: "what was asked for failed"
        case .usage: "the command line is wrong"
        case .notFound: "not found"
        case .conflict: "exists already, or its state forbids it"
        case .unreachable: "the database or a server cannot be reached"
        case .permission: "permission denied"
        case .configuration: "the configuration is invalid"
        case .temporary: "locked or busy, try again"
        case .timeout: "timed out"
        case .interrupted: "interrupted"
        case .brokenPipe: "the reader of the output went away"
        case .terminated: "terminated"
        }
    }
}
