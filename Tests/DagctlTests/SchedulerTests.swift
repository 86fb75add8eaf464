import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// A scheduler in one terminal and a user in another.
@Suite struct SchedulerTests {
    private static func dags(_ word: String, more: String = "") -> String {
        #"{"dags": {"teller": {"paused": false, "tasks": [{"id": "tell", "command": "echo "#
            + word + #""}]}"# + more + "}}"
    }

    @Test func `a user triggers, follows, pauses and stops`() async throws {
        let deployment = try Deployment(dags: Self.dags("one"))
        let scheduler = try deployment.start("scheduler", log: "scheduler.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "scheduler.log"))

        let second = try await deployment.dagctl("scheduler")
        let run = try await deployment.dagctl("dags trigger teller --wait --timeout 120")
        let pause = try await deployment.dagctl("dags pause teller -o json")
        let waiting = try await deployment.dagctl("dags trigger teller --wait --timeout 1")
        scheduler.send(SIGTERM)
        let end = try await scheduler.wait()

        #expect(second.status == 75)
        #expect(second.complaint.contains("pid \(scheduler.id) since"), "\(second)")
        #expect(run.status == 0, "\(run)")
        #expect(pause.output.contains(#""is_paused": true"#))
        #expect(waiting.status == 124)
        #expect(waiting.errors.contains("is paused, so the run waits"))
        #expect(end.reason == .exited(0))
    }

    @Test func `a broken dags json leaves the last good version in force, until it is mended`() async throws {
        let deployment = try Deployment(dags: Self.dags("one"))
        let scheduler = try deployment.start("scheduler", log: "scheduler.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "scheduler.log"))

        try deployment.write(
            Self.dags("two", more: #", "oops": {"tasks": [{"id": "a", "operator": "shel"}]}"#))
        try await reload(deployment, scheduler, times: 1)
        let told = try await tell(deployment)
        let errors = try await deployment.dagctl("dags list-import-errors -o plain --no-headers")
        try deployment.write(#"{"dags": "#)
        try await reload(deployment, scheduler, times: 2)
        // It says what it has read, and stores it then.
        let stored: String? = try await deployment.value(
            "select stacktrace from import_error where filename = 'dags.json' and stacktrace not like '%shell%'"
        ) { $0 != nil }
        try deployment.write(Self.dags("three"))
        try await reload(deployment, scheduler, times: 3)
        let mended = try await tell(deployment)
        let count: Int? = try await deployment.value("select count(*) from import_error", in: "dagkit.db")
        scheduler.send(SIGTERM)
        _ = try await scheduler.wait()

        #expect(told == "two")
        #expect(errors.status == 1)
        #expect(
            errors.output.hasPrefix("dags.json:1:") && errors.output.contains(#"did you mean "shell"?"#),
            "\(errors)")
        #expect(stored?.hasPrefix("dags.json:1:") == true)
        #expect(mended == "three" && count == 0)
    }

    @Test func `a run whose dag was broken since goes on with the last good version`() async throws {
        let deployment = try Deployment(dags: Self.dags("one"))
        let scheduler = try deployment.start("scheduler", log: "scheduler.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "scheduler.log"))
        _ = try await tell(deployment)

        try deployment.write(
            #"{"dags": {"teller": {"paused": false, "tasks": [{"id": "tell", "command": 7}]}}}"#)
        try await reload(deployment, scheduler, times: 1)
        try deployment.write(Self.dags("one"))
        let told = try await tell(deployment)
        scheduler.send(SIGTERM)
        _ = try await scheduler.wait()

        #expect(told == "one")
    }

    @Test func `a scheduler and its tasks log what the deployment wants to see`() async throws {
        let deployment = try Deployment(
            dags: Self.dags("one"), environment: ["DAGKIT__LOGGING__LOGGING_LEVEL": "WARNING"])
        let scheduler = try deployment.start("scheduler", log: "scheduler.log")

        let run = try await deployment.dagctl("dags trigger teller --wait --timeout 120")
        scheduler.send(SIGTERM)
        let end = try await scheduler.wait()

        #expect(run.status == 0, "\(run)")
        #expect(end.reason == .exited(0))
        #expect(try !FileSystem.readText("\(deployment.folder)/scheduler.log").contains("INFO"))
    }

    private func reload(_ deployment: Deployment, _ scheduler: ChildProcess, times: Int) async throws {
        scheduler.send(SIGHUP)
        let deadline = BootTimeClock().now.advanced(by: .seconds(120))
        while BootTimeClock().now < deadline {
            let log = try FileSystem.readText("\(deployment.folder)/scheduler.log")
            if log.split(separator: "\n").count(where: { $0.contains("dags read again") }) >= times { return }
            try await BootTimeClock().sleep(for: .milliseconds(10))
        }
        Issue.record("the scheduler does not read its dags again")
    }

    /// Runs the DAG and gives what its task said.
    private func tell(_ deployment: Deployment) async throws -> String? {
        let run = try await deployment.dagctl("dags trigger teller --wait --timeout 120")
        guard run.status == 0 else {
            Issue.record("\(run)")
            return nil
        }
        let value: String? = try await deployment.value(
            "select value from xcom where dag_id = 'teller' order by timestamp desc limit 1", in: "dagkit.db")
        return value?.replacing("\"", with: "")
    }
}
