import DagKitCore

/// `tasks clear`, `dags clear`: lets tasks of recorded runs start anew.
enum Clearing {
    private static let pattern = CommandOption<String?>.value(
        "task-regex", short: "t", "REGEX", "The tasks whose id has a match; all unless given."
    ) { text throws(ParameterError) in text }
    private static let onlyFailed = CommandOption<Bool>.flag(
        "only-failed", short: "f", "Takes only what failed, or could not run since something failed.")
    private static let onlyRunning = CommandOption<Bool>.flag(
        "only-running", short: "r", "Takes only what runs.")
    private static let shared: [any CommandParameter] = [
        RunChanging.start, RunChanging.end, RunChanging.runID, onlyFailed, onlyRunning, RunChanging.dryRun,
        SharedParameters.confirmed, SharedParameters.format,
    ]

    static let tasks = CLICommand(
        "clear", "Lets task instances of recorded runs start anew; an ended run goes on.",
        discussion:
            "What runs is killed first. Setups that a chosen task works under come along with their teardowns. The tries so far stay in the history.",
        examples: [
            .init(
                "tasks clear crypto_data_pipeline -t verify_data_quality -d --run-id manual__2026-01-02",
                "one task of a run and all downstream of it"),
            .init(
                "tasks clear crypto_data_pipeline -f -s 2026-01-01 -e 2026-01-31 -y",
                "what failed in January, without asking"),
        ],
        arguments: [SharedParameters.dagID],
        options: [pattern, RunChanging.upstream, RunChanging.downstream, SharedParameters.mapIndex] + shared,
        exitCodes: [.notFound, .unreachable]
    ) { call in
        let changing = try await RunChanging(call)
        return try await clear(changing, try selection(call, of: changing.spec))
    }

    static let dags = CLICommand(
        "clear", "Lets recorded runs of a DAG start anew.",
        examples: [
            .init("dags clear crypto_data_pipeline --run-id manual__2026-01-02", "one run"),
            .init("dags clear crypto_data_pipeline -f -s 2026-01-01", "what failed since a date"),
        ],
        arguments: [SharedParameters.dagID], options: shared, exitCodes: [.notFound, .unreachable]
    ) { call in try await clear(RunChanging(call), TaskSelection(states: states(call))) }

    private static func selection(_ call: Invocation, of spec: DAGSpec) throws -> TaskSelection {
        var selection = TaskSelection(
            includesUpstream: call[RunChanging.upstream], includesDownstream: call[RunChanging.downstream],
            mapIndex: call[SharedParameters.mapIndex] < 0 ? nil : call[SharedParameters.mapIndex],
            states: states(call), includesScopes: true)
        guard let pattern = call[pattern] else { return selection }
        let expression = try Regex(matching: pattern, of: "--task-regex")
        let ids = try spec.tasks.map(\.id).filter { try expression.firstMatch(in: $0.rawValue) != nil }
        guard !ids.isEmpty else {
            let near = NearMiss.nearest(to: pattern, among: spec.tasks.map(\.id.rawValue))
            throw CommandError.noTask(pattern, dag: spec.id, near: near)
        }
        selection.tasks = Set(ids)
        return selection
    }

    private static func states(_ call: Invocation) -> Set<TaskState> {
        var states: Set<TaskState> = []
        if call[onlyFailed] { states.formUnion([.failed, .upstreamFailed]) }
        if call[onlyRunning] { states.formUnion([.queued, .running]) }
        return states
    }

    private static func clear(_ changing: RunChanging, _ selection: TaskSelection) async throws -> ExitCode {
        let call = changing.call
        let chosen = try await changing.choose(selection, in: changing.runs()).compactMap { chosen in
            let begun = chosen.instances.filter { $0.state != nil && $0.state != .scheduled }
            return begun.isEmpty ? nil : RunChanging.Chosen(run: chosen.run, instances: begun)
        }
        guard !chosen.isEmpty else {
            try call.console.note("nothing to clear")
            return .success
        }
        if call[RunChanging.dryRun] || !call[SharedParameters.confirmed] {
            let format = call[SharedParameters.format] ?? .table
            let text = ReportWriter(format: format, width: call.console.width).text(
                of: changing.preview(chosen))
            if call[RunChanging.dryRun] {
                try call.console.write(text)
                return .success
            }
            try call.console.note(String(text.dropLast()))
        }
        let action = "clear \(RunChanging.count(chosen))"
        guard try call.confirm(action, given: SharedParameters.confirmed) else { return .failure }
        let actor = call.workspace.actor
        let count = try await changing.change(chosen.map(\.run)) { machine in
            .clear(selection.references(in: machine), actor: actor)
        }
        try changing.tell("cleared", count)
        return .success
    }
}
