import DagKitCore
import FoundationEssentials

/// `dags …`: the DAGs of the deployment and their runs.
enum DagsCommands {
    static let group = CLICommand(
        group: "dags", "Lists, runs, pauses and inspects DAGs.",
        examples: [
            .init("dags list", "lists the DAGs"),
            .init("dags test crypto_data_pipeline 2025-10-25", "runs a DAG once, here, without recording it"),
        ],
        subcommands: [
            list, DagsInspection.details, DagsInspection.show, listRuns, listImportErrors,
            DagsInspection.nextExecution, DagsVersions.versions, DagsVersions.source,
            state, DagsTesting.test, DagsTriggering.trigger, DagsPausing.pause, DagsPausing.unpause,
            Clearing.dags,
            Marking.dags, Notes.dags, delete,
        ])

    // MARK: list

    private static let all = CommandOption<Bool>.flag(
        "all", short: "a", "Shows DAGs too that no executable has any more.")

    private static let list = CLICommand(
        "list", "Lists the DAGs of this executable and those that the database knows.",
        examples: [
            .init("dags list -o json", "for programs"),
            .init("dags list -o wide", "with schedule, tags and next run"),
        ],
        options: [all] + ReportOptions.all
    ) { call in
        let own = try call.workspace.dags()
        let store = try await call.storeIfPresent()
        let known = try await store?.dags(includingInactive: true) ?? []
        let knownByID = Dictionary(known.map { ($0.id, $0) }) { $1 }
        let ownIDs = Set(own.specs.map(\.id))
        var report = Report([
            "dag_id", "fileloc", "owners", "is_paused", .init("schedule", isWide: true),
            .init("tags", isWide: true),
            .init("next_dagrun", isWide: true), .init("is_active", isWide: true),
            .init("bundle", isWide: true),
        ])
        var rows = own.specs.map { spec in
            row(
                DAGRecord(spec, bundle: call.workspace.tool.bundle, isPaused: true),
                stored: knownByID[spec.id])
        }
        rows += known.filter { !ownIDs.contains($0.id) && ($0.isActive || call[all]) }.map {
            row($0, stored: $0)
        }
        report.add(contentsOf: rows.sorted { ($0["dag_id"]?.string ?? "") < ($1["dag_id"]?.string ?? "") })
        try call.show(report)
        if !own.problems.isEmpty {
            try call.console.note(
                "Error: Failed to load all files. For details, run `dagctl dags list-import-errors`")
        }
        return .success
    }

    private static func row(_ record: DAGRecord, stored: DAGRecord?) -> [String: JSONValue] {
        [
            "dag_id": .string(record.id.rawValue), "fileloc": .string(record.fileloc),
            "owners": .string(record.owners.joined(separator: ", ")),
            "is_paused": stored.map { .bool($0.isPaused) } ?? .null, "schedule": .string(record.schedule),
            "tags": .texts(record.tags), "next_dagrun": .instant(stored?.next?.logicalDate),
            "is_active": stored.map { .bool($0.isActive) } ?? .null, "bundle": .string(record.bundle),
        ]
    }

    // MARK: list-runs

    private static let dagOption = CommandOption<DAGID?>.value(
        "dag-id", short: "d", "DAG_ID", "The id of the DAG."
    ) {
        text throws(ParameterError) in try SharedParameters.identifier(text)
    }
    private static let dagArgument = CommandArgument<DAGID?>.optional("dag_id", "The id of the DAG.") {
        text throws(ParameterError) in try SharedParameters.identifier(text)
    }
    private static let runState = CommandOption<RunState?>.value("state", "STATE", "Only runs in this state.")
    {
        text throws(ParameterError) in
        guard let state = RunState(rawValue: text) else {
            let states = RunState.allCases.map(\.rawValue).joined(separator: ", ")
            throw ParameterError(text, remedy: "write one of \(states)")
        }
        return state
    }
    private static let from = CommandOption<Date?>.value(
        "start-date", short: "s", "DATE", "Only runs whose logical date is not before this one.",
        read: SharedParameters.instant)
    private static let through = CommandOption<Date?>.value(
        "end-date", short: "e", "DATE", "Only runs whose logical date is not after this one.",
        read: SharedParameters.instant)
    private static let noBackfill = CommandOption<Bool>.flag(
        "no-backfill", "Leaves out the runs of backfills.")
    private static let limit = CommandOption<Int>.integer(
        "limit", default: 1000, in: 1...1_000_000, "How many runs are shown, the newest first.")

