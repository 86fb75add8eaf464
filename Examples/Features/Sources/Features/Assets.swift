import DagKit

private let prices = Asset("s3://market/prices", name: "prices")

/// Updates an asset, and tells with the update how much there is.
struct Assets: DAG {
    var configuration = DAGConfiguration("assets", params: ["rows": 12])

    func build(_ dag: inout DAGBuilder) {
        dag.task("load", options: TaskOptions(outlets: [prices])) { context in
            let rows = context.params["rows"] ?? 0
            try context.setExtra(["rows": rows], of: prices)
            context.logger.info("loaded \(rows.text) rows")
        }
    }
}

/// Runs once the asset is updated, whoever did it.
struct AssetReport: DAG {
    var configuration = DAGConfiguration("asset_report", schedule: .assets(.any(prices)))

    func build(_ dag: inout DAGBuilder) {
        dag.task("tell", options: TaskOptions(inlets: [prices])) { context in
            for event in try await context.triggeringAssetEvents() {
                context.logger.info("\(event.name): \(event.extra["rows"]?.text ?? "?") rows")
            }
        }
    }
}

/// Waits for an update of the asset since its data interval began, and does without one after a second.
struct AssetWaiter: DAG {
    var configuration = DAGConfiguration("asset_waiter")

    func build(_ dag: inout DAGBuilder) {
        let fresh = dag.task("fresh", run: AssetSensor(prices, timeout: .seconds(1), softFail: true))
        dag.task("use", after: fresh) { context in context.logger.info("fresh prices") }
    }
}
