import DagKitCore

/// `runs delete`: takes a run out of the database.
extension RunsCommands {
    static let delete = CLICommand(
        "delete", "Deletes a run with its task instances, outputs and events; its logs stay.",
        discussion:
            "A run that has not ended is not deleted, unless something of it in the database cannot be read: then the scheduler ends what runs of it.",
        examples: [
            .init(
                "runs delete manual__2026-01-02T03:04:05+00:00 --dag crypto_monitoring", "after a question"),
            .init("runs delete mine --dag crypto_monitoring --yes", "without asking"),
        ],
        arguments: [runID], options: [owner, SharedParameters.confirmed], exitCodes: [.notFound, .conflict]
    ) { call in
        guard let dag = call[owner] else { throw UsageError.missingArgument("--dag") }
        let run = RunKey(dag, call[runID])
        let none = CommandError.noRun(run.runID.rawValue, dag: dag, near: nil)
        guard let store = try await call.storeIfPresent() else { throw none }
        guard
            try call.confirm(
                "delete run \"\(run.runID)\" of dag \"\(dag)\"", given: SharedParameters.confirmed)
        else {
            try call.console.note("nothing was deleted")
            return .failure
        }
        let actor = call.workspace.actor
        let last = try await store.lastScheduledIntervals()[dag]
        guard try await store.deleteRun(run, by: actor, at: call.workspace.now) else { throw none }
        await call.workspace.pokeScheduler()
        try call.console.note("run \(run.runID) deleted (\(dag))")
        if try await store.lastScheduledIntervals()[dag] != last {
            try call.console.note(
                "note: it was the newest of its schedule, which goes on after the newest run when a scheduler starts: its interval may run again then; pause the dag if it must not"
            )
        }
        return .success
    }

    private static let owner = CommandOption<DAGID?>.value(
        "dag", short: "d", "ID", "The DAG of the run.",
        read: { text throws(ParameterError) in try SharedParameters.identifier(text) })
}
