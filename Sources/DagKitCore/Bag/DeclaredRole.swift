/// The part that a declared task plays, as its `kind` says.
enum DeclaredRole: String, CaseIterable {
    case task, setup, teardown, branch
    case shortCircuit = "short_circuit"
    /// A short circuit that skips its direct downstream tasks alone.
    case shortCircuitDirect = "short_circuit_direct"
    /// A point where edges meet; it runs nothing.
    case empty
    /// A point after which only the latest scheduled run goes on; it runs nothing.
    case latestOnly = "latest_only"

    /// Whether the task runs nothing, so that it has no operator.
    var isPoint: Bool { self == .empty || self == .latestOnly }

    var taskKind: TaskKind {
        switch self {
        case .setup: .setup
        case .teardown: .teardown
        default: .task
        }
    }

    var skipRule: SkipRule? {
        switch self {
        case .branch: .branch
        case .shortCircuit: .shortCircuit(skipsAll: true)
        case .shortCircuitDirect: .shortCircuit(skipsAll: false)
        case .latestOnly: .latestOnly
        case .task, .setup, .teardown, .empty: nil
        }
    }
}

extension DeclaredDAG {
    /// The links of `after`: names of tasks or groups, or `{"task": …, "path": …, "label": …}`.
    static func links(_ reader: inout FieldReader, file: String) -> [UpstreamLink] {
        guard let field = reader.field("after") else { return [] }
        let items = field.elements ?? [field]
        return items.compactMap { item in
            if let name = item.value.string { return UpstreamLink(.task(TaskID(name))) }
            guard item.members != nil else {
                reader.report(
                    item, "\(item.path) is \(item.value.kind), not a task",
                    "write the id of a task, or {\"task\": \"id\", \"path\": \"small\", \"label\": \"few rows\"}"
                )
                return nil
            }
            var edge = FieldReader(item, file: file)
            let task = edge.string("task")
            if task == nil, item["task"] == nil { edge.report(item, "an edge has no \"task\"", "name one") }
            let link = task.map {
                UpstreamLink(.task(TaskID($0)), path: edge.string("path"), label: edge.string("label"))
            }
            edge.finish()
            reader.add(edge.problems)
            return link
        }
    }

    /// Puts the edges of all tasks in place of the links, which may name tasks, groups and branches that stand
    /// further down.
    static func connect(_ draft: inout GraphDraft, _ links: [[UpstreamLink]]) {
        let branches = Set(draft.tasks.filter { $0.skipRule == .branch }.map(\.id))
        for (index, task) in draft.tasks.enumerated() {
            draft.tasks[index].edges += links[index].flatMap { link -> [TaskEdge] in
                guard case .task(let id) = link.origin else { return [] }
                if draft.groups[id.rawValue] != nil, !GraphDraft.holds(id.rawValue, task.group) {
                    let group = UpstreamLink(.group(id.rawValue), path: link.path, label: link.label)
                    return draft.leaves(of: id.rawValue, links).map {
                        TaskEdge(to: $0, path: group.path, label: group.label)
                    }
                }
                let edge = TaskEdge(to: id, path: link.path, label: link.label)
                guard branches.contains(id), link.path == nil else { return [edge] }
                // As in Airflow, a branch may name the tasks that follow it, or their groups.
                return ([task.id.rawValue] + (task.group.map { [$0] } ?? [])).map {
                    TaskEdge(to: id, path: $0, label: link.label)
                }
            }
        }
    }
}

extension GraphDraft {
    /// The tasks of a group that no other task of it names.
    fileprivate func leaves(of group: String, _ links: [[UpstreamLink]]) -> [TaskID] {
        let members = tasks.indices.filter {
            Self.holds(group, tasks[$0].group) && tasks[$0].kind != .teardown
        }
        let named = Set(members.flatMap { links[$0].map(\.origin) })
        return members.map { tasks[$0].id }.filter { !named.contains(.task($0)) }
    }
}
