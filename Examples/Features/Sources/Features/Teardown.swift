import DagKit

/// The table that the work needs is dropped again, also where the work fails.
struct Teardown: DAG {
    var configuration = DAGConfiguration("teardown", params: ["fails": false])

    func build(_ dag: inout DAGBuilder) {
        let table = dag.setup("create_table") { context in "scratch_\(context.idempotencyKey.prefix(8))" }
        let work = dag.task("work", reading: table.output) { context, table in
            if context.params["fails"]?.bool == true {
                throw TaskFailure.noRetry("told to fail", remedy: "do not")
            }
            context.logger.info("works on \(table)")
        }
        dag.teardown("drop_table", of: table, after: work) { context, table in
            context.logger.info("dropped \(table)")
        }
    }
}
