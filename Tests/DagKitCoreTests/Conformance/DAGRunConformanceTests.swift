import DagKitCore
import FoundationEssentials
import Testing

@Suite struct DAGRunConformanceTests {
    struct Case: Decodable {
        struct Step: Decodable {
            let id: String
            let upstream: [String]
            let rule: String
            let kind: String
            let retries: Int
            let teardown_of: [String]?
            let on_failure_fail_dagrun: Bool?
            let attempts: [String]
        }
        struct Expectation: Decodable {
            let run: String
            let tasks: [String: String]
            let tries: [String: Int]
        }
        let id: String
        let tasks: [Step]
        let expect: Expectation
    }

    @Test(arguments: [Order.first, .last, .middle])
    func `every recorded run ends as the reference's, in whatever order ready tasks run`(order: Order) throws
    {
        let file = try ConformanceFile<Case>.load("dag_run_cases.json")

        #expect(file.format == "dag-run-cases/1")
        #expect(file.cases.count == 195)
        for vector in file.cases {
            let player = RunPlayer(try Self.spec(of: vector), outcomes: vector.outcomes, order: order)
            let result = player.play()

            #expect(result.run.state.rawValue == vector.expect.run, "\(vector.id)")
            for instance in result.instances {
                let id = instance.taskID.rawValue
                #expect(instance.state?.rawValue ?? "none" == vector.expect.tasks[id], "\(vector.id) \(id)")
                #expect(player.tries[id, default: 0] == vector.expect.tries[id], "\(vector.id) \(id)")
            }
        }
    }

    private static func spec(of vector: Case) throws -> DAGSpec {
        var draft = GraphDraft(configuration: DAGConfiguration("vector"))
        for task in vector.tasks {
            var one = TaskDraft(
                id: TaskID(task.id), edges: task.upstream.map { TaskEdge(to: TaskID($0)) },
                options: TaskOptions(
                    retries: task.retries, triggerRule: try #require(TriggerRule(rawValue: task.rule))),
                operatorName: "Vector", kind: try #require(TaskKind(rawValue: task.kind)),
                work: TaskWork { _ in nil },
                location: SourceLocation(file: "vector", line: 1))
            one.teardownFailsRun = task.on_failure_fail_dagrun ?? false
            draft.tasks.append(one)
        }
        return try DAGSpec(draft, zones: TimeZones())
    }
}

extension DAGRunConformanceTests.Case {
    /// What each attempt of each task does.
    var outcomes: [String: [String]] { Dictionary(uniqueKeysWithValues: tasks.map { ($0.id, $0.attempts) }) }
}
