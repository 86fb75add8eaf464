import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// A DAG whose tasks depend on the run before, on the real programs.
@Suite struct PastTests {
    @Test func `a run waits for the one before, says so, and goes on once a user has mended it`() async throws
    {
        let deployment = try Deployment(
            dags: #"""
                {"dags": {"ledger": {"paused": false, "defaults": {"depends_on_past": true}, "tasks": [
                  {"id": "book", "command": "test \"$OK\" = yes", "env": {"OK": "{{ dag_run.conf.ok }}"}}]}}}
                """#)
        let scheduler = try deployment.start("scheduler", log: "scheduler.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "scheduler.log"))
        let failed = try await deployment.dagctl(
            #"dags trigger ledger -r first -c {"ok":"no"} --wait --timeout 120"#)
        let second = try deployment.start(
            #"dags trigger ledger -r second -c {"ok":"yes"} --wait --timeout 120"#, log: "second.log")

        let reason: String? = try await deployment.value(
            "select reason from task_instance where run_id = 'second'"
        ) { $0 != nil }
        let mark = try await deployment.dagctl("tasks mark ledger book first success --yes")
        let end = try await second.wait()
        let states = try await deployment.dagctl(
            "tasks states-for-dag-run ledger second -o plain --no-headers")
        scheduler.send(SIGTERM)
        _ = try await scheduler.wait()

        #expect(failed.status == 1, "\(failed)")
        #expect(reason == "waits for the run before: task book has not succeeded in first")
        #expect(mark.status == 0, "\(mark)")
        #expect(end.reason == .exited(0))
        #expect(states.output.contains("success"), "\(states)")
    }

    @Test func `a local run that the run before holds up ends once nothing else goes on, and says why`()
        async throws
    {
        let deployment = try Deployment(
            dags: #"""
                {"dags": {"ledger": {"tasks": [
                  {"id": "book", "command": "test \"$OK\" = yes", "env": {"OK": "{{ dag_run.conf.ok }}"},
                   "depends_on_past": true},
                  {"id": "other", "command": "sleep 1"}]}}}
                """#)
        let failed = try await deployment.dagctl(#"dags trigger ledger -r first -c {"ok":"no"} --local"#)

        let held = try await deployment.dagctl(#"dags trigger ledger -r second -c {"ok":"yes"} --local"#)
        let states = try await deployment.dagctl(
            "tasks states-for-dag-run ledger second -o plain --no-headers")

        #expect(failed.status == 1, "\(failed)")
        #expect(held.status == 4, "\(held)")
        #expect(
            held.errors.hasSuffix(
                "dagctl: error: task \"book\" waits for the run before: task book has not succeeded in first; "
                    + "clear or mark that one, then start the scheduler\n"), "\(held)")
        #expect(states.output.contains("success"), "\(states)")
    }
}
