import DagKitCore
import FoundationEssentials
import Testing

@Suite struct SetupTests {
    @Test func `a teardown gets what its setup returned and runs although the work failed`() async throws {
        var run = try DAGRehearsal(Cluster(workFails: true))
        try await run.run()

        #expect(run.states == ["start": "success", "work": "failed", "stop": "success", "report": "success"])
        #expect(run.machine.run.reason == "task work failed")
        #expect(run.machine.run.state == .failed)
    }

    @Test(arguments: [(false, RunState.success), (true, .failed)])
    func `a teardown that fails leaves the run alone unless it is told not to`(
        failsRun: Bool, state: RunState
    )
        async throws
    {
        var run = try DAGRehearsal(Cluster(teardownFails: true, failsRun: failsRun))
        try await run.run()

        #expect(run.states["stop"] == "failed")
        #expect(run.machine.run.state == state)
    }

    @Test func `where the setup fails, what it guards and its teardown do not run`() async throws {
        var run = try DAGRehearsal(Cluster(setupFails: true))
        try await run.run()

        #expect(
            run.states == [
                "start": "failed", "work": "upstream_failed", "report": "success", "stop": "upstream_failed",
            ])
    }

    @Test func `a declared teardown of a task that is no setup is reported`() throws {
        let file = DAGsFile(
            parsing: """
                {"dags": {"d": {"tasks": [{"id": "a", "kind": "empty"},
                  {"id": "b", "kind": "teardown", "teardown_of": ["a"], "operator": "say", "text": "bye"}]}}}
                """, file: "dags.json", registry: .saying)

        let bag = DAGBag(compiled: [], file: file)

        #expect(
            bag.problems["d"]?.map(\.description) == [
                "dags.json:2:3: error: teardown \"b\" is of \"a\", which is no setup; declare \"a\" as a setup"
            ])
    }
}

private struct Cluster: DAG {
    var configuration = DAGConfiguration("cluster")
    var setupFails = false
    var workFails = false
    var teardownFails = false
    var failsRun = false

    func build(_ dag: inout DAGBuilder) {
        let facts = self
        let cluster = dag.setup("start") { _ in
            if facts.setupFails { throw Mishap() }
            return "cluster-1"
        }
        let work = dag.task("work", reading: cluster.output) { _, name in
            if facts.workFails || name != "cluster-1" { throw Mishap() }
        }
        let report = dag.task("report", after: cluster, options: TaskOptions(triggerRule: .allDone)) { _ in }
        dag.teardown("stop", of: cluster, after: work, report, failsRun: facts.failsRun) { _, name in
            if facts.teardownFails || name != "cluster-1" { throw Mishap() }
        }
    }
}

/// What a task of these tests fails with.
private struct Mishap: Error {}
