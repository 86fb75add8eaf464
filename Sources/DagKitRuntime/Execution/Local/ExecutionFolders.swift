package import DagKitCore
package import DagKitSystem

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

    func lock(of attempt: AttemptID) -> String { "\(attempts)/\(attempt).lock" }

    /// A lock file that belongs to no attempt for the moment.
    func spareLock(number: Int, of supervisor: Int32) -> String {
        "\(attempts)/spare-\(supervisor)-\(number)"
    }

    /// The lock files that supervisors, or one of them, have put aside.
    func spareLocks(of supervisor: Int32? = nil) throws -> [String] {
        let prefix = supervisor.map { "spare-\($0)-" } ?? "spare-"
        return try FileSystem.names(in: attempts).filter { $0.hasPrefix(prefix) }.map { "\(attempts)/\($0)" }
    }

    func outcome(of attempt: AttemptID) -> String { "\(attempts)/\(attempt).outcome" }

    /// The attempts that have a file with such an ending.
    func attempts(endingWith ending: String) throws -> [AttemptID] {
        try FileSystem.names(in: attempts).compactMap { name in
            guard name.hasSuffix(ending), let number = Int64(name.dropLast(ending.count)) else { return nil }
            return AttemptID(rawValue: number)
        }
    }
}
