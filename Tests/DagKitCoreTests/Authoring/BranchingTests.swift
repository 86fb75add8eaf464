import DagKitCore
import FoundationEssentials
import Testing

@Suite struct BranchingTests {
    @Test func `the first task on a path that was not chosen is skipped, and a join of both runs`()
        async throws
    {
        var run = try DAGRehearsal(Forked())
        try await run.run()

        #expect(
            run.states == [
                "choose": "success", "quick": "success", "slow": "skipped", "slow_next": "skipped",
                "join": "success",
                "strict_join": "skipped", "both": "success", "always_told": "success",
            ])
        #expect(run.reason("slow") == "choose chose small")
        #expect(run.machine.run.state == .success)
    }

    @Test func `a branch that chooses several paths follows them all, and one that chooses none skips all`()
        async throws
    {
        var several = try DAGRehearsal(Forked(chosen: ["small", "large"]))
        try await several.run()
        var none = try DAGRehearsal(Forked(chosen: []))
        try await none.run()

        #expect(several.states.values.allSatisfy { $0 == "success" })
        #expect(none.states["quick"] == "skipped")
        #expect(none.states["both"] == "skipped")
        #expect(none.states["always_told"] == "success")
        #expect(none.reason("quick") == "choose chose no path")
    }

    @Test func `the decision is stored, so that a skipped task which is cleared is skipped again`()
        async throws
    {
        var run = try DAGRehearsal(Forked())
        try await run.run()
        let stored = try await run.store.outputs(of: "choose", key: "skipmixin_key", in: run.machine.run.key)
        #expect(stored.map(\.output.json) == [#"{"followed":["quick","both"]}"#])

        try await run.clear(["slow"])

        #expect(run.states["slow"] == "skipped")
        #expect(run.machine.run.state == .success)
    }

    @Test func `a branch that runs again decides anew`() async throws {
        var run = try DAGRehearsal(Forked(chosen: ["large"]))
        try await run.run()
        #expect(run.states["quick"] == "skipped")
        run = try run.following(Forked(chosen: ["small"]))

        try await run.clear(run.spec.tasks.map(\.id))

        #expect(run.states["quick"] == "success")
        #expect(run.states["slow"] == "skipped")
    }

    @Test(arguments: [
        (SkipExtent.allDownstream, ["m": "skipped", "n": "skipped", "clean": "success"]),
        (.directDownstream, ["m": "skipped", "n": "success", "clean": "success"]),
    ])
    func `a short circuit skips all that follows, or the direct downstream tasks alone, and no teardown`(
        extent: SkipExtent, expected: [String: String]
    ) async throws {
        var run = try DAGRehearsal(Circuit(extent: extent))
        try await run.run()

        #expect(run.states.filter { expected.keys.contains($0.key) } == expected)
        #expect(run.reason("m") == "goes_on ended the run here")
        #expect(run.machine.run.state == .success)
    }

    @Test(arguments: [
        (RunType.scheduled, 0.0, "success"), (.scheduled, 1800, "skipped"), (.manual, 7200, "success"),
    ])
    func `only the latest scheduled run goes on after a latest-only point`(
        type: RunType, delay: Double, state: String
    ) async throws {
        let spec = try DAGSpec(Latest())
        let start = try Date(isoText: "2026-01-01T00:00:00Z")
        let interval = DataInterval(start: start, end: start + 1800)
        let run = DAGRun(
            key: RunKey(spec.id, "r"), type: type, logicalDate: start, dataInterval: interval,
            runAfter: start + 1800, queuedAt: start + 1800, structureHash: spec.structureHash)

        var rehearsal = try DAGRehearsal(spec, run: run, at: start + 1800 + delay + (delay == 0 ? 1800 : 1))
        try await rehearsal.run()

        #expect(rehearsal.states["work"] == state)
        #expect(rehearsal.states["after"] == (state == "success" ? "success" : "skipped"))
    }

    @Test func `a path of a task that is no branch, and a mapped decision, are reported with their lines`()
        throws
    {
        let error = #expect(throws: DAGValidationError.self) { try DAGSpec(BadPaths()) }

        #expect(
            error?.description == """
                Bad.swift:5: error: task "b" lies on path "x" of "a", which is no branch; \
                make "a" a branch, or name the task alone
                """)
    }
}

/// A branch with two paths; `both` lies on the large one and follows the small one as well.
private struct Forked: DAG {
    enum Size: String, BranchPath { case small, large }

    var configuration = DAGConfiguration("forked")
    var chosen = ["small"]

    func build(_ dag: inout DAGBuilder) {
        let chosen = chosen
        let size = dag.branch("choose") { _ in chosen.compactMap(Size.init(rawValue:)) }
        let quick = dag.task("quick", after: size[.small]) { _ in }
        let slow = dag.task("slow", after: size[.large]) { _ in }
        let next = dag.task("slow_next", after: slow) { _ in }
        dag.task(
            "join", after: quick, next, options: TaskOptions(triggerRule: .noneFailedMinOneSuccess)
        ) { _ in }
        dag.task("strict_join", after: quick, next) { _ in }
        dag.task("both", after: size[.large], quick) { _ in }
        dag.task("always_told", reading: size.decision) { _, paths in paths.count }
    }
}

private struct Circuit: DAG {
    var configuration = DAGConfiguration("circuit")
    var extent: SkipExtent

    func build(_ dag: inout DAGBuilder) {
        let made = dag.setup("make") { _ in "it" }
        let goesOn = dag.shortCircuit("goes_on", after: made, skipping: extent) { _ in false }
        let m = dag.task("m", after: goesOn) { _ in }
        dag.task("n", after: m, options: TaskOptions(triggerRule: .allDone)) { _ in }
        dag.teardown("clean", of: made, after: m) { _, _ in }
    }
}

private struct Latest: DAG {
    var configuration = DAGConfiguration("latest", schedule: .every(.minutes(30)), startDate: "2026-01-01")

    func build(_ dag: inout DAGBuilder) {
        let point = dag.latestOnly("latest")
        let work = dag.task("work", after: point) { _ in }
        dag.task("after", after: work) { _ in }
    }
}

private struct BadPaths: DAG {
    var configuration = DAGConfiguration("bad")

    func build(_ dag: inout DAGBuilder) {
        dag.empty("a", fileID: "Bad.swift", line: 4)
        dag.empty("b", after: BranchArm(branch: "a", path: "x"), fileID: "Bad.swift", line: 5)
    }
}
