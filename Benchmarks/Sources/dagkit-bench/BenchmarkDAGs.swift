import DagKit

/// The shapes that are measured.
enum BenchmarkDAGs {
    static let all: [any DAG] = [
        Chain(count: 40), FanOut(count: 200), FanOut(count: 1000), FanOut(count: 10_000),
    ]
}

/// Light tasks one after the other, each a Fibonacci number.
struct Chain: DAG {
    let count: Int

    var configuration: DAGConfiguration { DAGConfiguration(DAGID("chain_\(count)")) }

    func build(_ dag: inout DAGBuilder) {
        var last = dag.task("t0") { _ in fibonacci(10) }
        for index in 1..<count { last = dag.task(TaskID("t\(index)"), after: last) { _ in fibonacci(10) } }
    }
}

/// A task, many after it, and one that waits for all of them.
struct FanOut: DAG {
    let count: Int

    var configuration: DAGConfiguration {
        DAGConfiguration(
            DAGID("fan_out_\(count)"), maxActiveTasks: 10_000, defaults: TaskDefaults(weightRule: .absolute))
    }

    func build(_ dag: inout DAGBuilder) {
        let start = dag.empty("start")
        let handles = (0..<count).map { index in dag.task(TaskID("t\(index)"), after: start) { _ in } }
        dag.empty("end", after: handles)
    }
}

func fibonacci(_ number: Int) -> Int { number < 2 ? number : fibonacci(number - 1) + fibonacci(number - 2) }
