import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// What a lock file says of the attempt that holds it, for those who find the file when supervisor and worker are dead.
///
/// It stands there from before the attempt's first effect until its outcome is stored or lies in a file of its own: an
/// attempt of which a lock file tells has begun.
struct AttemptNote: Equatable {
    let attemptID: AttemptID
    let key: TaskInstanceKey
    let tryNumber: Int
    let startedAt: Date
    let worker: Int32

    init(_ order: AttemptOrder, startedAt: Date, worker: Int32) {
        attemptID = order.attemptID
        key = order.key
        tryNumber = order.tryNumber
        self.startedAt = startedAt
        self.worker = worker
    }

    /// Reads ``text``; `nil` if it is none.
    init?(_ text: String) {
        let parts = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 8, let attempt = Int64(parts[0]), let dag = try? DAGID(checking: parts[1]),
            let run = try? RunID(checking: parts[2]),
            let task = try? TaskID(checking: parts[3]), let mapIndex = Int(parts[4]),
            let tryNumber = Int(parts[5]),
            let start = Int64(parts[6]), let worker = Int32(parts[7])
        else { return nil }
        attemptID = AttemptID(rawValue: attempt)
        key = TaskInstanceKey(RunKey(dag, run), task, mapIndex: mapIndex)
        self.tryNumber = tryNumber
        startedAt = Date(microseconds: start)
        self.worker = worker
    }

    /// The note in the lock file at `path`; `nil` if it belongs to no attempt, or is not there.
    ///
    /// - Throws: ``SystemError`` if it cannot be read.
    static func read(_ path: String) throws(SystemError) -> AttemptNote? {
        guard let text = try FileLock.note(in: path) else { return nil }
        return AttemptNote(text)
    }

    /// One line; no id holds a tab.
    var text: String {
        [
            "\(attemptID)", key.run.dagID.rawValue, key.run.runID.rawValue, key.taskID.rawValue,
            "\(key.mapIndex)", "\(tryNumber)", "\(startedAt.microsecondsSinceEpoch)", "\(worker)",
        ].joined(separator: "\t")
    }

    /// The outcome of an attempt whose supervisor and worker have died.
    func lost(at now: Date) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: attemptID, key: key, tryNumber: tryNumber,
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
