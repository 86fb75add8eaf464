import DagKitCore
import FoundationEssentials

/// `runs …`: recorded runs, whatever their DAG.
enum RunsCommands {
    static let group = CLICommand(
        group: "runs", "Looks into recorded runs, and deletes them.",
        examples: [
            .init("runs replay manual__2026-01-02T03:04:05+00:00", "everything that happened, and why")
        ],
        subcommands: [replay, delete])

    static let runID = CommandArgument<RunID>.required(
        "run_id", "The id of the run.", read: SharedParameters.identifier)
    private static let dag = CommandOption<DAGID?>.value(
        "dag", short: "d", "ID", "The DAG of the run; needed where several have a run of that id.",
        read: { text throws(ParameterError) in try SharedParameters.identifier(text) })
    private static let instant = CommandOption<Date?>.value(
        "at", "TIME", "Shows what was so at this moment.", read: SharedParameters.instant)

    private static let replay = CLICommand(
        "replay", "Re-steps a run from its event log.",
        discussion:
            "Without --at each event is listed: when, what, why and by whom. With it the states of the run and its tasks at that moment, and what each of them waited for.",
        examples: [
            .init("runs replay manual__2026-01-02T03:04:05+00:00", "the history of a run"),
            .init(
                "runs replay mine --dag crypto_monitoring --at 2026-01-02T03:05", "how it stood at a moment"),
        ],
        arguments: [runID], options: [dag, instant] + ReportOptions.all,
        exitCodes: [.notFound, .conflict, .unreachable]
    ) { call in
        let store = try await call.workspace.store()
        let key = try await find(call, store)
        let events = try await store.events(of: key)
        guard let moment = call[instant] else {
            try call.show(history(events, try await store.versionNumbers(of: key.dagID)))
            return .success
        }
        guard let past = RunReplay(events, until: moment) else {
            throw CommandError.notFound(
                "run \"\(key.runID)\" did not exist at \(moment.isoText)",
                remedy: events.first.map { "ask for \($0.at.isoText) or later" }
                    ?? "nothing of it is recorded")
        }
        // As the DAG was then; where that is not known, as it is now.
        let version = try await store.version(of: key.dagID, hash: past.run.structureHash)
        let spec = version.flatMap { DAGSpec($0) } ?? (try? call.workspace.dags().spec(key.dagID))
        try call.show(state(past, spec))
        return .success
    }

    /// The run that a user named.
    private static func find(_ call: Invocation, _ store: any MetadataStore) async throws -> RunKey {
        let id = call[runID]
        let dags = try await store.dags(includingInactive: true).map(\.id)
        let candidates = call[dag].map { [$0] } ?? dags
        var found: [RunKey] = []
        for dag in candidates where try await store.snapshot(of: RunKey(dag, id)) != nil {
            found.append(RunKey(dag, id))
        }
        if let only = found.first, found.count == 1 { return only }
        if found.count > 1 {
            throw CommandError.conflict(
                "dags \(found.map(\.dagID.rawValue).joined(separator: ", ")) have a run \"\(id)\"",
                remedy: "name one with --dag")
        }
        let known = try await store.runs(RunQuery(dagID: call[dag], limit: 200)).map(\.runID.rawValue)
        let near = NearMiss.nearest(to: id.rawValue, among: known).map { "did you mean \"\($0)\"?" }
        let place = call[dag].map { "dag \"\($0)\"" } ?? "no dag"
        throw CommandError.notFound(
            call[dag] == nil ? "\(place) has a run \"\(id)\"" : "\(place) has no run \"\(id)\"",
            remedy: near ?? "list them with dagctl dags list-runs DAG")
    }

    private static func history(_ events: [RunEvent], _ versions: [String: Int]) -> Report {
        var report = Report([
            "at", "task_id", "map_index", "event", "try_number", "reason", "actor",
            .init("attempt_id", isWide: true), .init("detail", isWide: true),
        ])
        report.add(
            contentsOf: events.map { event in
                [
                    "at": .instant(event.at), "task_id": .text(event.taskID?.rawValue),
                    "map_index": event.mapIndex < 0 ? .null : .count(event.mapIndex),
                    "event": .string(event.kind.rawValue),
                    "try_number": event.tryNumber.flatMap { $0 > 0 ? .count($0) : nil } ?? .null,
                    "reason": .text(event.reason(naming: versions)), "actor": .string(event.actor),
                    "attempt_id": event.attemptID.map { .integer($0.rawValue) } ?? .null,
                    "detail": event.detail,
                ]
            })
        return report
    }

    /// The run first, then its tasks.
    private static func state(_ past: RunReplay, _ spec: DAGSpec?) -> Report {
        var report = Report(["task_id", "map_index", "state", "try_number", "since", "reason"])
        report.add(
            contentsOf: [
                [
                    "task_id": .null, "map_index": .null, "state": .string(past.run.state.rawValue),
                    "try_number": .null, "since": .instant(past.runSince), "reason": .text(past.run.reason),
                ]
            ])
        report.add(
            contentsOf: past.instances(of: spec).map { instance in
                [
                    "task_id": .string(instance.taskID.rawValue),
                    "map_index": instance.mapIndex < 0 ? .null : .count(instance.mapIndex),
                    "state": .text(instance.state?.rawValue),
                    "try_number": instance.tryNumber > 0 ? .count(instance.tryNumber) : .null,
                    "since": .instant(past.since[instance.key]),
                    "reason": .text(instance.reason ?? past.obstacle(to: instance, in: spec)),
                ]
            })
        return report
    }
}

extension RunEvent {
    /// The reason, with the numbers of the versions where the event tells of a change from one to another.
    ///
    /// - Parameter versions: The numbers by the hash of the structure.
    fileprivate func reason(naming versions: [String: Int]) -> String? {
        guard kind == .versionChanged, let reason else { return reason }
        func name(_ key: String) -> String {
            detail[key]?.string.flatMap { versions[$0] }.map(String.init) ?? "unknown"
        }
        return "version \(name("previous_hash")) -> \(name("structure_hash")): \(reason)"
    }
}
