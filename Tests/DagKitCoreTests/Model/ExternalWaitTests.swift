import DagKitCore
import FoundationEssentials
import Testing

@Suite struct ExternalWaitTests {
    private func run(_ state: RunState, _ tasks: [(TaskID, TaskState?)] = []) -> ExternalWait.Run {
        let key = RunKey("other", "run1")
        var run = DAGRun(
            key: key, type: .manual, logicalDate: .noon, dataInterval: nil, runAfter: .noon, queuedAt: .noon,
            structureHash: "")
        run.state = state
        return ExternalWait.Run(
            run,
            tasks.enumerated().map { index, task in
                var instance = TaskInstance(
                    key: TaskInstanceKey(key, task.0, mapIndex: index), operatorName: "Fixture")
                instance.state = task.1
                return instance
            })
    }

    private func wait(_ tasks: [TaskID] = [], dates: Int = 1) -> ExternalWait {
        ExternalWait(
            "other", tasks: tasks, logicalDates: (0..<dates).map { .noon - Double($0) }, allowed: ["success"],
            failed: ["failed"], skipped: ["skipped"])
    }

    @Test func `a run is waited for until it is there and in an allowed state`() {
        #expect(wait().verdict(on: []) == nil)
        #expect(wait().verdict(on: [run(.running)]) == nil)
        #expect(wait().verdict(on: [run(.success)]) == .success)
        #expect(wait().verdict(on: [run(.failed)]) == .failed(reason: "run other/run1 is failed"))
    }

    @Test func `all runs and tasks must be allowed`() {
        #expect(wait(dates: 2).verdict(on: [run(.success)]) == nil)
        #expect(wait(dates: 2).verdict(on: [run(.success), run(.success)]) == .success)
        #expect(wait(["a", "b"]).verdict(on: [run(.running, [("a", .success), ("b", nil)])]) == nil)
        #expect(wait(["a", "b"]).verdict(on: [run(.running, [("a", .success)])]) == nil)
        #expect(
            wait(["a", "b"]).verdict(on: [run(.running, [("a", .success), ("b", .success)])]) == .success)
    }

    @Test func `a mapped task counts as a whole`() {
        let mixed: [(TaskID, TaskState?)] = [("a", .success), ("a", .running)]

        #expect(wait(["a"]).verdict(on: [run(.running, mixed)]) == nil)
        #expect(
            wait(["a"]).verdict(on: [run(.running, mixed + [("a", .failed)])])
                == .failed(reason: "task other/run1/a is failed, running, success"))
    }

    @Test func `failed goes before skipped`() {
        let states: [(TaskID, TaskState?)] = [("a", .skipped), ("b", .failed)]

        #expect(
            wait(["a", "b"]).verdict(on: [run(.running, states)])
                == .failed(reason: "task other/run1/b is failed"))
        #expect(
            wait(["a"]).verdict(on: [run(.running, states)])
                == .skipped(reason: "task other/run1/a is skipped"))
    }

    @Test func `what is waited for comes back from its JSON`() throws {
        var checking = wait()
        checking.checksExistence = true
        for awaited in [
            Awaited.runs(wait(["a", "b"], dates: 2)), .runs(checking), .instant(.noon + 0.25),
            .asset(AssetWait(uri: "s3://market/prices", since: .noon)),
        ] {
            #expect(Awaited(json: awaited.json) == awaited)
            #expect(try JSONCoding.decode(Awaited.self, from: JSONCoding.encode(awaited)) == awaited)
        }
    }
}
