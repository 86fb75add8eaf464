import DagKit

/// Days that are booked one after the other: no day is opened before the one before it is closed.
struct Ledger: DAG {
    var configuration = DAGConfiguration(
        "ledger", schedule: .daily, startDate: "2026-01-01", catchup: .all, isPausedAtCreation: true)

    func build(_ dag: inout DAGBuilder) {
        let opened = dag.task("open", options: TaskOptions(waitsForDownstream: true)) { context in
            "the day of \(context.logicalDate.isoText)"
        }
        dag.group("booking", defaults: { $0.dependsOnPast = true }) { dag in
            dag.task("income", reading: opened) { context, day in context.logger.info("income: \(day)") }
            dag.task("costs", reading: opened) { context, day in context.logger.info("costs: \(day)") }
        }
    }
}
