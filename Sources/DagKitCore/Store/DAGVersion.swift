public import FoundationEssentials

/// A structure that a DAG has or had: which tasks, in which order, doing what.
///
/// Versions are counted from 1 for each DAG. What makes two of them different is the hash of the structure
/// (``DAGSpec/structureHash``) alone: the same structure registered again, by another executable or from other lines of
/// its source, is the same version, and so is one that comes back after others. Schedules, retries, pools and texts
/// are settings that hold for all runs from their next task on; they make no version.
public struct DAGVersion: Hashable, Sendable {
    public let dagID: DAGID

    /// 1 for the first structure that was registered of the DAG.
    public let number: Int
    public let structureHash: String

    /// The structure as ``DAGSpec/structure`` gives it, with the lines of the newest registration.
    public let structure: JSONValue

    /// The entry of `dags.json` as it was written, in the newest registration; `nil` for compiled DAGs.
    public let source: String?

    /// The name of the executable that registered it last.
    public let bundle: String

    /// The SHA-256 of that executable, 64 hex digits; `nil` if it was not told.
    public let executableHash: String?

    /// When the structure was registered first.
    public let createdAt: Date

    /// When it was registered last.
    public let lastRegistered: Date

    public init(
        dagID: DAGID, number: Int, structureHash: String, structure: JSONValue, source: String?,
        bundle: String, executableHash: String?, createdAt: Date, lastRegistered: Date
    ) {
        self.dagID = dagID
        self.number = number
        self.structureHash = structureHash
        self.structure = structure
        self.source = source
        self.bundle = bundle
        self.executableHash = executableHash
        self.createdAt = createdAt
        self.lastRegistered = lastRegistered
    }
}

extension DAGVersion {
    /// The tasks by the order of the DAG, with the place where each was written: `Pipeline.swift:41`.
    public var tasks: [(id: TaskID, location: String)] {
        (structure["tasks"]?.array ?? []).compactMap { task in
            task["task_id"]?.string.map { (TaskID($0), task["location"]?.string ?? "") }
        }
    }

    /// What is different from another version, in words: `removed load; added clean; changed check`; empty if nothing
    /// that a task shows is.
    public func changes(since other: DAGVersion) -> String {
        let (old, new) = (other.tasksByID, tasksByID)
        let removed = other.tasks.map(\.id).filter { new[$0] == nil }
        let added = tasks.map(\.id).filter { old[$0] == nil }
        let changed = tasks.map(\.id).filter { id in old[id].map { $0 != new[id] } ?? false }
        return [("removed", removed), ("added", added), ("changed", changed)].filter { !$1.isEmpty }
            .map { "\($0) \($1.map(\.rawValue).joined(separator: ", "))" }.joined(separator: "; ")
    }

    /// What makes the structure of each task, without what is a setting or a place.
    private var tasksByID: [TaskID: JSONValue] {
        let structural: Set<String> = [
            "operator", "kind", "trigger_rule", "upstream", "mapped_over", "map_group", "skip_rule", "paths",
            "outlets", "inlets", "declaration",
        ]
        let tasks = (structure["tasks"]?.array ?? []).compactMap { task -> (TaskID, JSONValue)? in
            guard let id = task["task_id"]?.string, let fields = task.object else { return nil }
            return (TaskID(id), .object(fields.filter { structural.contains($0.key) }))
        }
        return Dictionary(tasks) { $1 }
    }
}
