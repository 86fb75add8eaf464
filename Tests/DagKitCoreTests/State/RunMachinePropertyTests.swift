import DagKitCore
import FoundationEssentials
import Testing

@Suite struct RunMachinePropertyTests {
    /// Rules under which a task may start before all its upstream tasks are done give ends that depend on the order
    /// in which tasks end; both sides run the first ready task of the list, so that even those agree.
    @Test(arguments: 0..<300)
    func `random dags with branches, short circuits and setups end as the plain model says`(seed: Int) throws
    {
        var random = SplitMix(seed: UInt64(seed) &* 7919 &+ 13)
        let nodes = Self.randomNodes(&random)
        var model = SlowRunModel(nodes)
        model.play { _ in 0 }
        var acts: [String: String] = [:]
        for node in nodes { acts[node.id] = node.act }

        let machine = try Self.play(Self.spec(of: nodes), acts)

        for node in nodes {
            let state = machine.instances.first { $0.taskID.rawValue == node.id }?.state
            #expect(state == model.states[node.id], "seed \(seed), task \(node.id)")
        }
        let isDeadlocked = nodes.contains { model.states[$0.id] == nil }
        #expect((machine.run.reason == RunMachine.deadlocked) == isDeadlocked, "seed \(seed)")
        #expect(machine.run.state.isFinished, "seed \(seed)")
    }

    private static func randomNodes(_ random: inout SplitMix) -> [SlowRunModel.Node] {
        let rules = TriggerRule.allCases.filter { $0 != .allDoneSetupSuccess }
        var nodes: [SlowRunModel.Node] = []
        for index in 0..<Int.random(in: 2...14, using: &random) {
            let upstream = (0..<index).filter { _ in Int.random(in: 0..<max(index, 3), using: &random) < 2 }
            var node = SlowRunModel.Node(id: "t\(index)", upstream: upstream.map { "t\($0)" })
            if Bool.random(using: &random) { node.rule = rules.randomElement(using: &random)! }
            node.act = ["success", "success", "success", "fail", "skip"].randomElement(using: &random)!
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1:
                node.skips = .branch
                node.act = ["left", "right", "fail"].randomElement(using: &random)!
            case 2:
                node.skips = .shortCircuit(skipsAll: Bool.random(using: &random))
                node.act = ["no", "no", "yes", "fail"].randomElement(using: &random)!
            case 3, 4: node.kind = .setup
            case 5 where upstream.contains { nodes[$0].kind == .setup }:
                node.kind = .teardown
                node.rule = .allDoneSetupSuccess
            default: break
            }
            for source in upstream where nodes[source].skips == .branch {
                node.paths["t\(source)"] = Bool.random(using: &random) ? "left" : "right"
            }
            nodes.append(node)
        }
        return nodes
    }

    private static func spec(of nodes: [SlowRunModel.Node]) throws -> DAGSpec {
        var draft = GraphDraft(configuration: DAGConfiguration("random"))
        draft.tasks = nodes.map { node in
            var task = TaskDraft(
                id: TaskID(node.id),
                edges: node.upstream.map { TaskEdge(to: TaskID($0), path: node.paths[$0]) },
                options: TaskOptions(triggerRule: node.rule), operatorName: "Random", kind: node.kind,
                work: TaskWork { _ in nil }, location: SourceLocation(file: "Random.swift", line: 1))
            task.skipRule = node.skips
            return task
        }
        return try DAGSpec(draft, zones: TimeZones())
    }

    /// Runs the machine, always the first ready task of the list.
    private static func play(_ spec: DAGSpec, _ acts: [String: String]) throws -> RunMachine {
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        _ = machine.advance(.start, at: .noon)
        var attempts: Int64 = 0
        while let place = machine.waitingForSlot.first {
            attempts += 1
            let attempt = AttemptID(rawValue: attempts)
            _ = machine.advance(.dispatched([(place, attempt)]), at: .noon)
            let act = acts[machine[place].taskID.rawValue] ?? ""
            let verdict: AttemptOutcome.Verdict =
                switch act {
                case "fail": .failed(reason: act, isRetryable: true, retryDelay: nil)
                case "skip": .skipped(reason: act)
                case "no", "yes": .success(try EncodedOutput(encoding: act == "yes"))
                default: .success(try EncodedOutput(encoding: act))
                }
            _ = machine.advance(
                .finished(
                    AttemptOutcome(
                        attemptID: attempt, key: machine[place].key, tryNumber: 1, verdict: verdict,
                        startedAt: .noon, endedAt: .noon)), at: .noon)
        }
        return machine
    }
}
