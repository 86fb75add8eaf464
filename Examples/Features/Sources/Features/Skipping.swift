import DagKit

/// The ways of a task not to run, or not yet: by what it throws, by the run's place in the row, by the run before.
struct Skipping: DAG {
    var configuration = DAGConfiguration("skipping", params: ["rows": 0])

    func build(_ dag: inout DAGBuilder) {
        let counted = dag.task("count", options: TaskOptions(retries: 1)) { context in
            // This try has failed; the next one follows at once, whatever the task's delay.
            if context.tryNumber == 1 {
                throw TaskFailure.retry(after: .zero, "the counter is cold", remedy: "try again")
            }
            return Int(context.params["rows"]?.integer ?? 0)
        }
        let loaded = dag.task("load", reading: counted) { context, rows in
            if rows == 0 { throw TaskSkip("there are no rows") }
            if rows < 0 { throw TaskFailure.noRetry("\(rows) rows", remedy: "count again") }
        }
        // A run that has a successor already leaves the rest to that one.
        let newest = dag.latestOnly("newest_only")
        dag.task(
            "publish", after: loaded, newest,
            options: TaskOptions(
                triggerRule: .noneFailed, dependsOnPast: true, waitsForPastBeforeSkipping: true)
        ) { context in context.logger.info("published") }
    }
}
