import DagKit

/// A schedule in a time zone, retries and a pool: what `Tests/FeaturesTests` puts through a simulated year.
struct Nightly: DAG {
    static let disk = "disk"

    var configuration = DAGConfiguration(
        "nightly", schedule: .cron("30 2 * * *", timeZone: "Europe/Paris"), startDate: "2026-01-01",
        catchup: .all, maxActiveRuns: 1,
        defaults: TaskDefaults(retries: 2, retryDelay: .minutes(5)))

    func build(_ dag: inout DAGBuilder) {
        let extracted = dag.task("extract", options: TaskOptions(timeout: .minutes(30))) { _ in 1_000 }
        let loaded = dag.task("load", reading: extracted, options: TaskOptions(pool: Self.disk)) {
            context, rows in
            context.logger.info("loads \(rows) rows")
        }
        let indexed = dag.task("index", after: loaded, options: TaskOptions(pool: Self.disk)) { _ in }
        dag.task("report", after: loaded, indexed) { _ in }
    }
}
