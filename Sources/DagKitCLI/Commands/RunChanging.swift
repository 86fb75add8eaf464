import DagKitCore
import FoundationEssentials

/// What `clear` and `mark` have in common: which instances of which runs are meant, and how they are changed.
struct RunChanging: Sendable {
    let call: Invocation
    let store: any MetadataStore
    let spec: DAGSpec

    init(_ call: Invocation) async throws {
        self.call = call
        store = try await call.workspace.store()
        spec = try await call.specOfRuns(call[SharedParameters.dagID], in: store)
    }

    // MARK: Options

    static let start = CommandOption<Date?>.value(
        "start-date", short: "s", "DATE", "The first logical date.", read: SharedParameters.instant)
    static let end = CommandOption<Date?>.value(
        "end-date", short: "e", "DATE", "The last logical date.", read: SharedParameters.instant)
    static let runID = CommandOption<RunID?>.value("run-id", "ID", "The one run that is meant.") {
        text throws(ParameterError) in try SharedParameters.identifier(text)
    }
    static let upstream = CommandOption<Bool>.flag(
        "upstream", short: "u", "Takes the tasks upstream of those that are named, too.")
    static let downstream = CommandOption<Bool>.flag(
        "downstream", short: "d", "Takes the tasks downstream of those that are named, too.")
    static let dryRun = CommandOption<Bool>.flag(
        "dry-run", short: "n", "Shows what would be changed and changes nothing.")

    // MARK: Runs and instances

    /// Task instances of one run.
    struct Chosen: Sendable {
        let run: DAGRun
        let instances: [TaskInstance]
    }

    /// The runs that the options name, oldest first.
    func runs() async throws -> [DAGRun] {
        if let id = call[Self.runID] { return [try await run(.runID(id))] }
        let query = RunQuery(
            dagID: spec.id, from: call[Self.start], through: call[Self.end], limit: Int(Int32.max))
        return try await store.runs(query).reversed()
    }

    /// The run that a user named.
    ///
    /// - Throws: ``CommandError/noRun(_:dag:near:)``.
    func run(_ reference: RunReference) async throws -> DAGRun {
        if let run = try await call.run(reference, of: spec.id, in: store) { return run }
        let known = try await store.runs(RunQuery(dagID: spec.id, limit: 100)).map(\.runID.rawValue)
        throw CommandError.noRun(
            reference.text, dag: spec.id, near: NearMiss.nearest(to: reference.text, among: known))
    }

    /// The instances of runs that a selection means; runs of which it means none are left out.
    func choose(_ selection: TaskSelection, in runs: [DAGRun]) async throws -> [Chosen] {
        var chosen: [Chosen] = []
        for run in runs {
            guard let snapshot = try await store.snapshot(of: run.key) else { continue }
            let machine = RunMachine(snapshot, of: spec, at: call.workspace.now)
            let instances = selection.references(in: machine).map { machine[$0] }
            if !instances.isEmpty { chosen.append(Chosen(run: run, instances: instances)) }
        }
        return chosen
    }

    /// Changes the runs one by one, and wakes the scheduler.
    ///
    /// - Returns: How many instances changed at once, and how many will once their attempt is dead.
    func change(
        _ runs: [DAGRun], _ event: @escaping @Sendable (RunMachine) -> RunMachine.Event?
    ) async throws -> (changed: Int, ending: Int) {
        var changed: Set<TaskInstanceKey> = []
        var ending: Set<TaskInstanceKey> = []
        for run in runs {
            let change = try await store.change(run.key, of: spec, at: call.workspace.now, event)
            for event in change?.step.events ?? [] where event.actor != RunEvent.scheduler {
                guard let key = event.task else { continue }
                if event.kind == .endRequested { ending.insert(key) } else { changed.insert(key) }
            }
            await call.workspace.pokeScheduler()
        }
        return (changed.count, ending.count)
    }

    // MARK: Words

    /// The table of what is about to be changed.
    func preview(_ chosen: [Chosen]) -> Report {
        var report = Report(["run_id", "task_id", "map_index", "state"])
        report.add(
            contentsOf: chosen.flatMap { chosen in
                chosen.instances.map { instance in
                    [
                        "run_id": .string(chosen.run.runID.rawValue),
                        "task_id": .string(instance.taskID.rawValue),
                        "map_index": .count(instance.mapIndex), "state": .text(instance.state?.rawValue),
                    ]
                }
            })
        return report
    }

    /// `3 task instances of 2 runs`.
    static func count(_ chosen: [Chosen]) -> String {
        let instances = chosen.reduce(0) { $0 + $1.instances.count }
        let tasks = instances == 1 ? "1 task instance" : "\(instances) task instances"
        return tasks + (chosen.count == 1 ? " of run \(chosen[0].run.runID)" : " of \(chosen.count) runs")
    }

    /// Says what was done, and what the scheduler has still to do.
    func tell(_ verb: String, _ count: (changed: Int, ending: Int)) throws {
        let total = count.changed + count.ending
        let done = "\(total) task instance\(total == 1 ? "" : "s") \(verb)"
        guard count.ending > 0 else { return try call.console.note(done) }
        let home = call.workspace.home.path
        let who =
            call.workspace.system.occupation(home)
            ? "the scheduler ends their attempts first" : "the next scheduler ends their attempts first"
        try call.console.note("\(done); \(count.ending) of them run: \(who)")
    }
}
