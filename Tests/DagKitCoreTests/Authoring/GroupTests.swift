import DagKitCore
import FoundationEssentials
import Testing

@Suite struct GroupTests {
    @Test func `what a group stands after comes before its first tasks, and what follows it after its last`()
        throws
    {
        let spec = try DAGSpec(Grouped())

        #expect(spec.upstream(of: "checks.first") == ["load"])
        #expect(spec.upstream(of: "checks.deep.inner") == ["checks.first"])
        #expect(spec.upstream(of: "checks.lonely") == ["load"])
        #expect(spec.upstream(of: "end") == ["checks.lonely", "checks.deep.inner"])
        #expect(spec.groups.map(\.id) == ["checks", "checks.deep"])
        #expect(spec.task("checks.deep.inner")?.group == "checks.deep")
    }

    @Test func `groups change the defaults around them, the innermost last, and a task's own options win`()
        throws
    {
        let spec = try DAGSpec(Grouped())

        #expect(spec.task("load")?.retries == 1)
        #expect(spec.task("checks.first")?.retries == 5)
        #expect(spec.task("checks.first")?.owner == "quality")
        #expect(spec.task("checks.deep.inner")?.retries == 6)
        #expect(spec.task("checks.deep.inner")?.owner == "quality")
        #expect(spec.task("checks.lonely")?.retries == 0)
    }

    @Test func `labels of edges are part of the structure`() throws {
        let spec = try DAGSpec(Grouped())

        #expect(spec.task("checks.first")?.edgeLabels == [0: "rows"])
        let task = spec.structure["tasks"]?.array?.first { $0["task_id"] == "checks.first" }
        #expect(task?["edge_labels"] == ["load": "rows"])
        #expect(spec.structure["groups"]?.array?.count == 2)
    }

    @Test
    func `a group that is used while it is open, has no task, or stands twice is reported with its line`()
        throws
    {
        let error = #expect(throws: DAGValidationError.self) { try DAGSpec(BadGroups()) }

        #expect(
            error?.description == """
                Bad.swift:3: error: group "empty" has no task; declare one in it
                Bad.swift:5: error: group "open" is used before it is complete; use its handle outside it
                Bad.swift:7: error: group id "open" is already used at line 4; rename one of the two
                """)
    }
}

extension DAGSpec {
    /// The ids of a task's direct upstream tasks, in the order of the DAG.
    func upstream(of id: TaskID) -> [TaskID] { task(id).map { $0.upstream.map { tasks[$0].id } } ?? [] }
}

private struct Grouped: DAG {
    var configuration = DAGConfiguration("grouped", defaults: TaskDefaults(retries: 1, owner: "ada"))

    func build(_ dag: inout DAGBuilder) {
        let load = dag.task("load") { _ in 3 }
        let checks = dag.group(
            "checks", after: load.labelled("rows"),
            defaults: { defaults in
                defaults.retries = 5
                defaults.owner = "quality"
            }
        ) { dag in
            let first = dag.task("first") { _ in }
            dag.task("lonely", options: TaskOptions(retries: 0)) { _ in }
            dag.group("deep", after: first, defaults: { $0.retries += 1 }) { dag in
                dag.task("inner") { _ in }
            }
            return dag.wholeGroup
        }
        dag.empty("end", after: checks)
    }
}

private struct BadGroups: DAG {
    var configuration = DAGConfiguration("bad")

    func build(_ dag: inout DAGBuilder) {
        let empty = dag.group("empty", fileID: "Bad.swift", line: 2) { $0.wholeGroup }
        dag.empty("a", after: empty, fileID: "Bad.swift", line: 3)
        dag.group("open", fileID: "Bad.swift", line: 4) { dag in
            let whole = dag.wholeGroup
            dag.empty("b", after: whole, fileID: "Bad.swift", line: 5)
        }
        dag.group("open", fileID: "Bad.swift", line: 7) { dag in
            dag.empty("c", fileID: "Bad.swift", line: 8)
        }
    }
}
