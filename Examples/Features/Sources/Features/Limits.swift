import DagKit

/// What keeps a DAG from taking too much: of time, of slots, of tries, and of patience.
struct Limits: DAG {
    var configuration = DAGConfiguration(
        "limits", maxActiveRuns: 2, maxActiveTasks: 4, maxConsecutiveFailedRuns: 3, runTimeout: .hours(2),
        defaults: TaskDefaults(
            retries: 4, retryDelay: .seconds(10), exponentialBackoff: true, maxRetryDelay: .minutes(5),
            weightRule: .upstream))

    func build(_ dag: inout DAGBuilder) {
        let small = dag.task("small", options: TaskOptions(priorityWeight: 1)) { _ in }
        let urgent = dag.task("urgent", options: TaskOptions(priorityWeight: 10)) { _ in }
        let parts = dag.task("list_parts", after: small, urgent) { _ in [1, 2, 3] }
        let loaded = dag.map(
            "load", over: parts, options: TaskOptions(maxActiveInstancesPerRun: 2, poolSlots: 2)
        ) { _, part in part * 10 }
        dag.task("sum", reading: loaded) { context, parts in
            context.logger.info("\(parts.reduce(0, +)) from \(parts.count) parts")
        }
    }
}
