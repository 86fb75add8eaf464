import DagKitCLI
import DagKitCore
import FoundationEssentials
import Testing

/// A user who makes runs for past dates.
@Suite struct BackfillTranscriptTests {
    @Test func `a backfill is planned, created, seen, paused and cancelled`() async throws {
        let session = Session(dags: [Nightly(), Row(), Unplanned()])
        let range = "--from 2025-12-28 --to 2025-12-30"
        var text = ""
        for line in [
            "dagctl backfill create nightly \(range) --dry-run",
            "dagctl backfill create nightly \(range) -c '{\"limit\": 3}' --max-active-runs 2",
            "dagctl backfill list", "dagctl backfill list -o json", "dagctl backfill show 1",
            "dagctl backfill create nightly --from 2025-12-30 --to 2025-12-31", "dagctl backfill pause 1",
            "dagctl backfill pause 1", "dagctl backfill show 1 -o plain", "dagctl backfill unpause 1",
            "dagctl backfill cancel 1", "dagctl backfill cancel 1", "dagctl backfill pause 1",
            "dagctl backfill show 1 -o plain", "dagctl backfill show 7",
            "dagctl dags trigger nightly -l 2025-12-29",
            "dagctl backfill create --dag-id nightly \(range) --run-backwards -n",
            "dagctl backfill create nightly --from 2025-12-29 --to 2025-12-29 --reprocess completed -o json",
            "dagctl backfill list -d nightly -o plain", "dagctl backfill list -d nigtly",
            "dagctl backfill create nightly --from 2025-12-30 --to 2025-12-28",
            "dagctl backfill create nightly --from 2026-01-02 --to 2026-01-09",
            "dagctl backfill create nightly --from 2025-12-28",
            "dagctl backfill create \(range)", "dagctl backfill create unplanned \(range)",
            "dagctl backfill create nightly \(range) --reprocess all",
            "dagctl backfill create nightly \(range) --max-active-runs 0",
            "dagctl backfill create nightly \(range) -c '[1]'",
            "dagctl backfill create row \(range) --run-backwards",
        ] {
            text += await session.run(line).description + "\n"
            session.pass(seconds: 1)
        }

        try Golden.expect(text, matches: "backfill.txt")
        #expect(session.knocks == 7, "what concerns the scheduler wakes it")
    }

    @Test func `a cancel ends runs that have not started`() async throws {
        let session = Session(dags: [Nightly()])
        _ = await session.run("dagctl backfill create nightly --from 2025-12-28 --to 2025-12-29")
        let spec = try DAGSpec(Nightly())
        let date = try Date(isoText: "2025-12-28")
        var run = DAGRun.manual(spec, logicalDate: date, runID: "waiting", by: "ada", at: Session.start)
        run.backfillID = 1
        var machine = RunMachine(creating: run, of: spec)
        let taken = machine.takeBatch()
        let batch = try #require(taken)
        _ = try await session.store.commit([batch], durability: .full)

        let cancel = await session.run("dagctl backfill cancel 1")

        #expect(cancel.errors == "backfill 1 cancelled: 2 dates get no run\n")
        #expect(try await session.store.snapshot(of: run.key)?.run.state == .failed)
    }
}

private struct Nightly: DAG {
    var configuration = DAGConfiguration("nightly", schedule: .daily, startDate: "2025-01-01")

    func build(_ dag: inout DAGBuilder) { dag.task("load") { _ in } }
}

private struct Row: DAG {
    var configuration = DAGConfiguration("row", schedule: .daily, startDate: "2025-01-01")

    func build(_ dag: inout DAGBuilder) {
        dag.task("load", options: TaskOptions(dependsOnPast: true)) { _ in }
    }
}

private struct Unplanned: DAG {
    var configuration = DAGConfiguration("unplanned")

    func build(_ dag: inout DAGBuilder) { dag.empty("nothing") }
}
