import DagKitCore
import FoundationEssentials
import Testing

@Suite struct DeadlineTests {
    @Test func `each deadline of a run is missed once, at its instant, and told`() throws {
        var machine = try machine()
        _ = machine.advance(.start, at: .noon)

        #expect(machine.nextDeadline == .noon + 3_600)
        let early = machine.advance(.tick, at: .noon + 3_599).events
        let first = machine.advance(.tick, at: .noon + 3_600).events
        let again = machine.advance(.tick, at: .noon + 3_700).events
        #expect(machine.nextDeadline == .noon + 7_200)
        let second = machine.advance(.tick, at: .noon + 9_000).events

        #expect(early.isEmpty && again.isEmpty)
        #expect(first.map(\.kind) == [.deadlineMissed])
        #expect(first.first?.reason == "deadline first was \((Date.noon + 3_600).isoText)")
        #expect(second.map(\.kind) == [.deadlineMissed])
        #expect(machine.run.missedDeadlines == ["first", "second"])
        #expect(machine.nextDeadline == nil)
        let batch = machine.takeBatch()
        #expect(batch?.changesRun == true)
        #expect(batch?.notices.map(\.deadline) == ["first", "second"])
        #expect(
            batch?.notices.first?.title
                == "run late/manual__2023-11-14T22:13:20+00:00 is late: deadline first")
        #expect(Set(batch?.notices.map(\.id) ?? []).count == 2)
    }

    @Test func `a run that waits for its start is late, too, and one that was done in time is not`() throws {
        var waiting = try machine()
        var done = try machine()
        _ = done.advance(.start, at: .noon)
        _ = done.advance(.markRun(.success, actor: "ada"), at: .noon + 10)

        #expect(waiting.nextDeadline == .noon + 3_600)
        #expect(waiting.advance(.tick, at: .noon + 3_600).events.map(\.kind) == [.deadlineMissed])
        #expect(done.run.state == .success)
        #expect(done.nextDeadline == nil)
        #expect(done.advance(.tick, at: .noon + 9_000).events.isEmpty)
    }

    @Test func `the end of a run that comes after its deadline misses it first`() throws {
        var machine = try machine()
        let ready = machine.advance(.start, at: .noon).ready
        _ = machine.advance(.dispatched([(ready[0], AttemptID(rawValue: 1))]), at: .noon)
        let outcome = AttemptOutcome(
            attemptID: AttemptID(rawValue: 1), key: machine[ready[0]].key, tryNumber: 1,
            verdict: .success(nil),
            startedAt: .noon, endedAt: .noon + 4_000)

        let events = machine.advance(.finished(outcome), at: .noon + 4_000).events

        #expect(events.map(\.kind) == [.deadlineMissed, .succeeded, .runSucceeded])
    }

    @Test func `what was missed is known after a restart, and the fold of the events knows it`() throws {
        let spec = try DAGSpec(Late())
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        _ = machine.advance(.start, at: .noon)
        _ = machine.advance(.tick, at: .noon + 3_600)
        let events = machine.takeBatch()?.events ?? []
        let snapshot = RunSnapshot(run: machine.run, instances: machine.instances)

        var next = RunMachine(snapshot, of: machine.spec, at: .noon + 3_601)
        let after = next.advance(.start, at: .noon + 3_601).events

        #expect(after.isEmpty)
        #expect(RunSnapshot(folding: events, of: machine.spec)?.run.missedDeadlines == ["first"])
    }

    @Test func `a deadline counts from what it names`() throws {
        let interval = DataInterval(start: .noon - 7_200, end: .noon - 3_600)
        let run = DAGRun(
            key: RunKey("a", "r"), type: .scheduled, logicalDate: .noon - 7_200, dataInterval: interval,
            runAfter: .noon,
            queuedAt: .noon, structureHash: "")
        let bare = DAGRun(
            key: RunKey("a", "r"), type: .manual, logicalDate: nil, dataInterval: nil, runAfter: .noon,
            queuedAt: .noon,
            structureHash: "")
        let references: [DeadlineAlert.Reference] = [
            .queuedAt, .logicalDate, .dataIntervalEnd, .fixed(.noon + 5),
        ]
        let deadlines = references.map { DeadlineAlert("d", $0, within: .minutes(10)) }

        let noon = Date.noon
        let due: [Date?] = [noon + 600, noon - 6_600, noon - 3_000, noon + 605]
        let dueOfBare: [Date?] = [noon + 600, nil, nil, noon + 605]
        let found = deadlines.map { $0.instant(for: run) }
        let foundOfBare = deadlines.map { $0.instant(for: bare) }

        #expect(found == due)
        #expect(foundOfBare == dueOfBare)
        #expect(deadlines[2].description == "d: 10m after data_interval_end")
    }

    @Test func `the planner wakes for a deadline, also of a run that waits in a paused dag`() throws {
        let spec = try DAGSpec(Late())
        var planner = Planner(parallelism: 4)
        planner.setDAGs([spec], paused: ["late"], lastIntervals: [:], at: .noon)
        let run = DAGRun.manual(spec, runID: "r", by: "ada", at: .noon)
        planner.adopt(RunSnapshot(run: run, instances: []), at: .noon)
        _ = planner.step(at: .noon)

        #expect(planner.nextDeadline == .noon + 3_600)
        let batches = planner.step(at: .noon + 3_600).batches

        #expect(batches.flatMap(\.events).map(\.kind) == [.deadlineMissed])
        #expect(batches.flatMap(\.notices).map(\.deadline) == ["first"])
    }

    @Test func `deadlines of one name are reported, and dags json declares them`() throws {
        var twice = Late()
        twice.configuration.deadlines.append(DeadlineAlert("first", .queuedAt))
        let error = #expect(throws: DAGValidationError.self) { try DAGSpec(twice) }
        let file = DAGsFile(
            parsing: #"""
                {"dags": {"h": {"deadlines": [{"name": "noon", "after": "logical_date", "within": "2h"}, {"name": "x", "after": "logical_dat"}],
                    "tasks": [{"id": "a", "operator": "say", "text": "x"}]}}}
                """#, file: "dags.json", registry: .saying)

        #expect(
            error?.description.contains(#"deadline "first" is there twice; rename one of the two"#) == true)
        #expect(
            file.declared.first?.configuration.deadlines == [
                DeadlineAlert("noon", .logicalDate, within: .hours(2))
            ])
        #expect(
            file.declared.first?.problems.map(\.description) == [
                #"dags.json:1:113: error: a deadline counts from "logical_dat"; did you mean "logical_date"?"#
            ])
    }

    private func machine() throws -> RunMachine {
        let spec = try DAGSpec(Late())
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        _ = machine.takeBatch()
        return machine
    }
}

private struct Late: DAG {
    var configuration = DAGConfiguration(
        "late",
        deadlines: [
            DeadlineAlert("second", .queuedAt, within: .hours(2)),
            DeadlineAlert("first", .logicalDate, within: .hours(1)),
        ],
        callbacks: [.on(.deadline, notify: SilentNotifier())])

    func build(_ dag: inout DAGBuilder) { dag.task("work") { _ in } }
}
