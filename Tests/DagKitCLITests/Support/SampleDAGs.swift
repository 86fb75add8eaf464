import DagKitCore

/// Four tasks: a diamond, of which one returns a value and one fails where its params say so.
struct Greeting: DAG {
    var configuration = DAGConfiguration(
        "greeting", schedule: .daily, startDate: "2025-12-30", about: "Greets the world", tags: ["demo"],
        params: ["fails": false], defaults: TaskDefaults(owner: "ada"), fileID: "Sample/Greeting.swift",
        line: 3)

    func build(_ dag: inout DAGBuilder) {
        let start = dag.empty("start", fileID: "Sample/Greeting.swift", line: 10)
        let name = dag.task("name", after: start, fileID: "Sample/Greeting.swift", line: 11) { context in
            context.logger.info("looking for a name", fileID: "Sample/Greeting.swift", line: 12)
            return try await context.variable("name", default: "world")
        }
        let check = dag.task("check", after: start, fileID: "Sample/Greeting.swift", line: 14) { context in
            if context.params["fails"]?.bool == true {
                throw TaskFailure.noRetry("told to fail", remedy: "tell it not to")
            }
        }
        dag.task("greet", reading: name, after: check, fileID: "Sample/Greeting.swift", line: 18) {
            context, name in
            "hello \(name)"
        }
    }
}

/// Updates an asset.
struct Loading: DAG {
    static let prices = Asset("s3://market/prices", name: "prices", group: "market", extra: ["owner": "ada"])

    var configuration = DAGConfiguration("loading", fileID: "Sample/Loading.swift", line: 3)

    func build(_ dag: inout DAGBuilder) {
        dag.task("load", options: TaskOptions(outlets: [Self.prices])) { _ in }
    }
}

/// Runs on an asset, and names another one that nothing updates.
struct Reporting: DAG {
    var configuration = DAGConfiguration(
        "reporting", schedule: .assets(Loading.prices & Asset("report")), fileID: "Sample/Reporting.swift",
        line: 3)

    func build(_ dag: inout DAGBuilder) {
        dag.task("tell", options: TaskOptions(inlets: [Loading.prices])) { _ in }
    }
}

/// A DAG that cannot be used.
struct Broken: DAG {
    var configuration = DAGConfiguration("broken", schedule: .daily, fileID: "Sample/Broken.swift", line: 3)

    func build(_ dag: inout DAGBuilder) {
        dag.empty("a", fileID: "Sample/Broken.swift", line: 7)
        dag.empty("a", fileID: "Sample/Broken.swift", line: 8)
    }
}
