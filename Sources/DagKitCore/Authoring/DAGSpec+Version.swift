extension DAGSpec {
    /// The graph of a version as it was stored: to be shown, and to follow a past run by.
    ///
    /// Its tasks cannot be run, and it has no schedule.
    ///
    /// - Returns: `nil` if what is stored is no structure.
    public convenience init?(_ version: DAGVersion) {
        guard let tasks = version.structure["tasks"]?.array,
            let timetable = try? Schedule.none.timetable(zones: TimeZones())
        else { return nil }
        let place = SourceLocation(stored: version.structure["location"])
        var draft = GraphDraft(
            configuration: DAGConfiguration(version.dagID, fileID: place.file, line: place.line))
        let ids = Set(tasks.compactMap { $0["task_id"]?.string })
        guard ids.count == tasks.count else { return nil }
        draft.tasks = tasks.compactMap { TaskDraft(stored: $0, among: ids) }
        guard draft.tasks.count == tasks.count else { return nil }
        for group in version.structure["groups"]?.array ?? [] {
            guard let id = group["id"]?.string else { continue }
            draft.groups[id] = GroupDraft(id: id, about: group["about"]?.string, location: place)
        }
        draft.source = version.source
        self.init(
            draft, order: Array(draft.tasks.indices), schedule: RunSchedule(timetable),
            hash: version.structureHash)
    }
}

extension TaskDraft {
    /// The task that a stored structure tells of.
    fileprivate init?(stored task: JSONValue, among ids: Set<String>) {
        guard let id = task["task_id"]?.string, let name = task["operator"]?.string else { return nil }
        let paths = task["paths"]?.object ?? [:]
        let labels = task["edge_labels"]?.object ?? [:]
        let upstream = (task["upstream"]?.array ?? []).compactMap(\.string).filter(ids.contains)
        let edges = upstream.flatMap { source -> [TaskEdge] in
            let label = labels[source]?.string
            let named = (paths[source]?.array ?? []).compactMap(\.string)
            guard !named.isEmpty else { return [TaskEdge(to: TaskID(source), label: label)] }
            return named.map { TaskEdge(to: TaskID(source), path: $0, label: label) }
        }
        func assets(_ key: String) -> [Asset] {
            (task[key]?.array ?? []).compactMap(\.string).map { Asset($0) }
        }
        func count(_ key: String, _ usual: Int) -> Int { task[key]?.integer.map(Int.init) ?? usual }
        self.init(
            id: TaskID(id), group: task["group"]?.string, edges: edges,
            options: TaskOptions(
                retries: count("retries", 0),
                triggerRule: task["trigger_rule"]?.string.flatMap(TriggerRule.init) ?? .allSuccess,
                pool: task["pool"]?.string, poolSlots: count("pool_slots", 1),
                priorityWeight: count("priority_weight", 1), weightRule: .absolute,
                queue: task["queue"]?.string, owner: task["owner"]?.string, outlets: assets("outlets"),
                inlets: assets("inlets"), documentation: task["doc_md"]?.string),
            operatorName: name, kind: task["kind"]?.string.flatMap(TaskKind.init) ?? .task,
            mappedOver: task["mapped_over"]?.string.map { TaskID($0) },
            // Structures of before versions say it by the name alone.
            work: task["is_empty"]?.bool ?? (name == "EmptyOperator") ? .nothing : TaskWork { _ in nil },
            location: SourceLocation(stored: task["location"]), declaration: task["declaration"])
        mapGroup = task["map_group"]?.string
        skipRule = task["skip_rule"]?.string.flatMap(SkipRule.init(name:))
        teardownFailsRun = task["fails_run"]?.bool ?? false
    }
}

extension SourceLocation {
    /// The place that a structure names: `Pipeline.swift:41`, `dags.json:8:5`.
    fileprivate init(stored text: JSONValue?) {
        var parts = (text?.string ?? "").split(separator: ":").map(String.init)
        var numbers: [Int] = []
        while parts.count > 1, let number = Int(parts[parts.count - 1]) {
            numbers.insert(number, at: 0)
            parts.removeLast()
        }
        self.init(
            file: parts.joined(separator: ":"), line: numbers.first ?? 1,
            column: numbers.count > 1 ? numbers[1] : nil)
    }
}
