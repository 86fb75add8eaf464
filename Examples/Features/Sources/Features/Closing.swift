import DagKit

/// Waits for a task of another DAG's run and for the evening, and pairs two lists element by element.
struct Closing: DAG {
    var configuration = DAGConfiguration(
        "closing", schedule: .daily, startDate: "2026-01-01", isPausedAtCreation: true)

    func build(_ dag: inout DAGBuilder) {
        // The scheduler waits in the place of these tasks: no process does.
        let booked = dag.task(
            "booked", run: ExternalTaskSensor("ledger", tasks: ["booking.costs"], checkExistence: true))
        let evening = dag.task("evening", after: booked, run: TimeDeltaSensor(.hours(18)))
        let names = dag.task("accounts", after: evening) { _ in ["cash", "stock"] }
        let amounts = dag.task("amounts", after: evening) { _ in [120, 80] }
        let lines = dag.map("line", over: names.each.zip(amounts.each)) { _, line in
            "\(line.0): \(line.1)"
        }
        dag.task("sheet", reading: lines, amounts) { context, lines, amounts in
            context.logger.info("\(lines.joined(separator: ", ")) = \(amounts.reduce(0, +))")
        }
    }
}
