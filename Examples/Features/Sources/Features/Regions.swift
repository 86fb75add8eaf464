import DagKit

/// A DAG whose structure follows from a list: a region that is added or taken away makes a new version of it.
struct Regions: DAG {
    var regions = ["asia", "europe"]

    var configuration = DAGConfiguration(
        "regions", schedule: .daily, startDate: "2026-01-01", catchup: .all, maxActiveRuns: 1)

    func build(_ dag: inout DAGBuilder) {
        let loaded = regions.map { region in
            dag.task(TaskID("load_\(region)")) { _ in region.count }
        }
        dag.task("report", after: loaded) { _ in }
    }
}
