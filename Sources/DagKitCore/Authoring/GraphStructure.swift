/// The structure of a DAG as a value that is stored and hashed.
enum GraphStructure {
    /// 32 hex digits that are equal where ids, edges, rules, operators and mappings are equal.
    static func hash(of tasks: [TaskSpec]) -> String {
        var text = ""
        for task in tasks {
            let upstream = task.upstream.map(String.init).joined(separator: ",")
            text += "\(task.id)|\(task.kind.rawValue)|\(task.operatorName)|\(task.triggerRule.rawValue)|"
            text += "\(task.mapSources.first ?? -1)|\(upstream)|\(task.declaration?.text ?? "")"
            // Only what is there is told, so that older structures keep their hash.
            if let shape = task.mapping, shape != task.plainMapping(in: tasks) { text += "|\(shape.text)" }
            if let group = task.mapGroup { text += "|\(group)" }
            if let rule = task.skipRule { text += "|\(rule.name)" }
            if !task.outlets.isEmpty { text += "|>\(task.outlets.map(\.uri).joined(separator: ","))" }
            if !task.inlets.isEmpty { text += "|<\(task.inlets.map(\.uri).joined(separator: ","))" }
            for (source, paths) in task.paths.sorted(by: { $0.key < $1.key }) {
                text += "|\(source):\(paths.sorted().joined(separator: ","))"
            }
            text += "\n"
        }
        return String(SHA256.hex(text).prefix(32))
    }

    /// Every task with what a reader of a past run needs to draw it.
    static func json(of spec: DAGSpec) -> JSONValue {
        .object([
            "dag_id": .string(spec.id.rawValue),
            "hash": .string(spec.structureHash),
            "schedule": .string(spec.configuration.schedule.description),
            "location": .string(spec.location.description),
            "tasks": .array(spec.tasks.map { json(of: $0, in: spec) }),
            "groups": .array(
                spec.groups.map { ["id": .string($0.id), "about": $0.about.map(JSONValue.string) ?? .null] }),
        ])
    }

    private static func json(of task: TaskSpec, in spec: DAGSpec) -> JSONValue {
        var fields: [String: JSONValue] = [
            "task_id": .string(task.id.rawValue),
            "operator": .string(task.operatorName),
            "kind": .string(task.kind.rawValue),
            "trigger_rule": .string(task.triggerRule.rawValue),
            "retries": .integer(Int64(task.retries)),
            "pool": .string(task.pool),
            "owner": .string(task.owner),
            "location": .string(task.location.description),
            "upstream": .array(task.upstream.map { .string(spec.tasks[$0].id.rawValue) }),
        ]
        // What instances are made with and is not usual, so that a past run can be told from its structure.
        if task.poolSlots != 1 { fields["pool_slots"] = .integer(Int64(task.poolSlots)) }
        if task.priorityWeight != 1 { fields["priority_weight"] = .integer(Int64(task.priorityWeight)) }
        if task.queue != "default" { fields["queue"] = .string(task.queue) }
        if task.isEmpty { fields["is_empty"] = true }
        if task.kind == .teardown { fields["fails_run"] = .bool(!task.isIgnoredByVerdict) }
        if let group = task.group { fields["group"] = .string(group) }
        if let shape = task.mapping { fields["mapped_over"] = .string(shape.text) }
        if let group = task.mapGroup { fields["map_group"] = .string(group) }
        if let rule = task.pastRule {
            fields["depends_on_past"] = true
            fields["wait_for_downstream"] = .bool(rule.includesDownstream)
            if rule.waitsBeforeSkipping { fields["wait_for_past_depends_before_skipping"] = true }
        }
        if let rule = task.skipRule { fields["skip_rule"] = .string(rule.name) }
        if !task.paths.isEmpty {
            let named = task.paths.map { (spec.tasks[$0].id.rawValue, $1) }
            fields["paths"] = .object(
                Dictionary(uniqueKeysWithValues: named).mapValues {
                    .array($0.sorted().map(JSONValue.string))
                })
        }
        if !task.edgeLabels.isEmpty {
            let named = task.edgeLabels.map { (spec.tasks[$0].id.rawValue, JSONValue.string($1)) }
            fields["edge_labels"] = .object(Dictionary(uniqueKeysWithValues: named))
        }
        if !task.outlets.isEmpty { fields["outlets"] = .array(task.outlets.map { .string($0.uri) }) }
        if !task.inlets.isEmpty { fields["inlets"] = .array(task.inlets.map { .string($0.uri) }) }
        if let documentation = task.documentation { fields["doc_md"] = .string(documentation) }
        if let declaration = task.declaration { fields["declaration"] = declaration }
        return .object(fields)
    }
}

extension TaskSpec {
    /// The mapping that the index of a single source tells.
    fileprivate func plainMapping(in tasks: [TaskSpec]) -> MapShape? {
        mapSources.first.map { .list(tasks[$0].id) }
    }
}
