package import DagKitCore
package import DagKitSystem
import Glibc

/// Where the local executor keeps its things in the home folder.
package struct ExecutionFolders: Codable, Hashable, Sendable {
    /// The sockets of supervisors.
    package let run: String

    /// The locks of running attempts, and outcomes that no scheduler has stored yet.
    package let attempts: String

    /// The logs of attempts, and that of the supervisors.
    package let logs: String

    /// - Parameter logs: The log folder; `nil` is `logs` in the home folder.
    package init(home: String, logs: String? = nil) {
        run = "\(home)/run"
        attempts = "\(home)/attempts"
        self.logs = logs ?? "\(home)/logs"
    }

    /// Makes the folders that are missing; without that of the logs everything goes on.
    package func create() throws(SystemError) {
        for folder in [run, attempts] { try FileSystem.createFolder(folder) }
        try? FileSystem.createFolder("\(logs)/supervisor")
    }

    /// Where the log of an attempt lies.
    package func log(of order: AttemptOrder) -> String {
        "\(logs)/\(AttemptLogPath.path(of: order.key, tryNumber: order.tryNumber))"
    }

    /// Refuses to begin a log where the disk is nearly full: what is left belongs to the logs of what runs.
    ///
    /// - Parameter floor: In bytes; of a small disk a sixteenth counts, if that is less.
    /// - Throws: ``SystemError`` with the code `ENOSPC`.
    func requireLogSpace(_ floor: UInt64) throws(SystemError) {
        // A folder that cannot be asked is told of when the log is opened, and costs no attempt.
        guard let space = try? FileSystem.space(at: logs), space.free < min(floor, space.total / 16) else {
            return
        }
        throw .failed("begin a log in", logs, code: ENOSPC)
    }

    /// Where the log of an attempt lies while the log folder cannot be written.
    func fallbackLog(of order: AttemptOrder) -> String {
        "\(attempts)/logs/\(AttemptLogPath.path(of: order.key, tryNumber: order.tryNumber))"
    }

    func socket(of generation: String) -> String { "\(run)/supervisor-\(generation).sock" }

    /// The supervisors' sockets that there are, dead ones among them.
    func sockets() throws -> [String] {
        try FileSystem.names(in: run).filter { $0.hasPrefix("supervisor-") && $0.hasSuffix(".sock") }
            .map { "\(run)/\($0)" }
    }

    /// A lock file of a supervisor, which says for which attempt it is; see ``AttemptNote``.
    func lock(number: Int, of supervisor: Int32) -> String { "\(attempts)/\(supervisor)-\(number).lock" }

    /// The process id that the name of a lock file begins with; `nil` if it has another form.
    static func supervisor(ofLock path: String) -> Int32? {
        path.split(separator: "/").last.flatMap { $0.split(separator: "-").first }.flatMap { Int32($0) }
    }

    /// The lock files of all supervisors, or of one.
    func locks(of supervisor: Int32? = nil) throws -> [String] {
        let prefix = supervisor.map { "\($0)-" } ?? ""
        return try FileSystem.names(in: attempts).filter { $0.hasSuffix(".lock") && $0.hasPrefix(prefix) }
            .map { "\(attempts)/\($0)" }
    }

    func outcome(of attempt: AttemptID) -> String { "\(attempts)/\(attempt).outcome" }

    /// The attempts whose outcome lies in a file.
    func outcomes() throws -> [AttemptID] {
        let ending = ".outcome"
        return try FileSystem.names(in: attempts).compactMap { name in
            guard name.hasSuffix(ending), let number = Int64(name.dropLast(ending.count)) else { return nil }
            return AttemptID(rawValue: number)
        }
    }
}
