import DagKitCore
import DagKitRuntime
import DagKitSQL
import DagKitStore
import DagKitSystem
import Glibc

/// Shows an error on the error stream and says which exit status it means.
struct ErrorReport {
    let program: String
    let console: Console
    let isVerbose: Bool

    /// Shows what went wrong; `usage` follows a mistake in the command line.
    func show(_ error: any Error, usage: String? = nil) -> ExitCode {
        if case ConsoleError.brokenPipe = error { return .brokenPipe }
        if let code = error as? ExitCode { return code }
        let code = Self.exitCode(for: error)
        var lines = text(of: error).split(separator: "\n").map(String.init)
        if let first = lines.first {
            lines[0] = "\(program): \(console.styled("error:", .red, on: .error)) \(first)"
        }
        if let usage { lines.append(usage) }
        if isVerbose { lines += causes(of: error).map { "  caused by: \($0)" } }
        // If not even the error stream takes the message, the exit status is all that is left to say.
        try? console.note(lines.joined(separator: "\n"))
        return code
    }

    private func text(of error: any Error) -> String {
        if error is CancellationError { return "interrupted; run it again" }
        return "\(error)"
    }

    /// The errors that an error carries as its `cause`, the nearest first.
    private func causes(of error: any Error) -> [String] {
        var causes: [String] = []
        var next = cause(of: error)
        while let error = next, causes.count < 10 {
            causes.append("\(error)")
            next = cause(of: error)
        }
        return causes
    }

    private func cause(of error: any Error) -> (any Error)? {
        for child in Mirror(reflecting: error).children {
            if let found = child.value as? any Error { return found }
            // The values of an enum's case stand together in one child.
            for inner in Mirror(reflecting: child.value).children where inner.value is any Error {
                return inner.value as? any Error
            }
        }
        return nil
    }

    /// The exit status of an error.
    static func exitCode(for error: any Error) -> ExitCode {
        switch error {
        case is UsageError: .usage
        case let error as any ExitCodeError: error.exitCode
        case is ConfigurationError, is INIError, is EnvironmentError: .configuration
        case let error as StoreError: error == .foreign ? .configuration : .unreachable
        case is UnreadableRow: .unreachable
        case let error as SQLError: exitCode(for: error)
        case let error as SystemError: exitCode(for: error)
        case LocalExecutorError.unreadableLock(_, let cause): exitCode(for: cause)
        case is FileLockError, is SchedulerDoorError, is RunChangeError: .temporary
        case is DAGDeletionError, is RunDeletionError: .conflict
        case is CancellationError: .interrupted
        default: .failure
        }
    }

    private static func exitCode(for error: SQLError) -> ExitCode {
        switch error.kind {
        case .busy, .serializationFailure, .deadlock, .tooManyConnections: .temporary
        case .cannotOpen, .replaced, .corrupt, .full, .inputOutput, .connectionLost, .unknownDatabase:
            .unreachable
        case .readOnly, .accessDenied: .permission
        default: .failure
        }
    }

    private static func exitCode(for error: SystemError) -> ExitCode {
        switch error.code {
        case EACCES, EPERM, EROFS: .permission
        case ENOENT: .notFound
        case EAGAIN, EBUSY, EMFILE, ENFILE, ENOMEM: .temporary
        default: .failure
        }
    }
}

/// Why a command cannot do what was asked for.
enum CommandError: ExitCodeError {
    case noDAG(String, near: String?)
    case noTask(String, dag: DAGID, near: String?)
    case noRun(String, dag: DAGID, near: String?)
    case noVariable(String, near: String?)
    case noConnection(String, near: String?)
    case connectionExists(String)
    case runExists(RunKey)
    case invalidDAG(DAGID, problems: [DAGProblem])
    /// What is wrong with the conf of a run.
    case invalidParams(DAGID, problems: [SchemaProblem])
    case notJSON(String, cause: JSONError)
    case notFound(String, remedy: String)
    case failed(String, remedy: String)
    case conflict(String, remedy: String)
    case timedOut(String, remedy: String)
    case unreachable(String, remedy: String)

    var exitCode: ExitCode {
        switch self {
        case .noDAG, .noTask, .noRun, .noVariable, .noConnection, .notFound: .notFound
        case .connectionExists, .runExists, .conflict: .conflict
        case .notJSON, .invalidParams: .usage
        case .invalidDAG, .failed: .failure
        case .timedOut: .timeout
        case .unreachable: .unreachable
        }
    }

    var problem: String {
        switch self {
        case .noDAG(let id, _): "dag \"\(id)\" does not exist"
        case .noTask(let id, let dag, _): "dag \"\(dag)\" has no task \"\(id)\""
        case .noRun(let id, let dag, _): "dag \"\(dag)\" has no run \"\(id)\""
        case .noVariable(let key, _): "variable \"\(key)\" does not exist"
        case .noConnection(let id, _): "connection \"\(id)\" does not exist"
        case .connectionExists(let id): "connection \"\(id)\" exists already"
        case .runExists(let key):
            "dag \"\(key.dagID)\" has a run \"\(key.runID)\", or one of its logical date, already"
        case .invalidDAG(let id, let problems):
            "dag \"\(id)\" cannot be used\n" + problems.map(\.description).joined(separator: "\n")
        case .invalidParams(let id, let problems):
            "dag \"\(id)\" cannot run with these params\n"
                + problems.map { "param \($0.description)" }.joined(separator: "\n")
        case .notJSON(let what, let cause): "\(what) is no JSON: \(cause)"
        case .notFound(let problem, _), .failed(let problem, _), .conflict(let problem, _),
            .timedOut(let problem, _),
            .unreachable(let problem, _):
            problem
        }
    }

    var remedy: String {
        switch self {
        case .noDAG(_, let near?), .noTask(_, _, let near?), .noRun(_, _, let near?),
            .noVariable(_, let near?),
            .noConnection(_, let near?):
            "did you mean \"\(near)\"?"
        case .noDAG: "see all with: dagctl dags list"
        case .noTask(_, let dag, _): "see all with: dagctl tasks list \(dag)"
        case .noRun(_, let dag, _): "see all with: dagctl dags list-runs \(dag)"
        case .noVariable(let key, _): "run: dagctl variables set \(key) VALUE"
        case .noConnection(let id, _): "run: dagctl connections add \(id) --conn-uri URI"
        case .connectionExists: "delete it first, or add --overwrite"
        case .runExists: "use another run id or logical date"
        case .invalidDAG, .invalidParams, .notJSON: "mend it"
        case .notFound(_, let remedy), .failed(_, let remedy), .conflict(_, let remedy),
            .timedOut(_, let remedy),
            .unreachable(_, let remedy):
            remedy
        }
    }

    var description: String {
        switch self {
        // These carry whole messages with remedies of their own.
        case .invalidDAG, .invalidParams, .notJSON: problem
        default: "\(problem); \(remedy)"
        }
    }
}
