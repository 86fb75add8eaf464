import DagKitCore
import FoundationEssentials
import Testing

@Suite struct RunMachinePastTests {
    private static let obstacle = PastObstacle(run: "day1", task: "load")

    @Test func `a task that depends on its past asks, and starts once it is told that nothing holds it`()
        throws
    {
        var play = try Play(.row(TaskOptions(dependsOnPast: true)), starts: false)

        let asked = play.ask(.start)
        #expect(asked.questions == [0])
        #expect(play.ready == [])
        #expect(play.machine.run.state == .running, "a run that waits for another one is not stuck")
        play.ask(.past([0: .met]))

        #expect(play.ready == ["load"])
    }

    @Test func `a trigger rule settles a task without asking about the run before`() throws {
        var draft = try DAGSpec.row(TaskOptions()).draft()
        draft.tasks[1].options.dependsOnPast = true
        var play = try Play(DAGSpec(draft, zones: TimeZones()))

        let step = play.finish("load", .failed(reason: "no", isRetryable: false, retryDelay: nil))

        #expect(step.questions == [])
        #expect(play.instance("check").state == .upstreamFailed)
    }

    @Test func `an answer that comes late changes nothing that was settled`() throws {
        var play = try Play(.row(TaskOptions(dependsOnPast: true)))
        play.ask(.mark(play.machine.references("load"), .failed, actor: "ada"))

        let step = play.ask(.past([0: .met]))

        #expect(step.events.isEmpty)
        #expect(play.instance("load").state == .failed)
    }

    @Test func `an empty task waits too`() throws {
        var draft = try DAGSpec.row(TaskOptions(dependsOnPast: true)).draft()
        draft.tasks[0].work = .nothing
        var play = try Play(DAGSpec(draft, zones: TimeZones()))
        #expect(play.instance("load").state == nil)

        play.ask(.past([0: .waits(Self.obstacle)]))
        #expect(play.instance("load").reason == Self.obstacle.reason)
        play.ask(.past([0: .met]))

        #expect(play.instance("load").state == .success)
    }

    @Test func `a sensor asks about its past each time that it looks again`() throws {
        var play = try Play(.row(TaskOptions(dependsOnPast: true)))
        play.ask(.past([0: .met]))
        play.finish("load", .waiting(until: .noon + 60, reason: "no file"))

        play.now = .noon + 60
        let asked = play.ask(.tick)
        #expect(asked.questions == [0])
        play.ask(.past([0: .waits(Self.obstacle)]))

        #expect(play.instance("load").state == .scheduled)
        #expect(play.instance("load").reason == Self.obstacle.reason)
    }

    @Test func `a run for no date, and one that ignores its past, ask nothing`() throws {
        let spec = try DAGSpec.row(TaskOptions(dependsOnPast: true))
        let undated = DAGRun(
            key: RunKey("row", "undated"), type: .manual, logicalDate: nil, dataInterval: nil,
            runAfter: .noon, queuedAt: .noon, structureHash: spec.structureHash)
        var without = RunMachine(creating: undated, of: spec)
        var ignoring = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        ignoring.ignoresPast = true

        for step in [without.advance(.start, at: .noon), ignoring.advance(.start, at: .noon)] {
            #expect(step.questions == [])
            #expect(step.ready.count == 1)
        }
    }

    /// A task that decides, and one that depends on its past and is skipped by it.
    private static func skipping(_ rule: SkipRule?, isMapped: Bool = false) throws -> DAGSpec {
        var draft = try DAGSpec.row(TaskOptions()).draft()
        draft.tasks[0].skipRule = rule
        if isMapped { draft.tasks[1].mapping = .list("load") }
        draft.tasks[1].options.dependsOnPast = true
        draft.tasks[1].options.waitsForPastBeforeSkipping = true
        return try DAGSpec(draft, zones: TimeZones())
    }

    @Test(arguments: [SkipRule.shortCircuit(skipsAll: true), .shortCircuit(skipsAll: false), nil])
    func `a task that waits for its past before it is skipped is skipped once nothing holds it`(
        rule: SkipRule?
    ) throws {
        var play = try Play(Self.skipping(rule))

        let step =
            rule == nil
            ? play.finish("load", .skipped(reason: "no news"))
            : play.finish("load", .success(try EncodedOutput(encoding: false)))
        #expect(step.questions == [1])
        #expect(play.instance("check").state == nil)
        #expect(play.machine.run.state == .running, "a run that waits for another one is not stuck")
        play.ask(.past([1: .waits(Self.obstacle)]))
        #expect(play.instance("check").state == nil)
        #expect(play.instance("check").reason == Self.obstacle.reason)
        play.ask(.past([1: .met]))

        #expect(play.instance("check").state == .skipped)
        #expect(play.machine.run.state == .success)
    }

    @Test func `a mapped task that has no instances yet waits before it is skipped too`() throws {
        var play = try Play(Self.skipping(nil, isMapped: true))

        let step = play.finish("load", .skipped(reason: "no news"))
        play.ask(.past([1: .waits(Self.obstacle)]))
        #expect(step.questions == [1])
        #expect(play.instance("check").state == nil)
        #expect(play.machine.run.state == .running)
        play.ask(.past([1: .met]))

        #expect(play.instance("check").state == .skipped)
        #expect(play.machine.run.state == .success)
    }

    @Test func `it starts as ever where it is not skipped`() throws {
        var play = try Play(Self.skipping(.shortCircuit(skipsAll: true)))

        let step = play.finish("load", .success(try EncodedOutput(encoding: true)))
        play.ask(.past([1: .met]))

        #expect(step.questions == [1])
        #expect(play.ready.last == "check")
    }

    @Test func `a group's default holds for its tasks, and a task's own word over it`() throws {
        let spec = try DAGSpec(Grouped())

        #expect(spec.task("row.a")?.pastRule == PastRule())
        #expect(spec.task("row.b")?.pastRule == nil)
        #expect(
            spec.task("row.c")?.pastRule
                == PastRule(includesDownstream: true, ignoresFirst: false, waitsBeforeSkipping: true))
        #expect(spec.task("d")?.pastRule == nil)
        #expect(
            try DAGSpec(spec.draft(), schedule: spec.schedule).task("row.c")?.pastRule
                == spec.task("row.c")?.pastRule)
    }
}

private struct Grouped: DAG {
    var configuration = DAGConfiguration("grouped")

    func build(_ dag: inout DAGBuilder) {
        dag.group("row", defaults: { $0.dependsOnPast = true }) { dag in
            dag.empty("a")
            dag.empty("b", options: TaskOptions(dependsOnPast: false))
            dag.empty(
                "c",
                options: TaskOptions(
                    waitsForDownstream: true, ignoresFirstDependsOnPast: false,
                    waitsForPastBeforeSkipping: true))
        }
        dag.empty("d")
    }
}

extension RunMachine {
    /// The places of a task's instances.
    fileprivate func references(_ id: TaskID) -> [InstanceRef] {
        TaskSelection(tasks: [id]).references(in: self)
    }
}
