import DagKitCore
import DagKitRuntime
import FoundationEssentials

/// `tasks …`: the tasks of a DAG and their instances.
enum TasksCommands {
    static let group = CLICommand(
        group: "tasks", "Lists, runs and inspects the tasks of a DAG.",
        examples: [
            .init("tasks list crypto_data_pipeline", "lists the tasks of a DAG"),
            .init(
                "tasks test crypto_data_pipeline check_coincap_api 2025-10-25",
                "runs one task, here, without recording it"),
        ],
        subcommands: [list, test, state, statesForRun, render, Clearing.tasks, Marking.tasks, Notes.tasks])

    // MARK: list

    private static let asTree = CommandOption<Bool>.flag(
        "tree", short: "t", "Shows each task below its upstream task.")

    private static let list = CLICommand(
        "list", "Lists the tasks of a DAG, by id.",
        discussion:
            "The ids stand alone, one a line. With --verbose, or in any format but a table, owners, pools and documentation stand beside them.",
        examples: [
            .init("tasks list crypto_data_pipeline", "the ids"),
            .init("tasks list crypto_data_pipeline --verbose", "with owners"),
            .init("tasks list crypto_data_pipeline -o json", "all that is known"),
        ],
        arguments: [SharedParameters.dagID], options: [asTree] + ReportOptions.all, exitCodes: [.notFound]
    ) { call in
        let spec = try call.workspace.dags().spec(call[SharedParameters.dagID])
        if !call[asTree], call[GlobalOptions.verbose] || call[ReportOptions.format] != .table {
            try call.show(details(of: spec))
            return .success
        }
        let lines = call[asTree] ? tree(of: spec) : spec.tasks.map(\.id.rawValue).sorted()
        try call.console.write(lines.map { $0 + "\n" }.joined())
        return .success
    }

    private static func details(of spec: DAGSpec) -> Report {
        var report = Report([
            "task_id", "operator", "owner", "trigger_rule", "pool", .init("retries", isWide: true),
            .init("group", isWide: true), .init("upstream", isWide: true), .init("fileloc", isWide: true),
            .init("doc_md", isWide: true),
        ])
        report.add(
            contentsOf: spec.tasks.sorted { $0.id < $1.id }.map { task in
                [
                    "task_id": .string(task.id.rawValue), "operator": .string(task.operatorName),
                    "owner": .string(task.owner), "trigger_rule": .string(task.triggerRule.rawValue),
                    "pool": .string(task.pool), "retries": .count(task.retries), "group": .text(task.group),
                    "upstream": .array(task.upstream.map { .string(spec.tasks[$0].id.rawValue) }),
                    "fileloc": .string(task.location.description), "doc_md": .text(task.documentation),
                ]
            })
        return report
    }

    private static func tree(of spec: DAGSpec) -> [String] {
        func lines(_ task: TaskSpec, depth: Int) -> [String] {
            let own = String(repeating: "    ", count: depth) + "<Task(\(task.operatorName)): \(task.id)>"
            return [own] + task.downstream.flatMap { lines(spec.tasks[$0], depth: depth + 1) }
        }
        return spec.tasks.filter(\.upstream.isEmpty).flatMap { lines($0, depth: 0) }
    }

    // MARK: test

    private static let params = CommandOption<JSONValue?>.value(
        "task-params", short: "t", "JSON", "Params for this task: a JSON object."
    ) { text throws(ParameterError) in try SharedParameters.object(text) }
    private static let dryRun = CommandOption<Bool>.flag(
        "dry-run", short: "n", "Renders the templates and runs nothing.")

    private static let test = CLICommand(
        "test", "Runs one task in this process, without its dependencies and without recording it.",
        discussion:
            "The effects of the task are real. Its log goes to the error stream, the value that it returns to the output.",
        examples: [
            .init("tasks test crypto_data_pipeline check_coincap_api 2025-10-25", "for a logical date")
        ],
        arguments: [SharedParameters.dagID, SharedParameters.taskID, SharedParameters.optionalRunReference],
        options: [params, dryRun, SharedParameters.mapIndex], exitCodes: [.notFound, .interrupted]
    ) { call in
        let spec = try call.workspace.dags().spec(call[SharedParameters.dagID])
        let task = try call.task(call[SharedParameters.taskID], of: spec)
        try call.checkParams(call[params], of: spec)
        let run = try await run(
            of: spec, call[SharedParameters.optionalRunReference], conf: call[params] ?? .object([:]), call)
        if call[dryRun] {
            try await showTemplates(of: task, in: run, of: spec, call)
            return .success
        }
        let settings = try call.workspace.settingsOfDAGs()[spec.id] ?? [:]
        let rehearsal = Rehearsal(
            services: try await call.workspace.services(), now: call.workspace.system.now,
            makeLogger: call.makeLogger())
        let outcome = try await Interruption.ending {
            await rehearsal.run(task, in: run, of: spec, settings: settings)
        }
        return try show(outcome, of: task, call)
    }

    private static func show(_ outcome: AttemptOutcome, of task: TaskSpec, _ call: Invocation) throws
        -> ExitCode
    {
        let seconds = ((outcome.endedAt.timeIntervalSince(outcome.startedAt)) * 1000).rounded() / 1000
        switch outcome.verdict {
        case .success(let output):
            if let output { try call.console.print(output.json) }
            try call.console.note("task \(task.id) success (\(seconds) s)")
            return .success
        case .skipped(let reason):
            try call.console.note("task \(task.id) skipped (\(reason))")
            return .success
        case .waiting(let until, let reason):
            try call.console.note(
                "task \(task.id) up_for_reschedule (\(reason); looks again at \(until.isoText))")
            return .success
        case .failed(let reason, _, _), .notStarted(let reason):
            throw CommandError.failed("task \"\(task.id)\" failed: \(reason)", remedy: "see its log above")
        }
    }

