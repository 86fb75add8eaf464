import DagKit

/// Two tasks: one makes a name, the other greets it.
struct Hello: DAG {
    var configuration = DAGConfiguration(
        "hello", schedule: .daily, startDate: "2026-01-01", about: "Greets somebody every day.",
        params: ["name": "world"], defaults: TaskDefaults(retries: 1, retryDelay: .seconds(10)))

    func build(_ dag: inout DAGBuilder) {
        let name = dag.task("choose_name") { context in
            context.params["name"]?.string ?? "world"
        }
        dag.task("greet", reading: name) { context, name in
            let greeting = "hello \(name)"
            context.logger.info(greeting)
            return greeting
        }
    }
}
