import DagKitCore
import DagKitStore
import DagKitSystem
import Glibc

/// A DAG `script` of one shell task `only`, for faults that one task makes.
enum ScriptDAG {
    static let id: DAGID = "script"

    /// The members of `dags` in dags.json.
    ///
    /// - Parameter timeout: In seconds.
    static func declaration(_ command: String, retries: Int = 0, timeout: Int? = nil) -> JSONValue {
        var defaults: [String: JSONValue] = ["retries": .integer(Int64(retries)), "retry_delay": 0]
        if let timeout { defaults["execution_timeout"] = .integer(Int64(timeout)) }
        return [
            "script": [
                "paused": false, "defaults": .object(defaults),
                "tasks": [["id": "only", "operator": "shell", "command": .string(command)]],
            ]
        ]
    }
}

extension FaultHome {
    /// The newest run of the script DAG with its one instance; `nil` while there is none.
    func script() async throws -> (run: DAGRun, only: TaskInstance)? {
        try await withStore { store in
            guard let run = try await store.runs(RunQuery(dagID: ScriptDAG.id)).first,
                let only = try await store.taskInstances(of: run.key).first
            else { return nil }
            return (run, only)
        }
    }

    /// Waits until the run of the script DAG has ended, and gives its instance.
    func scriptEnds(within limit: Duration = .seconds(120)) async throws -> TaskInstance? {
        var found: TaskInstance?
        _ = try await holds(within: limit) {
            guard let script = try await script(), script.run.state.isFinished else { return false }
            found = script.only
            return true
        }
        return found
    }

    /// Waits until the script has written a file into the home, and gives its words.
    func words(in name: String) async throws -> [String] {
        var words: [String] = []
        _ = try await holds {
            let text = (try? FileSystem.readText("\(path)/\(name)")) ?? ""
            words = text.split(whereSeparator: \.isWhitespace).map(String.init)
            return text.hasSuffix("\n")
        }
        return words
    }

    /// The log of the script's attempt, all its parts.
    ///
    /// - Parameter folder: The folder of the logs, within the home unless it is a whole path.
    func scriptLog(_ tryNumber: Int = 1, under folder: String = "logs") throws -> [UInt8] {
        let logs = (folder.hasPrefix("/") ? folder : "\(path)/\(folder)") + "/dag_id=script"
        guard let run = try FileSystem.names(in: logs).first else { return [] }
        let task = "\(logs)/\(run)/task_id=only"
        let parts = AttemptLogPath.segments(
            of: "attempt=\(tryNumber).log", among: try FileSystem.names(in: task))
        return try parts.flatMap { try FileSystem.read("\(task)/\($0)") }
    }

    /// The log of the script's attempt as text; empty while there is none.
    func scriptText(under folder: String = "logs") throws -> String {
        do {
            return String(decoding: try scriptLog(under: folder), as: UTF8.self)
        } catch SystemError.failed(_, _, code: ENOENT) {
            return ""
        }
    }

    /// The end of a child, or nothing if it does not come; such a child is killed.
    func end(of child: ChildProcess, within limit: Duration = .seconds(120)) async throws -> ProcessExit? {
        if let exit = try await child.wait(until: BootTimeClock().now.advanced(by: limit)) { return exit }
        child.send(SIGKILL)
        _ = try await child.wait()
        return nil
    }
}
