import DagKit

/// Checks in a group of their own, which are not retried, and of which one part is nested.
struct Groups: DAG {
    var configuration = DAGConfiguration("groups", defaults: TaskDefaults(retries: 2, owner: "data"))

    func build(_ dag: inout DAGBuilder) {
        let loaded = dag.task("load") { _ in [3, 1, 2] }
        let checks = dag.group(
            "checks", after: loaded.labelled("rows"), defaults: { $0.retries = 0 },
            about: "What must hold of the rows"
        ) { dag in
            dag.task("not_empty", reading: loaded) { _, rows in !rows.isEmpty }
            dag.group("order", defaults: { $0.owner = "quality" }) { dag in
                dag.task("highest", reading: loaded) { _, rows in rows.max() ?? 0 }
                dag.task("lowest", reading: loaded) { _, rows in rows.min() ?? 0 }
            }
            return dag.wholeGroup
        }
        dag.empty("end", after: checks)
    }
}
