import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// What the lock file of a running attempt says of it, for those who find the file when supervisor and worker are dead.
///
/// The file exists from before the attempt's first effect until its outcome is stored or lies in a file of its own: an
/// attempt whose lock file is there has begun.
struct AttemptNote: Equatable {
    let key: TaskInstanceKey
    let tryNumber: Int
    let startedAt: Date
    let worker: Int32

    init(_ order: AttemptOrder, startedAt: Date, worker: Int32) {
        key = order.key
        tryNumber = order.tryNumber
        self.startedAt = startedAt
        self.worker = worker
    }

    /// Reads ``text``; `nil` if it is none.
    init?(_ text: String) {
        let parts = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 7, let dag = try? DAGID(checking: parts[0]),
            let run = try? RunID(checking: parts[1]),
            let task = try? TaskID(checking: parts[2]), let mapIndex = Int(parts[3]),
            let tryNumber = Int(parts[4]),
            let start = Int64(parts[5]), let worker = Int32(parts[6])
        else { return nil }
        key = TaskInstanceKey(RunKey(dag, run), task, mapIndex: mapIndex)
        self.tryNumber = tryNumber
        startedAt = Date(microseconds: start)
        self.worker = worker
    }

    /// One line; no id holds a tab.
    var text: String {
        [
            key.run.dagID.rawValue, key.run.runID.rawValue, key.taskID.rawValue, "\(key.mapIndex)",
            "\(tryNumber)",
            "\(startedAt.microsecondsSinceEpoch)", "\(worker)",
        ].joined(separator: "\t")
    }

    /// The outcome of an attempt whose supervisor and worker have died.
    func lost(_ id: AttemptID, at now: Date) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: id, key: key, tryNumber: tryNumber,
            verdict: .failed(
                reason: "the supervisor of its worker was lost", isRetryable: true, retryDelay: nil),
            startedAt: startedAt, endedAt: max(startedAt, now), processID: Int(worker),
            hostname: CurrentProcess.hostName)
    }
}

/// The entry of the environment by which all processes of an attempt can be found, also those that left its group, its
/// session and its tree.
///
/// It names the attempt's lock file by device and number, so that no attempt of another home has the same.
enum AttemptMark {
    static let variable = "DAGKIT_ATTEMPT"

    /// The value for the attempt that holds a lock; `nil` if that cannot be looked at.
    static func value(of attempt: AttemptID, lock: Int32) -> String? {
        var status = stat()
        return fstat(lock, &status) == 0 ? value(of: attempt, status) : nil
    }

    /// The processes of the attempt whose lock file lies at `path`; none if there is no such file.
    ///
    /// - Throws: ``SystemError`` if the system does not show all of them.
    static func processes(of attempt: AttemptID, lock path: String) throws(SystemError) -> [ProcessIdentity] {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .last("look at", path) }
            return []
        }
        return try ProcessTree.processes(withEnvironment: "\(variable)=\(value(of: attempt, status))")
    }

    private static func value(of attempt: AttemptID, _ status: stat) -> String {
        "\(attempt)@\(status.st_dev)-\(status.st_ino)"
    }
}
