import DagKitCore
import DagKitSystem
import FoundationEssentials

/// `dags details`, `dags show`, `dags next-execution`: what a DAG is and when it runs.
enum DagsInspection {
    // MARK: details

    static let details = CLICommand(
        "details", "Shows all that is known of a DAG.",
        examples: [.init("dags details crypto_data_pipeline -o json", "for programs")],
        arguments: [SharedParameters.dagID], options: ReportOptions.all, exitCodes: [.notFound]
    ) { call in
        let id = call[SharedParameters.dagID]
        let store = try await call.storeIfPresent()
        let stored = try await store?.dag(id)
        let spec = try call.workspace.dags().specs.first { $0.id == id }
        guard
            let record = stored
                ?? spec.map({ DAGRecord($0, bundle: call.workspace.tool.bundle, isPaused: true) })
        else {
            return try await missing(id, call, store)
        }
        let version = try await store?.versionNumbers(of: id)[record.structureHash]
        try call.show(Report(object: properties(record, spec, version, isStored: stored != nil)))
        return .success
    }

    private static func missing(
        _ id: DAGID, _ call: Invocation, _ store: (any MetadataStore)?
    ) async throws -> ExitCode {
        try await call.requireDAG(id, in: store)
        _ = try call.workspace.dags().spec(id)
        return .failure
    }

    private static func properties(
        _ record: DAGRecord, _ spec: DAGSpec?, _ version: Int?, isStored: Bool
    ) -> KeyValuePairs<String, JSONValue> {
        let configuration = spec?.configuration
        return [
            "dag_id": .string(record.id.rawValue), "is_paused": isStored ? .bool(record.isPaused) : .null,
            "is_active": isStored ? .bool(record.isActive) : .null, "bundle": .string(record.bundle),
            "fileloc": .string(record.fileloc), "owners": .texts(record.owners),
            "description": .text(record.about),
            "tags": .texts(record.tags), "schedule_interval": .string(record.schedule),
            "timetable_description": .string(record.timetableDescription),
            "start_date": .instant(configuration?.startDate), "end_date": .instant(configuration?.endDate),
            "catchup": configuration.map { .string("\($0.catchup)") } ?? .null,
            "max_active_tasks": .count(record.maxActiveTasks),
            "max_active_runs": .count(record.maxActiveRuns),
            "task_count": .count(spec?.tasks.count), "params": configuration?.params ?? .null,
            "deadlines": .texts(configuration?.deadlines.map(\.description) ?? []),
            "doc_md": .text(configuration?.documentation),
            "structure_hash": .string(record.structureHash), "version": .count(version),
            "executable_hash": .text(record.executableHash),
            "has_import_errors": .bool(record.hasImportErrors),
            "last_parsed_time": .instant(record.lastRegistered),
            "next_dagrun": .instant(record.next?.logicalDate),
            "next_dagrun_data_interval_start": .instant(record.next?.dataInterval.start),
            "next_dagrun_data_interval_end": .instant(record.next?.dataInterval.end),
            "next_dagrun_create_after": .instant(record.next?.runAfter),
        ]
    }

    // MARK: show

    /// How a graph is shown.
    enum Drawing: String, CaseIterable, Sendable {
        case auto
        case dot
        case lines
    }

    private static let drawing = CommandOption<Drawing>.choice(
        "format", "FORMAT", default: .auto, "auto draws lines on a terminal and writes DOT elsewhere.")
    private static let save = CommandOption<String?>.text(
        "save", short: "s", "FILE", "Writes DOT to a file instead.")

