import DagKitCore
import FoundationEssentials

/// `backfill …`: runs for past dates, which the scheduler works off.
enum BackfillCommands {
    static let group = CLICommand(
        group: "backfill", "Makes runs for a range of past dates.",
        examples: [
            .init(
                "backfill create crypto_data_pipeline --from-date 2025-10-01 --to-date 2025-10-31 --dry-run",
                "what would be done"),
            .init("backfill list", "the newest backfills"),
        ],
        subcommands: [BackfillCreation.create, list, show, pause, unpause, cancel])

    static let id = CommandArgument<Int64>.required("backfill_id", "The number of the backfill.") {
        text throws(ParameterError) in
        guard let id = Int64(text) else { throw ParameterError(text, remedy: "write its number") }
        return id
    }

    /// The backfill that a user named.
    ///
    /// - Throws: ``BackfillError/unknown(_:)``.
    private static func found(_ call: Invocation, _ store: any MetadataStore) async throws -> Backfill {
        let id = call[id]
        guard let backfill = try await store.backfill(id) else { throw BackfillError.unknown(id) }
        return backfill
    }

    // MARK: list

    private static let dag = CommandOption<DAGID?>.value(
        "dag-id", short: "d", "ID", "The DAG whose backfills are listed; all unless given."
    ) { text throws(ParameterError) in try SharedParameters.identifier(text) }
    private static let limit = CommandOption<Int>.integer("limit", default: 100, "How many are listed.")

    private static let list = CLICommand(
        "list", "Lists backfills, newest first.",
        examples: [.init("backfill list -d crypto_data_pipeline", "those of one DAG")],
        options: [dag, limit] + ReportOptions.all, exitCodes: [.notFound, .unreachable]
    ) { call in
        let store = try await call.storeIfPresent()
        if let dag = call[dag] { try await call.requireDAG(dag, in: store) }
        try call.show(report(try await store?.backfills(of: call[dag], limit: call[limit]) ?? []))
        return .success
    }

    static func report(_ backfills: [Backfill]) -> Report {
        var report = Report([
            "id", "dag_id", "from_date", "to_date", "state", "reprocess_behavior", "max_active_runs",
            .init("dag_run_conf", isWide: true), .init("triggering_user_name", isWide: true),
            .init("created_at", isWide: true), .init("completed_at", isWide: true),
        ])
        report.add(
            contentsOf: backfills.map { backfill in
                [
                    "id": .integer(backfill.id), "dag_id": .string(backfill.dagID.rawValue),
                    "from_date": .instant(backfill.from), "to_date": .instant(backfill.through),
                    "state": .string(backfill.stateText),
                    "reprocess_behavior": .string(backfill.reprocessing.rawValue),
                    "max_active_runs": .count(backfill.maxActiveRuns), "dag_run_conf": backfill.conf,
                    "triggering_user_name": .string(backfill.createdBy),
                    "created_at": .instant(backfill.createdAt),
                    "completed_at": .instant(backfill.completedAt),
                ]
            })
        return report
    }

    // MARK: show

    private static let show = CLICommand(
        "show", "Lists the dates of a backfill with their runs.",
        discussion: "A date without a run says why: it waits its turn, has a run already, or was cancelled.",
        examples: [.init("backfill show 1", "how far it is")],
        arguments: [id], options: ReportOptions.all, exitCodes: [.notFound, .unreachable]
    ) { call in
        let store = try await call.workspace.store()
        let backfill = try await found(call, store)
        let dates = try await store.dates(of: backfill.id, pendingOnly: false)
        let runs = try await store.runs(
            RunQuery(
                dagID: backfill.dagID, from: backfill.from, through: backfill.through,
                limit: Int(Int32.max)))
        let states = Dictionary(runs.map { ($0.runID, $0) }) { $1 }
        var report = Report(["logical_date", "run_id", "state", "reason"])
        report.add(
            contentsOf: dates.map { date in
                let run = date.run.flatMap { states[$0] }
                return [
                    "logical_date": .instant(date.logicalDate), "run_id": .text(date.run?.rawValue),
                    "state": .text(run?.state.rawValue),
                    "reason": .text(date.isPending ? waiting(backfill) : date.exceptionReason ?? run?.reason),
                ]
            })
        try call.show(report)
        let done = dates.count { date in date.isDone(states)
        }
        try call.console.note(
            "backfill \(backfill.id) of \(backfill.dagID) \(backfill.stateText): \(done) of \(dates.count) dates done"
        )
        return .success
    }

