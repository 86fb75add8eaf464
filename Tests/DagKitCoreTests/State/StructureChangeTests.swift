import DagKitCore
import FoundationEssentials
import Testing

@Suite struct StructureChangeTests {
    @Test func `an open run follows its dag to another structure, and says so`() throws {
        var run = try ChangingRun(["a": [], "b": ["a"], "c": ["b"]])
        run.finish("a")

        try run.change(to: ["a": [], "d": ["a"]])

        let told = run.events.suffix(4).map {
            [$0.kind.rawValue, $0.taskID?.rawValue ?? "", $0.reason ?? ""]
        }
        #expect(
            told == [
                ["version_changed", "", "the dag changed: removed b, c; added d"],
                ["removed", "b", "the task is no longer part of the dag"],
                ["removed", "c", "the task is no longer part of the dag"], ["added", "d", ""],
            ])
        #expect(run.states == ["a": .success, "b": .removed, "c": .removed, "d": nil])
        #expect(run.stored.run.structureHash == run.machine.spec.structureHash)
    }

    @Test func `what happened under several structures folds to what is stored`() throws {
        var run = try ChangingRun(["a": [], "b": ["a"], "c": ["b"]])
        run.finish("a")
        try run.change(to: ["a": [], "d": ["a"]])
        run.start()
        run.finish("d")

        let folded = try #require(
            RunSnapshot(folding: run.events, of: run.machine.spec, earlier: run.earlier))

        #expect(folded.instances == run.stored.instances)
        #expect(folded.run.structureHash == run.stored.run.structureHash)
        #expect(folded.run.state == .success)
    }

    @Test func `an added task takes part in what its run comes to`() throws {
        var run = try ChangingRun(["a": []])
        try run.change(to: ["a": [], "b": ["a"]])
        run.start()

        run.finish("a")
        #expect(run.machine.run.state == .running)
        run.finish("b")

        #expect(run.machine.run.state == .success)
    }

    @Test func `a task that is back starts anew`() throws {
        var run = try ChangingRun(["a": [], "b": ["a"]])
        run.finish("a")
        try run.change(to: ["a": []])
        #expect(run.states == ["a": .success, "b": .removed])

        try run.change(to: ["a": [], "b": ["a"]])
        run.start()

        #expect(run.states == ["a": .success, "b": .scheduled])
        #expect(
            run.events.contains { $0.kind == .cleared && $0.reason == "the task is part of the dag again" })
    }

    @Test func `a task that finished and was lost stays as it ended`() throws {
        var run = try ChangingRun(["a": [], "b": ["a"]])
        run.finish("a")
        try run.change(to: ["b": []])

        #expect(run.states == ["a": .success, "b": .scheduled])
    }

    @Test func `the attempt of a lost task is ended with the next step`() throws {
        var run = try ChangingRun(["a": [], "b": []])
        let attempt = run.dispatch("b")
        try run.change(to: ["a": []])

        let step = run.machine.advance(.start, at: .noon)

        #expect(step.kills == [AttemptKill(attempt, reason: "the task is no longer part of the dag")])
    }

    @Test func `a lost task that runs is removed once its attempt is dead, and its run waits for that`()
        throws
    {
        var run = try ChangingRun(["a": [], "b": []])
        let attempt = run.dispatch("b")
        try run.change(to: ["a": []])
        run.start()
        run.finish("a")

        #expect(run.states == ["a": .success, "b": .running])
        #expect(run.machine.run.state == .running)
        run.end(attempt, "b")

        #expect(run.states == ["a": .success, "b": .removed])
        #expect(run.machine.run.state == .success)
        #expect(run.machine.staleOutcomes == 0)
        let folded = try #require(
            RunSnapshot(folding: run.events, of: run.machine.spec, earlier: run.earlier))
        #expect(folded.instances == run.stored.instances)
    }

    @Test func `a task that is back while its old attempt ends starts anew after that`() throws {
        var run = try ChangingRun(["a": [], "b": []])
        let attempt = run.dispatch("b")
        try run.change(to: ["a": []])
        run.start()

        try run.change(to: ["a": [], "b": []])
        run.start()
        #expect(run.states["b"] == .running)
        #expect(run.machine.waitingForSlot.map { run.machine[$0].taskID } == ["a"])
        run.end(attempt, "b")

        #expect(run.states["b"] == .scheduled)
        #expect(
            run.events.contains { $0.kind == .cleared && $0.reason == "the task is part of the dag again" })
    }

    @Test func `a scheduler that takes a run over ends the attempt of a lost task again`() throws {
        var run = try ChangingRun(["a": [], "b": []])
        let attempt = run.dispatch("b")
        try run.change(to: ["a": []])

        try run.change(to: ["a": []])
        let step = run.machine.advance(.start, at: .noon)

        #expect(step.kills.map(\.attempt) == [attempt])
    }

    @Test func `a mark stands though the task is lost before its attempt is dead`() throws {
        var run = try ChangingRun(["a": [], "b": []])
        let attempt = run.dispatch("b")
        run.ask(.mark(TaskSelection(tasks: ["b"]).references(in: run.machine), .failed, actor: "ada"))
        try run.change(to: ["a": []])

        run.end(attempt, "b")

        #expect(run.states["b"] == .failed)
    }

    @Test func `a change of edges alone is told and adds nothing`() throws {
        var run = try ChangingRun(["a": [], "b": ["a"], "c": ["a"]])
        try run.change(to: ["a": [], "b": ["a"], "c": ["b"]])

        #expect(run.events.last?.kind == .versionChanged)
        #expect(run.events.last?.reason == "the dag changed")
    }

    @Test func `a run whose dag is the same is told nothing`() throws {
        var run = try ChangingRun(["a": [], "b": ["a"]])
        let count = run.events.count

        try run.change(to: ["a": [], "b": ["a"]])

        #expect(run.events.count == count)
    }

    @Test func `many names of a change are cut short`() throws {
        var run = try ChangingRun(["a": []])
        try run.change(to: Dictionary(uniqueKeysWithValues: (0...9).map { ("t\($0)", []) }))

        let reason = run.events.first { $0.kind == .versionChanged }?.reason
        #expect(reason == "the dag changed: removed a; added t0, t1, t2, t3, t4 and 5 more")
    }
}

