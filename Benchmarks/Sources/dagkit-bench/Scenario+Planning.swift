import DagKit
import FoundationEssentials

/// The planner alone, in memory: each task of a run is scheduled, started and succeeds, and nothing is stored.
extension Scenario {
    static let planning: [Scenario] = [
        Scenario(name: "planner", about: "planner alone, fan-out of 10000") { _ in
            let rehearsal = try PlannerRehearsal(BenchmarkDAGs.fanOut(of: 10_000))
            return [.throughput(try rehearsal.run().throughput("planner alone, fan-out of 10000"))]
        },
        Scenario(name: "plan-100k", about: "planner alone, 100,000 tasks and 300,000 edges") { _ in
            try hugeRun(BenchmarkDAGs.layers(width: 1000, depth: 101))
        },
        Scenario(name: "plan-shapes", about: "planner alone, shapes of 10, 1000 and 10,000 tasks") { _ in
            try shapes.flatMap { name, shape in
                try [10, 1000, 10_000].flatMap { try costs(of: name, shape($0)) }
            }
        },
    ]

    private static func hugeRun(_ shape: Shape) throws -> [Finding] {
        let start = Machine.nanoseconds()
        let rehearsal = try PlannerRehearsal(shape)
        let building = Machine.seconds(since: start)
        let name = "planner alone, \(rehearsal.taskCount) tasks and \(rehearsal.edgeCount) edges"
        let cost = try rehearsal.run()
        return [
            .throughput(cost.throughput(name)),
            .figure("\(name), CPU per event", cost.perEvent),
            .figure("\(name), to build and check the dag before", "\(fixed(building * 1000, 0)) ms"),
        ]
    }

    private static let shapes: [(name: String, shape: @Sendable (Int) -> Shape)] = [
        ("wide", { BenchmarkDAGs.fanOut(of: $0 - 2) }),
        ("deep", { BenchmarkDAGs.relay(of: $0) }),
        (
            "layered",
            {
                $0 == 10
                    ? BenchmarkDAGs.layers(width: 5, depth: 2)
                    : BenchmarkDAGs.layers(width: $0 / 100, depth: 100)
            }
        ),
    ]

    /// The cost per event, over so many runs that each size sees about as many events; the best of three.
    private static func costs(of name: String, _ shape: Shape) throws -> [Finding] {
        let rehearsal = try PlannerRehearsal(shape)
        let runs = max(10_000 / rehearsal.taskCount, 1)
        let costs = try (0..<3).map { _ in try rehearsal.run(times: runs) }
        guard let best = costs.min(by: { $0.cpu < $1.cpu }) else { return [] }
        let title = "planner alone, \(name), \(rehearsal.taskCount) tasks"
        return [.figure("\(title), CPU per event", best.perEvent)]
    }
}