    private static let listRuns = CLICommand(
        "list-runs", "Lists the runs of a DAG, the newest first.",
        examples: [
            .init("dags list-runs crypto_data_pipeline --state failed", "the runs that failed"),
            .init("dags list-runs -d crypto_data_pipeline -s 2025-10-01", "the runs since a day"),
        ],
        arguments: [dagArgument],
        options: [dagOption, runState, from, through, noBackfill, limit] + ReportOptions.all,
        exitCodes: [.notFound, .unreachable]
    ) { call in
        guard let dag = call[dagOption] ?? call[dagArgument] else {
            throw UsageError.missingArgument("dag_id")
        }
        let store = try await call.storeIfPresent()
        try await call.requireDAG(dag, in: store)
        let query = RunQuery(
            dagID: dag, states: Set([call[runState]].compactMap(\.self)),
            types: call[noBackfill] ? Set(RunType.allCases).subtracting([.backfill]) : [], from: call[from],
            through: call[through], limit: call[limit])
        var report = Report([
            "dag_id", "run_id", "state", "execution_date", "start_date", "end_date",
            .init("run_type", isWide: true),
            .init("duration", isWide: true), .init("triggered_by", isWide: true), .init("conf", isWide: true),
            .init("missed_deadlines", isWide: true), .init("note", isWide: true),
            .init("version", isWide: true),
        ])
        let leftOut = LeftOutRows()
        let readable = store?.leavingOutUnreadable { leftOut.add($0) }
        let notes = try await readable?.runNotes(of: dag) ?? [:]
        let versions = try await readable?.versionNumbers(of: dag) ?? [:]
        report.add(
            contentsOf: try await readable?.runs(query).map { run in
                row(run, notes[run.runID], version: versions[run.structureHash])
            } ?? [])
        try call.show(report)
        try call.tell(leftOut)
        return .success
    }

    private static func row(_ run: DAGRun, _ note: Note?, version: Int?) -> [String: JSONValue] {
        [
            "dag_id": .string(run.dagID.rawValue), "run_id": .string(run.runID.rawValue),
            "state": .string(run.state.rawValue), "execution_date": .instant(run.logicalDate),
            "start_date": .instant(run.startDate), "end_date": .instant(run.endDate),
            "run_type": .string(run.type.rawValue), "duration": run.duration.map(JSONValue.number) ?? .null,
            "triggered_by": .text(run.triggeredBy), "conf": run.conf,
            "missed_deadlines": .texts(run.missedDeadlines), "note": .text(note?.content),
            "version": .count(version),
        ]
    }

    // MARK: list-import-errors

    private static let listImportErrors = CLICommand(
        "list-import-errors",
        "Lists what is wrong with DAGs that could not be loaded; exit status 1 if there is any.",
        options: ReportOptions.all
    ) { call in
        var report = Report(["filepath", "error"])
        for (file, text) in try await importErrors(call) {
            report.add(["filepath": .string(file), "error": .string(text)])
        }
        try call.show(report)
        return report.rows.isEmpty ? .success : .failure
    }

    /// What this executable finds wrong now, and what other executables reported.
    private static func importErrors(_ call: Invocation) async throws -> [(String, String)] {
        let own = try call.workspace.dags().problems.map { problem in
            (problem.place.description, "\(problem.problem); \(problem.remedy)")
        }
        let bundle = call.workspace.tool.bundle
        let stored = try await call.storeIfPresent()?.importErrors() ?? []
        let others = stored.filter { $0.file != bundle && $0.file != "dags.json" }.map { ($0.file, $0.text) }
        return own + others
    }

    // MARK: state, delete

    private static let state = CLICommand(
        "state", "Prints the state of a run, or None if there is none.",
        examples: [.init("dags state crypto_data_pipeline 2025-10-25", "of the run for that logical date")],
        arguments: [SharedParameters.dagID, SharedParameters.runReference], exitCodes: [.notFound]
    ) { call in
        let dag = call[SharedParameters.dagID]
        let store = try await call.storeIfPresent()
        try await call.requireDAG(dag, in: store)
        guard let store, let run = try await call.run(call[SharedParameters.runReference], of: dag, in: store)
        else {
            try call.console.print("None")
            return .success
        }
        let conf = run.conf == .object([:]) || run.conf == .null ? "" : ", \(run.conf.text)"
        try call.console.print(run.state.rawValue + conf)
        return .success
    }

    private static let delete = CLICommand(
        "delete", "Deletes all that the database holds of a DAG: runs, task instances, outputs.",
        discussion: "A DAG whose tasks run is not deleted.",
        examples: [.init("dags delete old_pipeline --yes", "without asking")],
        arguments: [SharedParameters.dagID], options: [SharedParameters.confirmed],
        exitCodes: [.notFound, .conflict]
    ) { call in
        let dag = call[SharedParameters.dagID]
        guard let store = try await call.storeIfPresent(), try await store.dag(dag) != nil else {
            throw CommandError.noDAG(dag.rawValue, near: nil)
        }
        guard try call.confirm("delete all records of dag \"\(dag)\"", given: SharedParameters.confirmed)
        else {
            try call.console.note("nothing was deleted")
            return .failure
        }
        let count = try await store.deleteDAG(dag, by: call.workspace.actor, at: call.workspace.now)
        try call.console.print("Removed \(count) record(s)")
        return .success
    }
}