/// A run with a store of its own, whose DAG changes.
private struct ChangingRun {
    var machine: RunMachine
    var stored: RunSnapshot
    var events: [RunEvent] = []
    var earlier: [DAGSpec] = []
    private var attempts: Int64 = 0

    init(_ tasks: [String: [String]]) throws {
        let spec = try Self.spec(tasks)
        machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        stored = RunSnapshot(run: machine.run, instances: machine.instances)
        start()
    }

    private static func spec(_ tasks: [String: [String]]) throws -> DAGSpec {
        try .fixture(tasks: tasks.sorted { $0.key < $1.key }.map { FixtureTask(id: $0, upstream: $1) })
    }

    var states: [String: TaskState?] {
        Dictionary(uniqueKeysWithValues: stored.instances.map { ($0.taskID.rawValue, $0.state) })
    }

    mutating func start() {
        _ = machine.advance(.start, at: .noon)
        commit()
    }

    mutating func dispatch(_ task: TaskID) -> AttemptID {
        attempts += 1
        let attempt = AttemptID(rawValue: attempts)
        // The tests name tasks that there are.
        let reference = machine.reference(to: TaskInstanceKey(machine.run.key, task))!
        _ = machine.advance(.dispatched([(reference, attempt)]), at: .noon)
        commit()
        return attempt
    }

    mutating func finish(_ task: TaskID) { end(dispatch(task), task) }

    mutating func end(_ attempt: AttemptID, _ task: TaskID) {
        let outcome = AttemptOutcome(
            attemptID: attempt, key: TaskInstanceKey(machine.run.key, task), tryNumber: 1,
            verdict: .success(nil), startedAt: .noon, endedAt: .noon)
        ask(.finished(outcome))
    }

    mutating func ask(_ event: RunMachine.Event) {
        _ = machine.advance(event, at: .noon)
        commit()
    }

    /// Goes on with another structure, as a scheduler does that reads the run from its store.
    mutating func change(to tasks: [String: [String]]) throws {
        earlier.append(machine.spec)
        machine = RunMachine(stored, of: try Self.spec(tasks), at: .noon)
        commit()
    }

    private mutating func commit() {
        guard let batch = machine.takeBatch() else { return }
        events += batch.events
        stored.run = batch.updatedRun
        for instance in batch.instances {
            if let place = stored.instances.firstIndex(where: { $0.key == instance.key }) {
                stored.instances[place] = instance
            } else {
                stored.instances.append(instance)
            }
        }
    }
}
