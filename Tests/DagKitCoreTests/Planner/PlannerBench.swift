import DagKitCore
import FoundationEssentials

/// A planner in the hands of a test.
struct PlannerBench {
    var planner: Planner
    private let spec: DAGSpec
    private var runs = 0

    init(_ spec: DAGSpec, and others: [DAGSpec] = [], parallelism: Int = 32, pools: [Pool] = []) throws {
        self.spec = spec
        planner = Planner(parallelism: parallelism)
        planner.addTokens(1...1000)
        planner.setPools(try [Pool(Pool.defaultName, slots: 128)] + pools)
        planner.setDAGs([spec] + others, paused: [], lastIntervals: [:], at: .noon)
    }

    /// Creates a run as another process would, and lets the planner find it.
    mutating func trigger(_ spec: DAGSpec? = nil, conf: JSONValue = [:], decides: Bool = true) -> Planner.Step
    {
        runs += 1
        let spec = spec ?? self.spec
        let run = DAGRun.manual(
            spec, logicalDate: .noon + Double(runs), runID: RunID("run\(runs)"), conf: conf, by: "test",
            at: .noon)
        var machine = RunMachine(creating: run, of: spec)
        _ = machine.takeBatch()
        planner.adopt(RunSnapshot(run: machine.run, instances: machine.instances), at: .noon)
        return decides ? planner.step(at: .noon) : Planner.Step()
    }

    mutating func finish(
        _ order: AttemptOrder, _ verdict: AttemptOutcome.Verdict = .success(nil)
    ) -> Planner.Step {
        planner.take(
            AttemptOutcome(
                attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber,
                verdict: verdict, startedAt: .noon, endedAt: .noon), at: .noon)
        return planner.step(at: .noon)
    }
}
