import DagKit

/// Few rows are loaded at once, many in parts; a run without rows ends early.
struct Branching: DAG {
    enum Size: String, BranchPath { case small, large }

    var configuration = DAGConfiguration("branching", params: ["rows": 10])

    func build(_ dag: inout DAGBuilder) {
        let rows = dag.task("count_rows") { context in Int(context.params["rows"]?.integer ?? 0) }
        let hasRows = dag.shortCircuit("has_rows", reading: rows) { _, rows in rows > 0 }
        let size = dag.branch("choose_size", reading: rows, after: hasRows) { _, rows in
            rows > 1000 ? Size.large : .small
        }
        let atOnce = dag.task("load_at_once", after: size[.small]) { context in
            context.logger.info("all at once")
        }
        let inParts = dag.task("load_in_parts", after: size[.large]) { context in
            context.logger.info("in parts")
        }
        dag.task(
            "report", reading: rows.ifSuccessful, after: atOnce, inParts,
            options: TaskOptions(triggerRule: .noneFailedMinOneSuccess)
        ) { context, rows in
            context.logger.info("loaded \(rows ?? 0) rows")
        }
    }
}