    /// The recorded run that a user named, whose outputs can be read, or else one that nobody recorded.
    private static func run(
        of spec: DAGSpec, _ reference: RunReference?, conf: JSONValue, _ call: Invocation
    ) async throws -> DAGRun {
        let run = call.manualRun(of: spec, reference, conf: conf, at: call.workspace.now)
        guard let reference, let store = try await call.storeIfPresent(),
            let found = try await call.run(reference, of: spec.id, in: store)
        else { return run }
        return found
    }

    // MARK: state, states-for-dag-run

    private static let state = CLICommand(
        "state", "Prints the state of a task instance, or None if it has none, and the reason as a note.",
        arguments: [SharedParameters.dagID, SharedParameters.taskID, SharedParameters.runReference],
        options: [SharedParameters.mapIndex], exitCodes: [.notFound]
    ) { call in
        let (store, run) = try await existingRun(call)
        let instances = try await store.taskInstances(of: run.key)
        let id = call[SharedParameters.taskID]
        let found = instances.first { $0.taskID == id && $0.mapIndex == call[SharedParameters.mapIndex] }
        guard let found else {
            let near = NearMiss.nearest(to: id.rawValue, among: instances.map(\.taskID.rawValue))
            throw CommandError.noTask(id.rawValue, dag: run.dagID, near: near)
        }
        try call.console.print(found.state?.rawValue ?? "None")
        if let reason = found.reason { try call.console.note("reason: \(reason)") }
        return .success
    }

    private static let statesForRun = CLICommand(
        "states-for-dag-run", "Lists the states of all task instances of a run.",
        arguments: [SharedParameters.dagID, SharedParameters.runReference], options: ReportOptions.all,
        exitCodes: [.notFound]
    ) { call in
        let (store, run) = try await existingRun(call)
        var report = Report([
            "dag_id", "execution_date", "task_id", "state", "start_date", "end_date",
            .init("map_index", isWide: true), .init("rendered_map_index", isWide: true),
            .init("try_number", isWide: true), .init("duration", isWide: true), .init("reason", isWide: true),
            .init("cpu_seconds", isWide: true), .init("peak_memory", isWide: true),
            .init("note", isWide: true), .init("version", isWide: true),
        ])
        let version = try await store.versionNumbers(of: run.dagID)[run.structureHash]
        let notes = try await store.notes(of: run.key).tasks
        report.add(
            contentsOf: try await store.taskInstances(of: run.key).map { instance in
                [
                    "dag_id": .string(run.dagID.rawValue), "execution_date": .instant(run.logicalDate),
                    "task_id": .string(instance.taskID.rawValue), "state": .text(instance.state?.rawValue),
                    "start_date": .instant(instance.startDate), "end_date": .instant(instance.endDate),
                    "map_index": .count(instance.mapIndex), "rendered_map_index": .text(instance.mapName),
                    "try_number": .count(instance.tryNumber),
                    "duration": instance.duration.map(JSONValue.number) ?? .null,
                    "reason": .text(instance.reason),
                    "cpu_seconds": (instance.usage?.cpuSeconds).map(JSONValue.number) ?? .null,
                    "peak_memory": (instance.usage?.peakMemory).map(JSONValue.integer) ?? .null,
                    "note": .text(notes[instance.key]?.content), "version": .count(version),
                ]
            })
        try call.show(report)
        return .success
    }

    static func existingRun(_ call: Invocation) async throws -> (any MetadataStore, DAGRun) {
        let dag = call[SharedParameters.dagID]
        let store = try await call.storeIfPresent()
        try await call.requireDAG(dag, in: store)
        let reference = call[SharedParameters.runReference]
        if let store, let run = try await call.run(reference, of: dag, in: store) { return (store, run) }
        let runs = try await store?.runs(RunQuery(dagID: dag, limit: 100)) ?? []
        let name = reference.text
        throw CommandError.noRun(
            name, dag: dag, near: NearMiss.nearest(to: name, among: runs.map(\.runID.rawValue)))
    }

    // MARK: render

    private static let render = CLICommand(
        "render", "Shows the templates of a task as they are rendered for a run.",
        arguments: [SharedParameters.dagID, SharedParameters.taskID, SharedParameters.runReference],
        options: [SharedParameters.mapIndex], exitCodes: [.notFound]
    ) { call in
        let spec = try call.workspace.dags().spec(call[SharedParameters.dagID])
        let task = try call.task(call[SharedParameters.taskID], of: spec)
        let run = try await run(of: spec, call[SharedParameters.runReference], conf: .object([:]), call)
        try await showTemplates(of: task, in: run, of: spec, call)
        return .success
    }

    private static func showTemplates(
        of task: TaskSpec, in run: DAGRun, of spec: DAGSpec, _ call: Invocation
    ) async throws {
        var instance = TaskInstance(key: TaskInstanceKey(run.key, task.id), operatorName: task.operatorName)
        instance.tryNumber = 1
        let order = AttemptOrder(
            attemptID: AttemptID(rawValue: 0), instance: instance, run: run, task: task,
            params: spec.configuration.params.merging(run.conf))
        let context = TaskContext(
            attempt: order, logger: call.makeLogger()(order), services: try await call.workspace.services())
        for field in task.templates {
            try call.console.write("# ----------------------------------------------------------\n")
            try call.console.write("# property: \(field.name)\n")
            try call.console.write("# ----------------------------------------------------------\n")
            try call.console.print(try await context.render(field.text))
        }
    }
}

extension RunReference {
    /// As the user wrote it.
    var text: String {
        switch self {
        case .logicalDate(let date): date.isoText
        case .runID(let id): id.rawValue
        }
    }
}
