public import FoundationEssentials

/// The runs of a DAG that somebody waits for, or tasks of them, with the states that end the wait.
///
/// As in Airflow, one failed state ends it before a skipped one does, and all must be in an allowed state for it to
/// succeed. A mapped task counts as a whole: all its instances must be allowed, and one that failed is enough.
public struct ExternalWait: Hashable, Sendable {
    public var dagID: DAGID

    /// The tasks that are waited for; empty where the run as a whole is.
    public var tasks: [TaskID]

    /// The logical dates of the runs.
    public var logicalDates: [Date]

    /// The states (``RunState``, or ``TaskState`` where tasks are waited for) that end the wait well.
    public var allowed: Set<String>

    /// The states that fail who waits.
    public var failed: Set<String>

    /// The states for which who waits is skipped.
    public var skipped: Set<String>

    /// Whether the wait fails where the DAG, or one of its tasks, does not exist.
    public var checksExistence: Bool

    package init(
        _ dagID: DAGID, tasks: [TaskID] = [], logicalDates: [Date], allowed: Set<String>,
        failed: Set<String> = [], skipped: Set<String> = [], checksExistence: Bool = false
    ) {
        self.dagID = dagID
        self.tasks = tasks
        self.logicalDates = logicalDates.map(\.roundedToMicroseconds)
        self.allowed = allowed
        self.failed = failed
        self.skipped = skipped
        self.checksExistence = checksExistence
    }

    /// A run of another DAG as somebody who waits for it sees it.
    package struct Run: Hashable, Sendable {
        package let key: RunKey
        package let state: RunState

        /// The states of the instances, by task; empty where nobody waits for a task.
        package let tasks: [TaskID: [TaskState?]]

        package init(_ run: DAGRun, _ instances: [TaskInstance] = []) {
            key = run.key
            state = run.state
            tasks = Dictionary(grouping: instances, by: \.taskID).mapValues { $0.map(\.state) }
        }
    }

    /// How a wait ends.
    public enum Verdict: Hashable, Sendable {
        case success
        case failed(reason: String)
        case skipped(reason: String)
    }

    /// What the runs of all the logical dates, as far as they exist, make of the wait; `nil` while it goes on.
    package func verdict(on runs: [Run]) -> Verdict? {
        let found = runs.flatMap(subjects)
        if let bad = found.first(where: { $0.states.contains(where: failed.contains) }) {
            return .failed(reason: "\(bad.name) is \(bad.text)")
        }
        if let bad = found.first(where: { $0.states.contains(where: skipped.contains) }) {
            return .skipped(reason: "\(bad.name) is \(bad.text)")
        }
        let wanted = logicalDates.count * max(tasks.count, 1)
        let met = found.count { !$0.states.isEmpty && $0.states.allSatisfy(allowed.contains) }
        return met >= wanted ? .success : nil
    }

    private struct Subject {
        let name: String
        let states: [String]
        var text: String { Set(states).sorted().joined(separator: ", ") }
    }

    private func subjects(of run: Run) -> [Subject] {
        if tasks.isEmpty { return [Subject(name: "run \(run.key)", states: [run.state.rawValue])] }
        return tasks.map { task in
            let states = (run.tasks[task] ?? []).map { $0?.rawValue ?? "none" }
            return Subject(name: "task \(run.key)/\(task)", states: states)
        }
    }

    /// Whether an event of one of the runs may end the wait.
    package func mayDependOn(_ event: RunEvent) -> Bool {
        guard let task = event.taskID else { return tasks.isEmpty }
        return tasks.contains(task)
    }

    // MARK: Text

    var reason: String {
        let dates = logicalDates.map(\.isoText).joined(separator: ", ")
        if tasks.isEmpty { return "waits for dag \(dagID) of \(dates)" }
        let names = tasks.map(\.rawValue).joined(separator: ", ")
        return "waits for \(tasks.count == 1 ? "task" : "tasks") \(names) of dag \(dagID) of \(dates)"
    }

    var json: JSONValue {
        func list(_ states: Set<String>) -> JSONValue { .array(states.sorted().map(JSONValue.string)) }
        var json: JSONValue = [
            "dag_id": .string(dagID.rawValue), "task_ids": .array(tasks.map { .string($0.rawValue) }),
            "logical_dates": .array(logicalDates.map { .string($0.isoText) }),
            "allowed_states": list(allowed), "failed_states": list(failed), "skipped_states": list(skipped),
        ]
        if checksExistence { json = json.merging(["check_existence": true]) }
        return json
    }

    init?(json: JSONValue) {
        func list(_ key: String) -> [String] { json[key]?.array?.compactMap(\.string) ?? [] }
        guard let dag = json["dag_id"]?.string else { return nil }
        self.init(
            DAGID(dag), tasks: list("task_ids").map { TaskID($0) },
            logicalDates: list("logical_dates").compactMap { try? Date(isoText: $0) },
            allowed: Set(list("allowed_states")), failed: Set(list("failed_states")),
            skipped: Set(list("skipped_states")), checksExistence: json["check_existence"]?.bool ?? false)
    }
}