    private static func waiting(_ backfill: Backfill) -> String {
        backfill.isPaused ? "backfill \(backfill.id) is paused" : "waits its turn"
    }

    // MARK: pause, unpause, cancel

    private static let pause = pausing(
        "pause", "Pauses a backfill: no further run of it starts.", isPaused: true)
    private static let unpause = pausing("unpause", "Lets a paused backfill go on.", isPaused: false)

    private static func pausing(_ name: String, _ abstract: String, isPaused: Bool) -> CLICommand {
        CLICommand(
            name, abstract, examples: [.init("backfill \(name) 1", "by its number")], arguments: [id],
            options: [SharedParameters.format], exitCodes: [.notFound, .conflict, .unreachable]
        ) { call in
            let store = try await call.workspace.store()
            let backfill = try await found(call, store)
            try refuseEnded(backfill)
            let hasChanged = try await store.setBackfillPaused(
                isPaused, backfill.id, by: call.workspace.actor, at: call.workspace.now)
            await call.workspace.pokeScheduler()
            let after = try await store.backfill(backfill.id) ?? backfill
            let word = isPaused ? "paused" : "unpaused"
            try call.acknowledge(
                "backfill \(backfill.id) \(hasChanged ? word : "was \(word) already")", report([after]))
            return .success
        }
    }

    private static let cancel = CLICommand(
        "cancel", "Ends a backfill: what waits gets no run, what runs goes on.",
        examples: [.init("backfill cancel 1", "by its number")], arguments: [id],
        options: [SharedParameters.format], exitCodes: [.notFound, .conflict, .unreachable]
    ) { call in
        let store = try await call.workspace.store()
        let backfill = try await found(call, store)
        try refuseEnded(backfill)
        let waiting = try await store.dates(of: backfill.id, pendingOnly: true).count
        guard
            try await store.cancelBackfill(backfill.id, by: call.workspace.actor, at: call.workspace.now)
        else { throw BackfillError.ended(backfill.id, "completed") }
        let ended = try await endQueued(of: backfill, call, store)
        await call.workspace.pokeScheduler()
        let after = try await store.backfill(backfill.id) ?? backfill
        try call.acknowledge(
            "backfill \(backfill.id) cancelled: \(waiting + ended) dates get no run", report([after]))
        return .success
    }

    /// Ends the runs of a backfill that have not started.
    private static func endQueued(
        of backfill: Backfill, _ call: Invocation, _ store: any MetadataStore
    ) async throws -> Int {
        let queued = try await store.runs(
            RunQuery(dagID: backfill.dagID, states: [.queued], limit: Int(Int32.max)))
        guard try call.workspace.dags().specs.contains(where: { $0.id == backfill.dagID }) else { return 0 }
        let spec = try await call.specInForce(backfill.dagID, in: store)
        let actor = call.workspace.actor
        var count = 0
        for run in queued where run.backfillID == backfill.id {
            let change = try await store.change(run.key, of: spec, at: call.workspace.now) { machine in
                machine.run.state == .queued ? .markRun(.failed, actor: actor) : nil
            }
            if change?.step.events.isEmpty == false { count += 1 }
        }
        return count
    }

    private static func refuseEnded(_ backfill: Backfill) throws {
        if backfill.completedAt != nil { throw BackfillError.ended(backfill.id, backfill.stateText) }
    }
}

extension BackfillDate {
    /// Whether the date has what it is to have: a run that ended, or one that is left alone.
    fileprivate func isDone(_ runs: [RunID: DAGRun]) -> Bool {
        guard let run else { return exceptionReason.map { $0 != Self.cancelled } ?? false }
        return runs[run]?.state.isFinished ?? true
    }
}
