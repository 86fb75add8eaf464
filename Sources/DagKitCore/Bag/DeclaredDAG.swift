/// Reads a DAG that a document declares into a draft for the validator.
enum DeclaredDAG {
    /// The draft of an entry with tasks; what is wrong with it is among its problems.
    static func draft(_ id: String, _ node: JSONNode, file: String, registry: OperatorRegistry) -> GraphDraft
    {
        let override = DAGOverride(id, node, file: file, registry: registry)
        let base = DAGConfiguration(DAGID(id), fileID: override.location.file, line: override.location.line)
        var draft = GraphDraft(configuration: override.applied(to: base))
        draft.problems = override.problems
        draft.source = node.text
        var reader = FieldReader(node, file: file)
        guard let tasks = reader.field("tasks") else { return draft }
        if tasks.elements == nil {
            reader.report(tasks, "\(tasks.path) is \(tasks.value.kind), not a list", "write [ … ]")
        }
        var links: [[UpstreamLink]] = []
        for task in tasks.elements ?? [] {
            var reader = FieldReader(task, file: file)
            let upstream = self.links(&reader, file: file)
            if let one = self.task(task, &reader, file: file, registry: registry) {
                draft.tasks.append(one)
                links.append(upstream)
                if let group = one.group, draft.groups[group] == nil {
                    draft.groups[group] = GroupDraft(id: group, location: one.location)
                }
            }
            draft.problems += reader.problems
        }
        connect(&draft, links)
        draft.problems += reader.problems
        return draft
    }

    private static func task(
        _ node: JSONNode, _ reader: inout FieldReader, file: String, registry: OperatorRegistry
    ) -> TaskDraft? {
        guard node.members != nil else { return nil }
        let id = reader.string("id")
        if id == nil, node["id"] == nil { reader.report(node, "a task has no \"id\"", "give it one") }
        let role: DeclaredRole = reader.choice("kind") ?? .task
        let group = reader.string("group")
        let undone = reader.strings("teardown_of") ?? []
        let failsRun = reader.bool("fails_run") ?? false
        var options = options(&reader)
        options.callbacks = DeclaredCallback.callbacks(&reader, file: file, registry: registry)
        if role == .teardown { options = options.asTeardown }
        func draft(_ id: String, name: String, work: TaskWork, declaration: JSONValue?) -> TaskDraft {
            var task = TaskDraft(
                id: TaskID(group.map { "\($0).\(id)" } ?? id), group: group,
                edges: undone.map { TaskEdge(to: TaskID($0)) }, options: options, operatorName: name,
                kind: role.taskKind,
                work: work, location: reader.place(node), declaration: declaration)
            task.skipRule = role.skipRule
            task.undoes = undone.map { TaskID($0) }
            task.teardownFailsRun = failsRun
            return task
        }
        if role.isPoint {
            reader.finish()
            return id.map { draft($0, name: role.rawValue, work: .nothing, declaration: nil) }
        }
        let name = reader.string("operator") ?? "shell"
        guard let keys = registry.keys(of: name) else {
            let error = DeclarationError.unknownOperator(
                name, near: NearMiss.nearest(to: name, among: registry.names))
            reader.report(node["operator"] ?? node, error.problem, error.remedy)
            return nil
        }
        reader.finish(also: keys)
        var declaration: [String: JSONValue] = ["operator": .string(name)]
        for key in keys { declaration[key] = node[key]?.value }
        guard let id, let work = work(.object(declaration), node, &reader, registry) else { return nil }
        return draft(id, name: name, work: work, declaration: .object(declaration))
    }

    private static func work(
        _ declaration: JSONValue, _ node: JSONNode, _ reader: inout FieldReader, _ registry: OperatorRegistry
    ) -> TaskWork? {
        do {
            return try registry.work(of: declaration)
        } catch let error as any DagKitError {
            reader.report(node, error.problem, error.remedy)
        } catch {
            reader.report(node, "\(error)", "mend the task")
        }
        return nil
    }

    private static func options(_ reader: inout FieldReader) -> TaskOptions {
        TaskOptions(
            retries: reader.integer("retries"), retryDelay: reader.duration("retry_delay"),
            exponentialBackoff: reader.bool("retry_exponential_backoff"),
            maxRetryDelay: reader.duration("max_retry_delay"), timeout: reader.duration("execution_timeout"),
            triggerRule: reader.choice("trigger_rule") ?? .allSuccess,
            maxActiveInstances: reader.integer("max_active_tis_per_dag"),
            maxActiveInstancesPerRun: reader.integer("max_active_tis_per_dagrun"),
            dependsOnPast: reader.bool("depends_on_past"),
            waitsForDownstream: reader.bool("wait_for_downstream"),
            ignoresFirstDependsOnPast: reader.bool("ignore_first_depends_on_past"),
            waitsForPastBeforeSkipping: reader.bool("wait_for_past_depends_before_skipping"),
            pool: reader.string("pool"),
            poolSlots: reader.integer("pool_slots") ?? 1, priorityWeight: reader.integer("priority_weight"),
            weightRule: reader.choice("weight_rule"), queue: reader.string("queue"),
            owner: reader.string("owner"), outlets: reader.assets("outlets"), inlets: reader.assets("inlets"),
            documentation: reader.string("doc"))
    }
}
