import DagKit

/// A policy that retries what may pass by and fails at once what will not; the first failure ends the run.
struct Failures: DAG {
    struct Refusal: Error, CustomStringConvertible {
        let status: Int
        var description: String { "status \(status)" }
    }

    var configuration = DAGConfiguration("failures", params: ["status": 503], failsFast: true)

    func build(_ dag: inout DAGBuilder) {
        let politely = ErrorPolicy("http status") { error, tryNumber in
            guard let refusal = error as? Refusal else { return .retry }
            return refusal.status >= 500 ? .retryAfter(.seconds(30 * tryNumber)) : .fail
        }
        let fetched = dag.task("fetch", options: TaskOptions(retries: 2, errorPolicy: politely)) { context in
            let status = Int(context.params["status"]?.integer ?? 200)
            if status != 200, context.tryNumber < 3 { throw Refusal(status: status) }
            context.logger.info("fetched at try \(context.tryNumber)")
        }
        dag.task("load", after: fetched, options: TaskOptions(maxActiveInstances: 1)) { _ in }
    }
}
