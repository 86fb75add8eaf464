import DagKitCore
import DagKitRuntime
import FoundationEssentials

/// `dags trigger`: asks the scheduler for a run.
enum DagsTriggering {
    private static let logicalDate = CommandOption<Date?>.value(
        "logical-date", short: "l", "DATE", "The instant that the run stands for; now unless given.",
        read: SharedParameters.instant
    ).aliased("execution-date")
    /// Airflow 2's name for the same.
    private static let executionDate = CommandOption<Date?>.value(
        "exec-date", short: "e", "DATE", "The same as --logical-date.", read: SharedParameters.instant
    ).hidden()
    private static let runID = CommandOption<RunID?>.value(
        "run-id", short: "r", "ID", "The id of the run; made of the logical date unless given."
    ) { text throws(ParameterError) in try SharedParameters.identifier(text) }
    private static let unpause = CommandOption<Bool>.flag(
        "unpause", "Unpauses the DAG, so that the run starts.")
    private static let wait = CommandOption<Bool>.flag(
        "wait", short: "w", "Follows the run and ends with its state.")
    private static let local = CommandOption<Bool>.flag(
        "local",
        "Runs it at once in this process and its workers, if no scheduler of this home is there to do it.")
    private static let timeout = CommandOption<Int>.integer(
        "timeout", "SECONDS", default: 0, "How long to wait; 0 for as long as it takes.")
    private static let keepsMicroseconds = CommandOption<Bool>.flag(
        "no-replace-microseconds", "Has no effect: microseconds are always kept."
    ).hidden()

    static let trigger = CLICommand(
        "trigger", "Asks for a run of a DAG; the scheduler starts it.",
        examples: [
            .init("dags trigger crypto_data_pipeline", "for now"),
            .init(
                "dags trigger crypto_data_pipeline -c '{\"limit\": 10}' --wait",
                "with a conf, and follows the run"),
            .init("dags trigger crypto_data_pipeline -l 2025-10-25 -r backfill_1", "for a date, under an id"),
        ],
        arguments: [SharedParameters.dagID],
        options: [
            local, SharedParameters.conf, logicalDate, executionDate, runID, unpause, wait, timeout,
            keepsMicroseconds,
            SharedParameters.format,
        ],
        exitCodes: [.notFound, .conflict, .unreachable, .timeout, .interrupted]
    ) { call in
        let spec = try call.workspace.dags().spec(call[SharedParameters.dagID])
        try call.checkParams(call[SharedParameters.conf], of: spec)
        let store = try await call.workspace.store()
        try await call.registerIfNew(spec, in: store)
        let run = try await create(
            call, spec, store, date: call[logicalDate] ?? call[executionDate], runID: call[runID],
            conf: call[SharedParameters.conf] ?? .object([:]))
        await call.workspace.pokeScheduler()
        try call.acknowledge("run \(run.runID) queued (\(run.dagID))", report(run))
        if !call[local] { try await tellOfPause(call, spec.id, store) }
        if call[local], !call.workspace.system.occupation(call.workspace.home.path) {
            return try await runHere(call, run.key, spec)
        }
        guard call[wait] || call[local] else { return .success }
        return try await RunFollower(call: call, store: store, timeout: call[timeout]).follow(run.key)
    }

    /// Records the run; without a date of the user's own, the next free microsecond is taken.
    static func create(
        _ call: Invocation, _ spec: DAGSpec, _ store: any MetadataStore, date given: Date? = nil,
        runID: RunID? = nil, conf: JSONValue = .object([:])
    ) async throws -> DAGRun {
        let now = call.workspace.now
        let shape = try await call.specInForce(spec.id, in: store)
        for attempt in 0..<(given == nil ? 1000 : 1) {
            var run = DAGRun.manual(
                spec, logicalDate: given ?? Date(microseconds: now.microsecondsSinceEpoch + Int64(attempt)),
                runID: runID, conf: conf, by: call.workspace.actor, at: now)
            run.structureHash = shape.structureHash
            var machine = RunMachine(creating: run, of: shape, actor: call.workspace.actor)
            guard let batch = machine.takeBatch() else { continue }
            if try await store.commit([batch], durability: .full).conflicts.isEmpty { return run }
            // Somebody else may have taken the date, or the id.
            let known = runID == nil ? nil : try await store.snapshot(of: run.key)
            if given != nil || known != nil { throw CommandError.runExists(run.key) }
        }
        throw CommandError.conflict(
            "dag \"\(spec.id)\" has a run for each microsecond from now on", remedy: "name a logical date")
    }

    private static func tellOfPause(_ call: Invocation, _ id: DAGID, _ store: any MetadataStore) async throws
    {
        guard try await store.dag(id)?.isPaused ?? false else { return }
        guard call[unpause] else {
            return try call.console.note(
                "note: dag \"\(id)\" is paused, so the run waits; add --unpause, or run: dagctl dags unpause \(id)"
            )
        }
        _ = try await store.setPaused(false, [id], by: call.workspace.actor, at: call.workspace.now)
        await call.workspace.pokeScheduler()
        try call.console.note("dag \(id) unpaused")
    }

    /// Carries the run to its end in the place of a scheduler.
    private static func runHere(_ call: Invocation, _ run: RunKey, _ spec: DAGSpec) async throws -> ExitCode {
        let scheduler = try await SchedulerRun(call.workspace)
        let ended: DAGRun
        do {
            ended = try await Interruption.ending {
                try await scheduler.runAlone(run, of: spec) { event in call.tell(event) }
            }
        } catch let code as ExitCode {
            try call.console.note(
                "run \(run.runID) is interrupted; the next scheduler goes on with what is left of it")
            throw code
        }
        return ended.state == .success ? .success : .failure
    }

    static func report(_ run: DAGRun) -> Report {
        Report(object: [
            "conf": run.conf, "dag_id": .string(run.dagID.rawValue),
            "dag_run_id": .string(run.runID.rawValue),
            "data_interval_start": .instant(run.dataInterval?.start),
            "data_interval_end": .instant(run.dataInterval?.end),
            "end_date": .instant(run.endDate), "external_trigger": .bool(run.isExternallyTriggered),
            "logical_date": .instant(run.logicalDate), "run_type": .string(run.type.rawValue),
            "start_date": .instant(run.startDate), "state": .string(run.state.rawValue),
            "triggered_by": .text(run.triggeredBy),
        ])
    }
}

extension Invocation {
    /// Registers a DAG if the store does not know it yet. All others stay as a scheduler registered them, which may be that of
    /// an older executable.
    func registerIfNew(_ spec: DAGSpec, in store: any MetadataStore) async throws {
        guard try await store.dag(spec.id) == nil else { return }
        let deployment = try workspace.deployment()
        guard let record = deployment.records.first(where: { $0.id == spec.id }) else { return }
        try await store.add(record, bundle: deployment.bundle, at: workspace.now)
    }
}
