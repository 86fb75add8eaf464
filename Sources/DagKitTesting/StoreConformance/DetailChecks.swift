import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// What belongs to a run: task instances, tries, outputs, templates, events.
    static var detailChecks: [Check] {
        [
            Check("a task instance comes back as it was committed") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a", "b"]))
                let full = instance(of: run, "b")
                _ = try await store.apply(run.change { $0.instances = [full] })
                findings.equal(try await store.taskInstances(of: run.key).last, full, "the instance")
            },
            Check("what was set in a task instance can be taken back") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a"]))
                let set = run.change { $0.instances = [instance(of: run, "a")] }
                let empty = TaskInstance(key: TaskInstanceKey(run.key, "a"), operatorName: "Shell")
                _ = try await store.apply(set)
                _ = try await store.apply(set.updatedRun.change { $0.instances = [empty] })
                findings.equal(try await store.taskInstances(of: run.key), [empty], "the instances")
            },
            Check("task instances keep the order in which they were added") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["z", "m", "a"]))
                let late = TaskInstance(key: TaskInstanceKey(run.key, "late"), operatorName: "Shell")
                _ = try await store.apply(run.change { $0.instances = [late] })
                findings.equal(
                    try await store.taskInstances(of: run.key).map(\.taskID), ["z", "m", "a", "late"],
                    "the order")
            },
            Check("mapped instances take the place of the one that stood for all") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a", "each", "z"]))
                let mapped = (0..<12).map {
                    TaskInstance(key: TaskInstanceKey(run.key, "each", mapIndex: $0), operatorName: "Shell")
                }
                let last = run.change { $0.instances = mapped }
                _ = try await store.apply(last)
                let places = try await store.taskInstances(of: run.key).map { "\($0.taskID)\($0.mapIndex)" }
                findings.equal(places, ["a-1"] + (0..<12).map { "each\($0)" } + ["z-1"], "the order")
            },
            Check("earlier tries are kept, oldest first") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a"]))
                let tries = (1...3).map { instance(of: run, "a", tryNumber: $0) }
                let first = run.change { $0.history = [tries[0]] }
                _ = try await store.apply(first)
                _ = try await store.apply(first.updatedRun.change { $0.history = [tries[1], tries[2]] })
                findings.equal(try await store.history(of: run.key), tries, "the history")
                findings.equal(try await store.taskInstances(of: run.key).count, 1, "the number of instances")
            },
            Check("outputs are read by task and key, by ascending map index") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["each", "one"]))
                let mapped = [10, 2, 0].map {
                    XCom.conformance(run, "each", mapIndex: $0, json: "[\($0)]", count: 1)
                }
                let others: [XCom] = [
                    .conformance(run, "each", mapIndex: 2, key: "other", json: #"{"a":"ü \u0000"}"#),
                    .conformance(run, "one", json: "9223372036854775807"),
                ]
                let batch = run.change { batch in
                    batch.instances = [0, 2, 10].map {
                        TaskInstance(
                            key: TaskInstanceKey(run.key, "each", mapIndex: $0), operatorName: "Shell")
                    }
                    batch.outputs = mapped + others
                }
                _ = try await store.apply(batch)
                findings.equal(
                    try await store.outputs(of: "each", key: XCom.returnValue, in: run.key),
                    mapped.reversed(),
                    "the values of the mapped task")
                findings.equal(
                    try await store.outputs(in: run.key),
                    [mapped[2], others[0], mapped[1], mapped[0], others[1]]
                        .sorted {
                            ($0.task.taskID, $0.task.mapIndex, $0.key) < (
                                $1.task.taskID, $1.task.mapIndex, $1.key
                            )
                        },
                    "all outputs")
                findings.equal(
                    try await store.outputs(of: "one", key: "missing", in: run.key), [], "a missing output")
            },
            Check("an output replaces the one before it and can be cleared") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a", "b"]))
                let first = run.change {
                    $0.outputs = [
                        .conformance(run, "a", json: "1"), .conformance(run, "b", json: "[1,2]", count: 2),
                    ]
                }
                let second = first.updatedRun.change { batch in
                    batch.clearedOutputs = [TaskInstanceKey(run.key, "a")]
                    batch.outputs = [.conformance(run, "b", json: "[1,2,3]", count: 3)]
                }
                _ = try await store.apply(first)
                findings.equal(try await store.snapshot(of: run.key)?.outputCounts, ["b": 2], "the counts")
                _ = try await store.apply(second)
                findings.equal(
                    try await store.outputs(in: run.key), second.outputs, "the outputs")
                findings.equal(
                    try await store.snapshot(of: run.key)?.outputCounts, ["b": 3], "the new counts")
            },
            Check("a snapshot tells what branches decided, and counts no decision as a list") {
                store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a", "b"]))
                let decision = XCom(
                    task: TaskInstanceKey(run.key, "a"), key: XCom.skipDecision,
                    output: EncodedOutput(json: #"{"followed":["b"]}"#, typeName: "SkipDecision", count: nil))
                let batch = run.change {
                    $0.outputs = [.conformance(run, "a", json: #"["x"]"#, count: 1), decision]
                }
                _ = try await store.apply(batch)
                let snapshot = try await store.snapshot(of: run.key)
                findings.equal(snapshot?.skipDecisions, [decision], "the decisions")
                findings.equal(snapshot?.outputCounts, ["a": 1], "the counts")
                _ = try await store.apply(
                    batch.updatedRun.change { $0.clearedOutputs = [TaskInstanceKey(run.key, "a")] })
                findings.equal(
                    try await store.snapshot(of: run.key)?.skipDecisions, [], "the decisions once cleared")
            },
            Check("an output that a batch clears and sets is set") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a"]))
                let batch = run.change { batch in
                    batch.clearedOutputs = [TaskInstanceKey(run.key, "a")]
                    batch.outputs = [.conformance(run, "a", json: "2")]
                }
                _ = try await store.apply(batch)
                findings.equal(try await store.outputs(in: run.key), batch.outputs, "the outputs")
            },
            Check("rendered templates keep their order and are replaced") { store, findings in
                let run = DAGRun.conformance()
                let task = TaskInstanceKey(run.key, "a")
                _ = try await store.apply(run.creation(["a"]))
                let first = run.change {
                    $0.rendered = [RenderedTemplates(task: task, fields: [.init("a", "1")])]
                }
                let fields = [
                    TemplateField("z", "echo \"x\""), TemplateField("b", "2"), TemplateField("a", ""),
                ]
                _ = try await store.apply(first)
                _ = try await store.apply(
                    first.updatedRun.change { $0.rendered = [RenderedTemplates(task: task, fields: fields)] })
                findings.equal(try await store.renderedTemplates(of: task), fields, "the fields")
                findings.equal(
                    try await store.renderedTemplates(of: TaskInstanceKey(run.key, "b")), [],
                    "those of another task")
            },
            Check("events are numbered in the order of the commits") { store, findings in
                let (one, two) = (DAGRun.conformance("one"), DAGRun.conformance("two"))
                findings.equal(try await store.lastEventNumber(), 0, "the last number of an empty store")
                var event = RunEvent(
                    .upForRetry, run: one.key, at: .conformanceNoon + 0.000001, taskID: "a", mapIndex: 3,
                    tryNumber: 2,
                    attemptID: AttemptID(rawValue: 1 << 40), reason: "exit code 1",
                    detail: ["next_try_at": "2025-10-25T12:05:00+00:00"], actor: "ana")
                let first = try await store.commit([one.creation(), two.creation()], durability: .process)
                let second = try await store.commit(
                    [one.change { $0.events = [event] }], durability: .process)
                let all = try await store.changes(after: 0, limit: 100)
                findings.equal(all.map(\.run), [one.key, two.key, one.key], "the runs of the events")
                guard all.count == 3 else { return }
                findings.expect(all.map(\.number) == all.map(\.number).sorted(), "ascending numbers")
                findings.equal(Set(all.map(\.number)).count, 3, "the number of different numbers")
                findings.equal(first.lastEvent, all[1].number, "the last event of the first commit")
                findings.equal(second.lastEvent, all[2].number, "the last event of the second commit")
                event.number = all[2].number
                findings.equal(all[2], event, "the event")
                findings.equal(
                    try await store.events(of: one.key), [all[0], all[2]], "the events of one run")
                findings.equal(
                    try await store.changes(after: all[0].number, limit: 1), [all[1]],
                    "the events after the first")
                findings.equal(try await store.lastEventNumber(), all[2].number, "the last number")
            },
        ]
    }

    /// A task instance with every field set.
    private static func instance(of run: DAGRun, _ task: TaskID, tryNumber: Int = 3) -> TaskInstance {
        var instance = TaskInstance(
            key: TaskInstanceKey(run.key, task), maxTries: 5, pool: "coincap", poolSlots: 2,
            priorityWeight: 9,
            queue: "fast", operatorName: "ShellOperator")
        instance.state = .upForRetry
        instance.tryNumber = tryNumber
        instance.attemptID = AttemptID(rawValue: .max)
        instance.startDate = .conformanceNoon + 0.5
        instance.endDate = .conformanceNoon + 2.000001
        instance.queuedAt = .conformanceNoon + 0.25
        instance.nextTryAt = .conformanceNoon + 300
        instance.awaits = .runs(
            ExternalWait(
                "other", tasks: ["a", "b"], logicalDates: [.conformanceNoon, .conformanceNoon - 0.000001],
                allowed: ["success"], failed: ["failed"], skipped: ["skipped"]))
        instance.pokeCount = 12
        instance.earlierStart = .conformanceNoon - 60.25
        instance.reason = "exit code 1: \"no\" such file"
        instance.hostname = "worker-1"
        instance.processID = 4_194_304
        instance.usage = ResourceUsage(
            cpuSeconds: 0.1 + 0.2, peakMemory: 1 << 40, readBytes: 1, writtenBytes: 2, contextSwitches: 3)
        return instance
    }
}
