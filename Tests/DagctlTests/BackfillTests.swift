import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// A backfill on the real programs.
@Suite struct BackfillTests {
    @Test func `a scheduler that is killed in a backfill is followed by one that makes each run once`()
        async throws
    {
        let deployment = try Deployment()
        // After the first run the others wait for the scheduler to be killed, however slow the machine is.
        let gate = "\(deployment.folder)/gate"
        try deployment.write(
            """
            {"dags": {"days": {"schedule": "@daily", "start_date": "2026-01-01", "tasks": [
              {"id": "note", "command": "[ {{ ds }} = 2026-01-01 ] || until [ -e \(gate) ]; do sleep 0.05; done"}]}}}
            """)
        let first = try deployment.start("scheduler", log: "first.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "first.log"))
        let created = try await deployment.dagctl(
            "backfill create days --from 2026-01-01 --to 2026-01-20 --max-active-runs 3")
        #expect(try await deployment.waits(for: "run days/backfill__", in: "first.log"))
        first.send(SIGKILL)
        _ = try await first.wait()
        try FileSystem.write([], to: gate, durable: false)

        let second = try deployment.start("scheduler", log: "second.log")
        #expect(try await deployment.waits(for: "backfill 1 is done", in: "second.log"))
        let show = try await deployment.dagctl("backfill show 1 -o plain --no-headers")
        let list = try await deployment.dagctl("backfill list -o json")
        let events: Int? = try await deployment.value(
            "select count(*) from event where kind = 'run_created'", in: "dagkit.db")
        second.send(SIGTERM)
        _ = try await second.wait()

        // The dag was paused from the beginning: only its backfill made runs.
        #expect(created.errors == "backfill 1 created (days): 20 runs, 0 dates left alone\n", "\(created)")
        #expect(show.output.split(separator: "\n").count { $0.contains("success") } == 20, "\(show)")
        #expect(show.complaint == "backfill 1 of days completed: 20 of 20 dates done")
        #expect(list.output.contains(#""state": "completed""#), "\(list)")
        #expect(events == 20)
    }
}
