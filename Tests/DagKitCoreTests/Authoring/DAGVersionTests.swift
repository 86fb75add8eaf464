import DagKitCore
import FoundationEssentials
import Testing

@Suite struct DAGVersionTests {
    @Test func `a stored structure is the graph again`() throws {
        let spec = try DAGSpec(Everything())

        let stored = try #require(DAGSpec(Self.version(of: spec)))

        #expect(stored.structureHash == spec.structureHash)
        #expect(stored.structure["tasks"] == spec.structure["tasks"])
        #expect(stored.groups.map(\.id) == spec.groups.map(\.id))
        #expect(stored.tasks.map(\.isMapped) == spec.tasks.map(\.isMapped))
        #expect(stored.tasks.map(\.isEmpty) == spec.tasks.map(\.isEmpty))
        #expect(stored.location.description == spec.location.description)
    }

    @Test func `a run folds by the stored structure as by its own`() throws {
        let spec = try DAGSpec(Everything())
        let player = RunPlayer(spec)
        _ = player.play()
        let stored = try #require(DAGSpec(Self.version(of: spec)))

        let folded = RunSnapshot(folding: player.events, of: stored)

        #expect(folded == RunSnapshot(folding: player.events, of: spec))
        #expect(folded?.run.state.isFinished == true)
    }

    @Test(arguments: [
        JSONValue.null, ["tasks": [["task_id": "a", "operator": "x"], ["task_id": "a", "operator": "x"]]],
        ["tasks": [["task_id": "a"]]],
    ])
    func `what is no structure gives no graph`(structure: JSONValue) {
        #expect(DAGSpec(Self.version("hash", structure)) == nil)
    }

    @Test func `what changed between two versions is told by task`() throws {
        func version(_ tasks: [FixtureTask]) throws -> DAGVersion {
            Self.version(of: try .fixture(tasks: tasks))
        }
        let old = try version([
            FixtureTask(id: "a", upstream: []), FixtureTask(id: "b", upstream: ["a"]),
            FixtureTask(id: "c", upstream: ["b"]),
        ])
        let new = try version([
            FixtureTask(id: "a", upstream: [], retries: 3), FixtureTask(id: "d", upstream: ["a"]),
            FixtureTask(id: "c", upstream: ["a"]),
        ])

        #expect(new.changes(since: old) == "removed b; added d; changed c")
        #expect(old.changes(since: old) == "")
    }

    @Test func `the entry of a document stays with its dag as it was written`() throws {
        let entry = #"{ "tasks": [ {"id": "a", "kind": "empty"} ] }"#
        let file = DAGsFile(
            parsing: #"{"dags": {"one": \#(entry)}}"#, file: "dags.json", registry: OperatorRegistry())

        let spec = try #require(DAGBag(compiled: [], file: file).specs.first)

        #expect(spec.source == entry)
        #expect(DAGRecord(spec, bundle: "b", isPaused: false).source == entry)
        #expect(try DAGSpec(Everything()).source == nil)
    }

    private static func version(of spec: DAGSpec) -> DAGVersion {
        version(spec.structureHash, spec.structure)
    }

    private static func version(_ hash: String, _ structure: JSONValue) -> DAGVersion {
        DAGVersion(
            dagID: "everything", number: 1, structureHash: hash, structure: structure, source: nil,
            bundle: "test", executableHash: nil, createdAt: .noon, lastRegistered: .noon)
    }
}

/// A DAG with most of what a structure tells.
private struct Everything: DAG {
    enum Size: String, BranchPath { case small, large }

    var configuration = DAGConfiguration("everything", fileID: "Every/Thing.swift", line: 4)

    func build(_ dag: inout DAGBuilder) {
        let start = dag.empty("start")
        let size = dag.branch("size", after: start) { _ in Size.small }
        dag.task("few", after: size[.small], options: TaskOptions(priorityWeight: 7, queue: "slow")) { _ in }
        dag.task("many", after: size[.large], options: TaskOptions(retries: 2, poolSlots: 2)) { _ in }
        dag.group("checks") { dag in
            dag.task("one", after: start, options: TaskOptions(triggerRule: .allDone)) { _ in }
        }
    }
}
