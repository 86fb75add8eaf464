import DagKit
import FoundationEssentials

/// Runs of one DAG that a planner decides about from their creation to their verdict, with nothing around it.
struct PlannerRehearsal {
    private let spec: DAGSpec
    private let now: Date

    init(_ shape: Shape) throws {
        let bag = DAGBag(compiled: [shape])
        guard bag.isSound else { throw BenchmarkFailure("\(bag.problems)") }
        spec = bag.specs[0]
        now = shape.configuration.startDate ?? .distantPast
    }

    var taskCount: Int { spec.tasks.count }
    var edgeCount: Int { spec.tasks.map(\.upstream.count).reduce(0, +) }

    /// What runs took.
    struct Cost {
        var tasks = 0

        /// How many transitions of runs and task instances were decided.
        var events = 0
        var wall = 0.0

        /// Processor time of this process, in seconds.
        var cpu = 0.0

        var perEvent: String { "\(fixed(cpu / Double(max(events, 1)) * 1e6, 2)) µs" }

        func throughput(_ name: String) -> Throughput {
            Throughput(
                name: name, tasks: tasks, wall: wall, cpu: cpu, commits: nil, diskTime: nil, durability: "–")
        }
    }

    /// Takes some runs, one after the other, from their creation to their verdict.
    func run(times: Int = 1) throws -> Cost {
        var planner = Planner(parallelism: 10)
        planner.setPools([try Pool(Pool.defaultName, slots: 100_000)])
        planner.setDAGs([spec], paused: [], lastIntervals: [:], at: now)
        var cost = Cost(tasks: times * taskCount)
        var tokens: Int64 = 0
        let cpu = ProcessTreeUsage().cpuSeconds
        let start = Machine.nanoseconds()
        for _ in 0..<times { cost.events += try finishRun(&planner, &tokens) }
        cost.wall = Machine.seconds(since: start)
        cost.cpu = ProcessTreeUsage().cpuSeconds - cpu
        return cost
    }

    private func finishRun(_ planner: inout Planner, _ tokens: inout Int64) throws -> Int {
        var machine = RunMachine(creating: .manual(spec, by: "bench", at: now), of: spec)
        guard let batch = machine.takeBatch() else { throw BenchmarkFailure("nothing to create") }
        planner.adopt(RunSnapshot(run: batch.updatedRun, instances: batch.instances), at: now)
        var events = batch.events.count
        while planner.openRuns > 0 {
            if planner.missingTokens > 0 {
                planner.addTokens(tokens + 1...tokens + 256)
                tokens += 256
            }
            let step = planner.step(at: now)
            events += step.batches.map(\.events.count).reduce(0, +)
            for run in step.effects.finishedRuns where run.state != .success {
                throw BenchmarkFailure("run \(run.key) is \(run.state.rawValue)")
            }
            for order in step.effects.orders { planner.take(.success(of: order, at: now), at: now) }
        }
        return events
    }
}

extension AttemptOutcome {
    /// The outcome of an attempt that succeeds at once.
    fileprivate static func success(of order: AttemptOrder, at now: Date) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: order.attemptID, key: order.key, tryNumber: 1, verdict: .success(nil), startedAt: now,
            endedAt: now)
    }
}
