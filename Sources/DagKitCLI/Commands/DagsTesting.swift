import DagKitCore
import DagKitRuntime
import FoundationEssentials

/// `dags test`: a run of a DAG here and now, of which nothing is recorded.
enum DagsTesting {
    static let test = CLICommand(
        "test", "Runs a DAG once in this process, one task at a time, without recording it.",
        discussion:
            "Tasks get the deployment's variables, connections and data, and their effects are real. A retry follows at "
            + "once. The log of the tasks goes to the error stream, the states of the tasks to the output.",
        examples: [
            .init("dags test crypto_data_pipeline", "for now"),
            .init("dags test crypto_data_pipeline 2025-10-25", "for a logical date"),
            .init("dags test crypto_data_pipeline -c '{\"limit\": 10}'", "with a conf"),
        ],
        arguments: [SharedParameters.dagID, SharedParameters.optionalRunReference],
        options: [SharedParameters.conf] + ReportOptions.all, exitCodes: [.notFound, .interrupted]
    ) { call in
        let workspace = call.workspace
        let spec = try workspace.dags().spec(call[SharedParameters.dagID])
        try call.checkParams(call[SharedParameters.conf], of: spec)
        let now = workspace.now
        let run = call.manualRun(
            of: spec, call[SharedParameters.optionalRunReference],
            conf: call[SharedParameters.conf] ?? .object([:]), at: now)
        let rehearsal = Rehearsal(
            services: try await workspace.services(), now: workspace.system.now, makeLogger: call.makeLogger()
        )
        let settings = try workspace.settingsOfDAGs()[spec.id] ?? [:]
        let snapshot = try await Interruption.ending { () async throws -> RunSnapshot in
            try await rehearsal.run(run, of: spec, settings: settings) { event in call.tell(event) }
        }
        try call.show(report(snapshot))
        if snapshot.run.state == .success { return .success }
        throw CommandError.failed(
            "DagRun failed (\(snapshot.run.key))" + (snapshot.run.reason.map { ": \($0)" } ?? ""),
            remedy: "see the failed tasks above")
    }

    private static func report(_ snapshot: RunSnapshot) -> Report {
        var report = Report([
            "task_id", .init("map_index", isWide: true), .init("rendered_map_index", isWide: true), "state",
            "try_number", "start_date", "duration",
            "reason",
        ])
        report.add(
            contentsOf: snapshot.instances.map { instance in
                [
                    "task_id": .string(instance.taskID.rawValue), "map_index": .count(instance.mapIndex),
                    "rendered_map_index": .text(instance.mapName),
                    "state": .text(instance.state?.rawValue), "try_number": .count(instance.tryNumber),
                    "start_date": .instant(instance.startDate),
                    "duration": instance.duration.map { .number(($0 * 1000).rounded() / 1000) } ?? .null,
                    "reason": .text(instance.reason),
                ]
            })
        return report
    }
}

extension Invocation {
    /// A run that nobody recorded: for the logical date that the user named, or now.
    func manualRun(of spec: DAGSpec, _ reference: RunReference?, conf: JSONValue, at now: Date) -> DAGRun {
        switch reference {
        case nil: .manual(spec, conf: conf, by: workspace.actor, at: now)
        case .logicalDate(let date):
            .manual(spec, logicalDate: date, conf: conf, by: workspace.actor, at: now)
        case .runID(let id): .manual(spec, runID: id, conf: conf, by: workspace.actor, at: now)
        }
    }

    /// The log of tasks that run in this process: the error stream, in the format of log files.
    func makeLogger() -> @Sendable (AttemptOrder) -> TaskLogger {
        let console = console
        let system = workspace.system
        let mask = workspace.mask
        return { order in
            TaskLogger { level, text, place in
                let line = LogLine.render(mask.mask(text), level: level, at: system.now(), from: place)
                try? console.note("\(console.styled(order.key.taskID.rawValue, .dim, on: .error)) \(line)")
            }
        }
    }

    /// Shows what happened to a run or task as it happens.
    func tell(_ event: RunEvent) {
        let time = LogLine.stamp(event.at)
        guard let task = event.taskID else {
            try? console.note("[\(time)] run \(event.run.runID) \(event.kind.rawValue)")
            return
        }
        let index = event.mapIndex < 0 ? "" : "[\(event.mapIndex)]"
        let word = console.styled(event.kind.rawValue, event.kind.style, on: .error)
        try? console.note(
            "[\(time)] \(task)\(index) \(word)" + (event.reason.map { " (\(workspace.mask.mask($0)))" } ?? "")
        )
    }
}

extension RunEvent.Kind {
    /// The colour of the state that the event leads to.
    fileprivate var style: Console.Style {
        switch self {
        case .succeeded, .runSucceeded: .green
        case .failed, .runFailed: .red
        case .upForRetry, .upForReschedule, .deferred, .upstreamFailed: .yellow
        case .skipped: .magenta
        case .running, .runStarted: .cyan
        default: .dim
        }
    }
}
