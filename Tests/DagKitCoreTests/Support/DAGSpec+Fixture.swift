import DagKitCore
import FoundationEssentials

/// A DAG whose tasks a test lists as `"c": ["a", "b"]`: the id and its upstream tasks.
struct FixtureTask {
    let id: String
    let upstream: [String]
    var rule: TriggerRule = .allSuccess
    var retries = 0
    var weight: Int?
    var pool: String?
    var isEmpty = false
    var mappedOver: String?
}

extension DAGSpec {
    /// A checked DAG of tasks that do nothing.
    static func fixture(
        _ id: DAGID = "fixture", schedule: Schedule = .none, startDate: String? = nil,
        maxActiveRuns: Int = 16,
        maxActiveTasks: Int = 16, maxConsecutiveFailedRuns: Int? = nil, runTimeout: Duration? = nil,
        catchup: Catchup = .latest,
        tasks: [FixtureTask]
    ) throws -> DAGSpec {
        var draft = GraphDraft(
            configuration: DAGConfiguration(
                id, schedule: schedule, startDate: startDate.map { InstantLiteral(stringLiteral: $0) },
                catchup: catchup, maxActiveRuns: maxActiveRuns, maxActiveTasks: maxActiveTasks,
                maxConsecutiveFailedRuns: maxConsecutiveFailedRuns,
                runTimeout: runTimeout))
        draft.tasks = tasks.map { task in
            TaskDraft(
                id: TaskID(task.id), edges: task.upstream.map { TaskEdge(to: TaskID($0)) },
                options: TaskOptions(
                    retries: task.retries, triggerRule: task.rule, pool: task.pool,
                    priorityWeight: task.weight),
                operatorName: "Fixture", mappedOver: task.mappedOver.map { TaskID($0) },
                work: task.isEmpty ? .nothing : TaskWork { _ in nil },
                location: SourceLocation(file: "Fixture.swift", line: 1))
        }
        return try DAGSpec(draft, zones: TimeZones())
    }
}

extension Date {
    /// An instant that tests start from: 2023-11-14T22:13:20Z.
    static let noon = Date(microseconds: 1_700_000_000_000_000)
}