    static let show = CLICommand(
        "show", "Shows the graph of a DAG: drawn on a terminal, as DOT elsewhere.",
        examples: [
            .init("dags show crypto_data_pipeline", "draws the graph"),
            .init("dags show crypto_data_pipeline | dot -Tsvg > graph.svg", "makes a picture with Graphviz"),
            .init("dags show crypto_data_pipeline --version 1", "as it was first"),
        ],
        arguments: [SharedParameters.dagID], options: [drawing, save, DagsVersions.number],
        exitCodes: [.notFound]
    ) { call in
        let spec = try await shownSpec(call)
        if let file = call[save] {
            let path = Home.absolute(file, call.workspace.system.environment, call.workspace.system.files)
            try FileSystem.write(DOTGraph(spec).text.utf8, to: path)
            try call.console.note("graph of \(spec.id) written to \(file)")
            return .success
        }
        let drawsLines =
            call[drawing] == .lines || (call[drawing] == .auto && call.console.terminals.contains(.output))
        try call.console.write(drawsLines ? GraphDrawing(spec).text : DOTGraph(spec).text)
        return .success
    }

    /// The DAG of this executable, or the version that is asked for.
    private static func shownSpec(_ call: Invocation) async throws -> DAGSpec {
        let id = call[SharedParameters.dagID]
        guard let number = call[DagsVersions.number] else { return try call.workspace.dags().spec(id) }
        guard let spec = DAGSpec(try await call.version(number, of: id)) else {
            throw CommandError.failed(
                "the structure of version \(number) of dag \"\(id)\" cannot be read",
                remedy: "see it with: dagctl dags versions \(id)")
        }
        return spec
    }

    // MARK: next-execution

    private static let count = CommandOption<Int>.integer(
        "num-executions", short: "n", default: 1, in: 1...10_000, "How many dates are shown.")
    private static let asTable = CommandOption<Bool>.flag(
        "table", "Shows the data intervals and the instants at which the runs start, too.")

    static let nextExecution = CLICommand(
        "next-execution", "Prints the logical dates of the next runs of a DAG.",
        examples: [.init("dags next-execution crypto_data_pipeline -n 3", "of the next three")],
        arguments: [SharedParameters.dagID], options: [count, asTable] + ReportOptions.all,
        exitCodes: [.notFound]
    ) { call in
        let spec = try call.workspace.dags().spec(call[SharedParameters.dagID])
        let store = try await call.storeIfPresent()
        if try await store?.dag(spec.id)?.isPaused ?? false {
            try call.console.note(
                "note: dag \"\(spec.id)\" is paused; it runs after: dagctl dags unpause \(spec.id)")
        }
        let now = call.workspace.now
        var last = try await store?.lastScheduledIntervals()[spec.id]
        // Runs that were scheduled while the clock was ahead do not count, as they do not for the scheduler.
        if let end = last?.end, end > now { last = try await store?.newestInterval(of: spec.id, by: now) }
        let runs = nextRuns(of: spec, after: last, call[count], now: now)
        if runs.isEmpty {
            try call.console.note(
                "note: dag \"\(spec.id)\" has no run ahead (schedule \(spec.configuration.schedule.text))")
        }
        if call[asTable] {
            try call.show(table(runs))
        } else if runs.isEmpty {
            try call.console.print("None")
        } else {
            for run in runs { try call.console.print(run.logicalDate.isoText) }
        }
        return .success
    }

    private static func nextRuns(
        of spec: DAGSpec, after last: DataInterval?, _ count: Int, now: Date
    ) -> [PlannedRun] {
        var runs: [PlannedRun] = []
        var last = last
        while runs.count < count,
            let run = spec.schedule.timetable.nextRun(after: last, within: spec.schedule.bounds, now: now)
        {
            if let before = runs.last, run.runAfter <= before.runAfter { break }
            runs.append(run)
            last = run.dataInterval
        }
        return runs
    }

    private static func table(_ runs: [PlannedRun]) -> Report {
        var report = Report(["logical_date", "data_interval_start", "data_interval_end", "run_after"])
        report.add(
            contentsOf: runs.map { run in
                [
                    "logical_date": .instant(run.logicalDate),
                    "data_interval_start": .instant(run.dataInterval.start),
                    "data_interval_end": .instant(run.dataInterval.end), "run_after": .instant(run.runAfter),
                ]
            })
        return report
    }
}
