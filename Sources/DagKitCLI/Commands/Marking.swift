import DagKitCore

/// `tasks mark`, `dags mark`: gives tasks and runs a state that they did not earn.
enum Marking {
    private static let state = CommandArgument<MarkedState>.required("state", "success or failed.") {
        text throws(ParameterError) in
        guard let state = MarkedState(rawValue: text) else {
            throw ParameterError(text, remedy: "write success or failed")
        }
        return state
    }
    private static let past = CommandOption<Bool>.flag(
        "past", "Takes the runs of earlier logical dates, too.")
    private static let future = CommandOption<Bool>.flag(
        "future", "Takes the runs of later logical dates, too.")

    static let tasks = CLICommand(
        "mark", "Marks a task of a recorded run as success or failed.",
        discussion:
            "If the task runs, it is killed first, and its own result is refused. After a success, tasks of an ended run that failed for want of it start again.",
        examples: [
            .init(
                "tasks mark crypto_data_pipeline send_success_email manual__2026-01-02 success", "one task"),
            .init("tasks mark crypto_data_pipeline start 2026-01-02 failed -d", "with all downstream of it"),
        ],
        arguments: [
            SharedParameters.dagID, SharedParameters.taskID, SharedParameters.runReference, state,
        ],
        options: [
            RunChanging.upstream, RunChanging.downstream, past, future, SharedParameters.mapIndex,
            RunChanging.dryRun, SharedParameters.confirmed, SharedParameters.format,
        ],
        exitCodes: [.notFound, .unreachable]
    ) { call in
        let changing = try await RunChanging(call)
        let task = try call.task(call[SharedParameters.taskID], of: changing.spec)
        let run = try await changing.run(call[SharedParameters.runReference])
        let mapIndex = call[SharedParameters.mapIndex]
        let selection = TaskSelection(
            tasks: [task.id], includesUpstream: call[RunChanging.upstream],
            includesDownstream: call[RunChanging.downstream], mapIndex: mapIndex < 0 ? nil : mapIndex)
        let chosen = try await changing.choose(selection, in: runs(around: run, changing))
        guard try isConfirmed(chosen, changing) else { return call[RunChanging.dryRun] ? .success : .failure }
        let (actor, state) = (call.workspace.actor, call[state])
        let count = try await changing.change(chosen.map(\.run)) { machine in
            .mark(selection.references(in: machine), state, actor: actor)
        }
        try changing.tell("marked \(state.rawValue)", count)
        return .success
    }

    static let dags = CLICommand(
        "mark", "Marks a recorded run as success or failed; failed stops a run.",
        discussion:
            "What runs is killed first. A success makes each task a success; a failure skips what has not begun.",
        examples: [
            .init("dags mark crypto_data_pipeline manual__2026-01-02 failed", "stops a run")
        ],
        arguments: [SharedParameters.dagID, SharedParameters.runReference, state],
        options: [SharedParameters.format], exitCodes: [.notFound, .unreachable]
    ) { call in
        let changing = try await RunChanging(call)
        let run = try await changing.run(call[SharedParameters.runReference])
        let (actor, state) = (call.workspace.actor, call[state])
        if run.state.rawValue == state.rawValue {
            try call.console.note("run \(run.runID) is \(state.rawValue) already")
            return .success
        }
        let count = try await changing.change([run]) { _ in .markRun(state, actor: actor) }
        try call.console.note("run \(run.runID) marked \(state.rawValue)")
        if count.ending > 0 { try changing.tell("changed", count) }
        return .success
    }

    /// The run, with those of earlier and later logical dates if they are asked for.
    private static func runs(around run: DAGRun, _ changing: RunChanging) async throws -> [DAGRun] {
        let call = changing.call
        guard call[past] || call[future], let date = run.logicalDate else { return [run] }
        return try await changing.store.runs(
            RunQuery(
                dagID: run.dagID, from: call[past] ? nil : date, through: call[future] ? nil : date,
                limit: Int(Int32.max))
        ).reversed()
    }

    /// Shows what is meant where it is more than what was named, and asks.
    private static func isConfirmed(_ chosen: [RunChanging.Chosen], _ changing: RunChanging) throws -> Bool {
        let call = changing.call
        let isMore = chosen.reduce(0) { $0 + $1.instances.count } > 1
        if call[RunChanging.dryRun] {
            let format = call[SharedParameters.format] ?? .table
            try call.console.write(
                ReportWriter(format: format, width: call.console.width).text(of: changing.preview(chosen)))
            return false
        }
        guard isMore else { return true }
        return try call.confirm("mark \(RunChanging.count(chosen))", given: SharedParameters.confirmed)
    }
}
