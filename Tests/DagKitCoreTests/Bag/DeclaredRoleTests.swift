import DagKitCore
import FoundationEssentials
import Testing

@Suite struct DeclaredRoleTests {
    @Test(arguments: [
        ("quick", ["quick": "success", "slow.parts": "skipped", "end": "success"]),
        ("slow", ["quick": "skipped", "slow.parts": "success", "end": "success"]),
        ("slow.parts", ["quick": "skipped", "slow.parts": "success", "end": "success"]),
    ])
    func `a declared branch names the tasks or groups that follow it`(
        choice: String, states: [String: String]
    )
        async throws
    {
        var run = try DAGRehearsal(Self.branching(choice))
        try await run.run()

        #expect(run.states.filter { states.keys.contains($0.key) } == states)
    }

    @Test func `a declared branch that names nothing it has fails at once with the nearest name`()
        async throws
    {
        var run = try DAGRehearsal(Self.branching("quik"))
        try await run.run()

        #expect(run.states["choose"] == "failed")
        #expect(
            run.reason("choose")
                == #"branch "choose" chose "quik", which is none of its paths; did you mean "quick"?"#)
    }

    @Test func `edges carry paths and labels, and a group stands for its last tasks`() throws {
        let spec = try Self.spec(
            """
            [{"id": "size", "kind": "branch", "operator": "say", "text": "few"},
             {"id": "a", "operator": "say", "text": "a", "after": {"task": "size", "path": "few", "label": "few rows"}},
             {"id": "b", "group": "g", "operator": "say", "text": "b", "after": "a"},
             {"id": "c", "group": "g", "operator": "say", "text": "c", "after": "g.b"},
             {"id": "d", "kind": "empty", "after": "g"}]
            """)

        #expect(spec.task("a")?.paths == [0: ["few"]])
        #expect(spec.task("a")?.edgeLabels == [0: "few rows"])
        #expect(spec.upstream(of: "d") == ["g.c"])
        #expect(spec.task("d")?.isEmpty == true)
    }

    @Test func `a declared setup guards what stands before its teardown`() async throws {
        var run = try DAGRehearsal(
            Self.spec(
                """
                [{"id": "make", "kind": "setup", "operator": "say", "text": "it"},
                 {"id": "work", "operator": "say", "text": "w", "after": "make"},
                 {"id": "gate", "kind": "short_circuit", "operator": "say", "text": "", "after": "make"},
                 {"id": "never", "operator": "say", "text": "n", "after": "gate"},
                 {"id": "clean", "kind": "teardown", "teardown_of": "make", "operator": "say", "text": "c",
                  "after": ["work", "never"]}]
                """))
        try await run.run()

        #expect(run.states["never"] == "skipped")
        #expect(run.states["clean"] == "success")
    }

    @Test func `a declared task says what it asks of the run before, over the defaults`() throws {
        let spec = try Self.spec(
            """
            [{"id": "a", "operator": "say", "text": "a"},
             {"id": "b", "operator": "say", "text": "b", "depends_on_past": false},
             {"id": "c", "operator": "say", "text": "c", "wait_for_downstream": true,
              "ignore_first_depends_on_past": false}]
            """, more: #", "defaults": {"depends_on_past": true}"#)

        #expect(spec.task("a")?.pastRule == PastRule())
        #expect(spec.task("b")?.pastRule == nil)
        #expect(spec.task("c")?.pastRule == PastRule(includesDownstream: true, ignoresFirst: false))
    }

    private static func branching(_ choice: String) throws -> DAGSpec {
        try spec(
            """
            [{"id": "choose", "kind": "branch", "operator": "say", "text": "\(choice)"},
             {"id": "quick", "operator": "say", "text": "q", "after": ["choose"]},
             {"id": "parts", "group": "slow", "operator": "say", "text": "s", "after": ["choose"]},
             {"id": "end", "kind": "empty", "after": ["quick", "slow"], "trigger_rule": "none_failed_min_one_success"}]
            """)
    }

    private static func spec(_ tasks: String, more: String = "") throws -> DAGSpec {
        let text = #"{"dags": {"d": {"tasks": \#(tasks)\#(more)}}}"#
        let bag = DAGBag(compiled: [], file: DAGsFile(parsing: text, file: "dags.json", registry: .saying))
        #expect(bag.problems["d"] == nil)
        return try #require(bag.specs.first)
    }
}
