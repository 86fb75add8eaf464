extension Notice {
    /// A text that is the same whenever this notice is delivered, and different for every other.
    public var id: String {
        let identity = "\(kind.rawValue)\n\(subject)\n\(tryNumber)\n\(at.isoText)\n\(receiver.name)"
        return String(SHA256.hex(identity).prefix(32))
    }

    /// The ids of what it is about: `dag/run/task`, or `dag/run`.
    public var subject: String { task?.description ?? run.description }

    /// What happened, in one line: `task crypto_data_pipeline/manual__1/load failed`.
    public var title: String {
        switch kind {
        case .taskStarted: "task \(subject): try \(tryNumber) of \(lastTry) started"
        case .taskSucceeded: "task \(subject) succeeded"
        case .taskFailed: "task \(subject) failed"
        case .taskRetried: "task \(subject): try \(tryNumber) of \(lastTry) failed"
        case .taskSkipped: "task \(subject) was skipped"
        case .runSucceeded: "run \(subject) succeeded"
        case .runFailed: "run \(subject) failed"
        }
    }

    /// The notice as programs get it: a webhook as its body, a template as `notice`.
    public var document: JSONValue {
        var fields: [String: JSONValue] = [
            "id": .string(id), "kind": .string(kind.rawValue), "title": .string(title),
            "at": .string(at.isoText), "dag_id": .string(run.dagID.rawValue),
            "run_id": .string(run.runID.rawValue), "task_id": .null, "map_index": .null, "try_number": .null,
            "max_tries": .null, "reason": reason.map(JSONValue.string) ?? .null,
            "next_try_at": nextTryAt.map { .string($0.isoText) } ?? .null,
            "logical_date": (facts?.logicalDate).map { .string($0.isoText) } ?? .null,
            "run_type": (facts?.type).map { .string($0.rawValue) } ?? .null,
        ]
        if let task {
            fields["task_id"] = .string(task.taskID.rawValue)
            if task.mapIndex >= 0 { fields["map_index"] = .integer(Int64(task.mapIndex)) }
            fields["try_number"] = .integer(Int64(tryNumber))
            fields["max_tries"] = .integer(Int64(max(lastTry - 1, 0)))
        }
        return .object(fields)
    }
}
