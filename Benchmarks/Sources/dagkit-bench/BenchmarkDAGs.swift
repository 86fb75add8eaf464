import DagKit

/// The shapes that are measured.
enum BenchmarkDAGs {
    /// All that a worker may be asked to run.
    static let all: [any DAG] =
        [
            chain(of: 40), chain(of: 10, fibonacci: 33), fanOut(of: 200), fanOut(of: 1000),
            fanOut(of: 10_000),
            independent(400), relay(of: 400), relay(of: 1), sleepers(1000), chain(of: 1),
        ] + many(100, chain(of: 10)) + many(10, chain(of: 100)) + many(100, tree(of: 10))

    /// Tasks one after the other, each a Fibonacci number: 10 is nothing, 33 takes a core some ten milliseconds.
    static func chain(of count: Int, fibonacci number: Int = 10) -> Shape {
        Shape("chain_\(count)_of_fibonacci_\(number)") { dag in
            var last = dag.task("t0") { _ in fibonacci(number) }
            for index in 1..<max(count, 1) {
                last = dag.task(TaskID("t\(index)"), after: last) { _ in fibonacci(number) }
            }
        }
    }

    /// Tasks that nothing holds back.
    static func independent(_ count: Int) -> Shape {
        Shape("independent_\(count)") { dag in
            for index in 0..<count { dag.task(TaskID("t\(index)")) { _ in fibonacci(10) } }
        }
    }

    /// A task, many that do nothing after it, and one that waits for all of them.
    static func fanOut(of count: Int) -> Shape {
        Shape("fan_out_\(count)") { dag in
            let start = dag.empty("start")
            let handles = (0..<count).map { index in dag.task(TaskID("t\(index)"), after: start) { _ in } }
            dag.empty("end", after: handles)
        }
    }

    /// Layers of tasks that do nothing, each task after three of the layer above.
    ///
    /// - Precondition: `width` is at least 3.
    static func layers(width: Int, depth: Int) -> Shape {
        Shape("layers_\(width)_by_\(depth)") { dag in
            var above: [TaskOutput<None>] = []
            for layer in 0..<depth {
                above = (0..<width).map { place in
                    let upstream = above.isEmpty ? [] : (0..<3).map { above[(place + $0) % width] }
                    return dag.task(TaskID("t\(layer)_\(place)"), after: upstream) { _ in }
                }
            }
        }
    }

    /// A binary tree from its root down.
    static func tree(of count: Int) -> Shape {
        Shape("tree_\(count)") { dag in
            var handles = [dag.task("t0") { _ in }]
            for index in 1..<count {
                handles.append(dag.task(TaskID("t\(index)"), after: handles[(index - 1) / 2]) { _ in })
            }
        }
    }

    /// Tasks one after the other that tell when they ran.
    static func relay(of count: Int) -> Shape {
        Shape("relay_\(count)") { dag in
            var last = dag.task("t0") { _ in Span.measured() }
            for index in 1..<count {
                last = dag.task(TaskID("t\(index)"), after: last) { _ in Span.measured() }
            }
        }
    }

    /// Tasks that wait for a minute, all at once.
    static func sleepers(_ count: Int) -> Shape {
        Shape("sleepers_\(count)", retries: 1) { dag in
            for index in 0..<count {
                dag.task(TaskID("t\(index)")) { _ in try await Task.sleep(for: .seconds(60)) }
            }
        }
    }

    /// The same shape under many names.
    static func many(_ count: Int, _ shape: Shape) -> [Shape] {
        (0..<count).map { Shape("\(shape.name)_no_\($0)", shape.body) }
    }

    /// DAGs that are due once a year, for a scheduler that has nothing to do.
    static func idle(_ count: Int) -> [Shape] {
        (0..<count).map { Shape("idle_\($0)", schedule: .cron("0 0 1 1 *"), chain(of: 3).body) }
    }
}

/// A DAG given by a function.
struct Shape: DAG {
    let name: String
    let schedule: Schedule
    let retries: Int
    let body: @Sendable (inout DAGBuilder) -> Void

    init(
        _ name: String, schedule: Schedule = .none, retries: Int = 0,
        _ body: @escaping @Sendable (inout DAGBuilder) -> Void
    ) {
        self.name = name
        self.schedule = schedule
        self.retries = retries
        self.body = body
    }

    var configuration: DAGConfiguration {
        DAGConfiguration(
            DAGID(name), schedule: schedule, startDate: "2026-01-01", maxActiveTasks: 100_000,
            defaults: TaskDefaults(retries: retries, retryDelay: .zero, weightRule: .absolute))
    }

    func build(_ dag: inout DAGBuilder) { body(&dag) }
}

/// When a task ran, in nanoseconds of a clock that all processes of the machine share.
struct Span: Codable, Sendable {
    let start: Int64
    let end: Int64

    static func measured() -> Span {
        let start = Machine.nanoseconds()
        return Span(start: start, end: Machine.nanoseconds())
    }
}

func fibonacci(_ number: Int) -> Int { number < 2 ? number : fibonacci(number - 1) + fibonacci(number - 2) }
