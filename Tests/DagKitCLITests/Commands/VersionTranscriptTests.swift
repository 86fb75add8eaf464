import DagKitCLI
import DagKitCore
import FoundationEssentials
import Testing

/// What users see of a DAG that changed while a run of it was under way.
@Suite struct VersionTranscriptTests {
    @Test func `versions are listed, drawn and printed, and a run tells which one it follows`() async throws {
        let session = Session(dags: [Market(isChanged: true)])
        try await register(Market(), executable: String(repeating: "a1", count: 32), in: session)
        let open = try await trigger("open", in: session)
        let ended = try await trigger("ended", in: session)
        _ = try await session.store.change(ended, of: DAGSpec(Market()), at: Session.start) { _ in
            .markRun(.success, actor: "ada")
        }
        session.pass(seconds: 60)
        try await register(
            Market(isChanged: true), executable: String(repeating: "b2", count: 32), in: session, after: 60)
        _ = try await session.store.change(open, of: DAGSpec(Market(isChanged: true)), at: Session.start + 61)
        {
            .mark($0.reference(to: TaskInstanceKey(open, "fetch")).map { [$0] } ?? [], .success, actor: "ada")
        }

        var text = ""
        for line in [
            "dagctl dags versions market", "dagctl dags versions market -o json",
            "dagctl dags versions market -o plain --columns version,change", "dagctl dags versions markt",
            "dagctl dags show market --format lines", "dagctl dags show market --version 1 --format lines",
            "dagctl dags show market --version 3", "dagctl dags show market --version first",
            "dagctl dags source market", "dagctl dags source market --version 1",
            "dagctl dags source market --version 1 -o json",
            "dagctl dags list-runs market -o plain --columns run_id,state,version",
            "dagctl tasks states-for-dag-run market open -o plain --columns task_id,state,version,reason",
            "dagctl dags details market -o plain", "dagctl runs replay open -o plain",
            "dagctl runs replay open -o plain --at 2026-01-02T03:04:30",
            "dagctl runs replay open -o plain --at 2026-01-02T03:06:00",
            "dagctl dags mark market ended failed",
            "dagctl tasks states-for-dag-run market ended -o plain --columns task_id,state,version",
            "dagctl tasks clear market -t load --run-id ended -y",
            "dagctl tasks clear market -t clean --run-id ended -y",
            "dagctl tasks clear market -t fetch --run-id ended -y",
            "dagctl tasks states-for-dag-run market ended -o plain --columns task_id,state,version",
        ] {
            text += await session.run(line).description + "\n"
        }
        try Golden.expect(text, matches: "dags-versions.txt")
    }

    @Test func `a declared dag is printed as it was written`() async throws {
        let entry = """
            {
              "schedule": null,
              "tasks": [ { "id": "disk",  "command": "df -h ." } ]
            }
            """
        let session = Session(
            dags: [], environment: ["DAGKIT_HOME": "/srv/project/.dagkit"],
            files: ["/srv/project/dags.json": "{ \"dags\": { \"housekeeping\": \(entry) } }"])

        let text = await session.run("dagctl dags source housekeeping")
        let places = await session.run("dagctl dags source housekeeping -o csv")
        let unknown = await session.run("dagctl dags source housekeeping --version 1")

        #expect(text.output == entry + "\n", "\(text)")
        #expect(places.output == "task_id,location\ndisk,dags.json:3:14\n", "\(places)")
        #expect(unknown.code.rawValue == 3, "\(unknown)")
        #expect(unknown.errors.contains("none is stored before the scheduler has run once"), "\(unknown)")
    }

    private func register(
        _ dag: Market, executable: String, in session: Session, after seconds: Double = 0
    ) async throws {
        var record = DAGRecord(try DAGSpec(dag), bundle: "dagctl", isPaused: false)
        record.executableHash = executable
        try await session.store.register([record], bundle: "dagctl", at: Session.start + seconds)
    }

    private func trigger(_ id: RunID, in session: Session) async throws -> RunKey {
        let spec = try DAGSpec(Market())
        var machine = RunMachine(
            creating: .manual(
                spec, logicalDate: Session.start + (id == "open" ? 0 : 1), runID: id, by: "ada",
                at: Session.start),
            of: spec, actor: "ada")
        let batch = machine.takeBatch()
        _ = try await session.store.commit([try #require(batch)], durability: .full)
        return machine.run.key
    }
}

/// Loads prices; another time it cleans them first and loads no more.
private struct Market: DAG {
    var isChanged = false
    var configuration = DAGConfiguration("market", fileID: "Sample/Market.swift", line: 3)

    func build(_ dag: inout DAGBuilder) {
        let fetch = dag.task("fetch", fileID: "Sample/Market.swift", line: isChanged ? 12 : 10) { _ in }
        if isChanged {
            dag.task("clean", after: fetch, fileID: "Sample/Market.swift", line: 14) { _ in }
        } else {
            dag.task("load", after: fetch, fileID: "Sample/Market.swift", line: 12) { _ in }
        }
    }
}
