import DagKitCore
import FoundationEssentials

/// `backfill create`: plans runs for past dates, and stores them for the scheduler.
enum BackfillCreation {
    private static let dag = CommandArgument<DAGID?>.optional("dag_id", "The id of the DAG.") {
        text throws(ParameterError) in try SharedParameters.identifier(text)
    }
    /// Airflow's way to name the DAG.
    private static let dagOption = CommandOption<DAGID?>.value("dag-id", "ID", "The same as the argument.") {
        text throws(ParameterError) in try SharedParameters.identifier(text)
    }.hidden()
    private static let from = CommandOption<Date>.required(
        "from-date", "DATE", "The first logical date.", read: SharedParameters.instant
    ).aliased("from")
    private static let through = CommandOption<Date>.required(
        "to-date", "DATE", "The last logical date.", read: SharedParameters.instant
    ).aliased("to")
    private static let conf = CommandOption<JSONValue?>.value(
        "dag-run-conf", short: "c", "JSON",
        "What the runs are given: a JSON object that goes over the DAG's params."
    ) { text throws(ParameterError) in try SharedParameters.object(text) }.aliased("conf")
    private static let reprocessing = CommandOption<Backfill.Reprocessing>.choice(
        "reprocess-behavior", "RUNS", default: .none,
        "Which dates that have a run start anew: none, the failed ones, or all that have ended (completed)."
    ).aliased("reprocess")
    private static let backwards = CommandOption<Bool>.flag(
        "run-backwards", "Begins with the latest date.")
    private static let maxActiveRuns = CommandOption<Int>.integer(
        "max-active-runs", default: Backfill.defaultMaxActiveRuns, in: 1...10_000,
        "How many of its runs are under way at once, beside those of the DAG.")
    private static let dryRun = CommandOption<Bool>.flag(
        "dry-run", short: "n", "Lists what would be done with each date, and does nothing.")

    static let create = CLICommand(
        "create", "Asks the scheduler for a run of each date in a range.",
        discussion:
            "The dates are those of the schedule whose data intervals have ended, also before the DAG's start date. A backfill goes on while its DAG is paused.",
        examples: [
            .init(
                "backfill create crypto_data_pipeline --from-date 2025-10-01 --to-date 2025-10-31",
                "the runs that are missing"),
            .init(
                "backfill create crypto_data_pipeline --from-date 2025-10-01 --to-date 2025-10-31 --reprocess-behavior failed --run-backwards",
                "those that failed, too, the latest first"),
        ],
        arguments: [dag],
        options: [
            from, through, reprocessing, backwards, maxActiveRuns, conf, dryRun, dagOption,
            SharedParameters.format,
        ],
        exitCodes: [.notFound, .conflict, .unreachable]
    ) { call in
        guard let id = call[dag] ?? call[dagOption] else { throw UsageError.missingArgument("dag_id") }
        let spec = try call.workspace.dags().spec(id)
        try call.checkParams(call[conf], of: spec)
        let plan = try await plan(spec, call)
        if call[dryRun] {
            let format = call[SharedParameters.format] ?? .table
            let text = ReportWriter(format: format, width: call.console.width).text(of: report(plan, of: id))
            try call.console.write(text)
            return .success
        }
        return try await store(plan, of: spec, call)
    }

    private static func plan(_ spec: DAGSpec, _ call: Invocation) async throws -> BackfillPlan {
        let query = RunQuery(
            dagID: spec.id, from: call[from], through: call[through], limit: Int(Int32.max))
        let existing = try await call.storeIfPresent()?.runs(query) ?? []
        return try BackfillPlan(
            of: spec, from: call[from], through: call[through], reprocessing: call[reprocessing],
            runsBackwards: call[backwards], existing: existing, now: call.workspace.now)
    }

    private static func store(_ plan: BackfillPlan, of spec: DAGSpec, _ call: Invocation) async throws
        -> ExitCode
    {
        let store = try await call.workspace.store()
        try await call.registerIfNew(spec, in: store)
        var backfill = Backfill(
            dagID: spec.id, from: call[from], through: call[through], conf: call[conf] ?? .object([:]),
            reprocessing: call[reprocessing], maxActiveRuns: call[maxActiveRuns],
            createdBy: call.workspace.actor, createdAt: call.workspace.now)
        backfill.id = try await store.createBackfill(backfill, dates: plan.dates)
        await call.workspace.pokeScheduler()
        let stored = try await store.backfill(backfill.id) ?? backfill
        let count = plan.dates.count(where: \.isPending)
        let left = plan.dates.count - count
        try call.acknowledge(
            "backfill \(backfill.id) created (\(spec.id)): \(count) runs, \(left) dates left alone",
            BackfillCommands.report([stored]))
        return .success
    }

    private static func report(_ plan: BackfillPlan, of dag: DAGID) -> Report {
        var report = Report([
            "dag_id", "logical_date", .init("data_interval_start", isWide: true),
            .init("data_interval_end", isWide: true), "action", "reason",
        ])
        report.add(
            contentsOf: plan.dates.map { date in
                let action = date.reprocesses.map { "clear \($0)" } ?? "create"
                return [
                    "dag_id": .string(dag.rawValue), "logical_date": .instant(date.logicalDate),
                    "data_interval_start": .instant(date.planned.dataInterval.start),
                    "data_interval_end": .instant(date.planned.dataInterval.end),
                    "action": .text(date.isPending ? action : nil), "reason": .text(date.exceptionReason),
                ]
            })
        return report
    }
}
