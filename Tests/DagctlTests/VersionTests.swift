import DagKitSystem
import Glibc
import Testing

@Suite struct VersionTests {
    @Test func `an open run follows its dag to a new version, and the executable is named`() async throws {
        let deployment = try Deployment(dags: Self.dags(Self.entry(last: "old")))
        let scheduler = try deployment.start("scheduler", log: "scheduler.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "scheduler.log"))
        _ = try await deployment.dagctl("dags trigger changing -r mine")
        try await wait(for: "running", of: "wait", deployment)

        try deployment.write(Self.dags(Self.entry(last: "new")))
        scheduler.send(SIGHUP)
        try await wait(for: "removed", of: "old", deployment)
        try FileSystem.write("".utf8, to: "\(deployment.home)/go")
        try await wait(for: "success", of: "new", deployment)
        let versions = try await deployment.dagctl(
            "dags versions changing -o csv --no-headers --columns version,tasks,change")
        let source = try await deployment.dagctl("dags source changing --version 1")
        let replay = try await deployment.dagctl("runs replay mine -o csv --columns event,reason")
        let named: String? = try await deployment.value(
            "select bundle_version from dag_version where version_number = 2"
        ) { $0 != nil }
        scheduler.send(SIGTERM)
        _ = try await scheduler.wait()

        #expect(versions.output == "2,2,removed old; added new\n1,2,\n", "\(versions)")
        #expect(source.output == Self.entry(last: "old") + "\n", "\(source)")
        #expect(
            replay.output.contains(
                "version_changed,version 1 -> 2: the dag changed: removed old; added new\n"), "\(replay)")
        #expect(named?.count == 64)
    }

    @Test func `a command that knows a newer dag leaves runs to the scheduler that has the older one`()
        async throws
    {
        let deployment = try Deployment(dags: Self.dags(Self.entry(last: "old")))
        let scheduler = try deployment.start("scheduler", log: "scheduler.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "scheduler.log"))
        _ = try await deployment.dagctl("dags trigger changing -r mine")
        try await wait(for: "running", of: "wait", deployment)

        try deployment.write(Self.dags(Self.entry(last: "new")))
        let unknown = try await deployment.dagctl("tasks clear changing -t new -y")
        let cleared = try await deployment.dagctl("tasks clear changing -t wait -y")
        let triggered = try await deployment.dagctl("dags trigger changing -r other")
        try FileSystem.write("".utf8, to: "\(deployment.home)/go")
        let ended: Int? = try await deployment.value("select count(*) from dag_run where state = 'success'") {
            $0 == 2
        }
        let events = try await deployment.dagctl("runs replay mine -o csv --no-headers --columns event")
        let tasks = try await deployment.dagctl(
            "tasks states-for-dag-run changing other -o csv --columns task_id,state")
        scheduler.send(SIGTERM)
        _ = try await scheduler.wait()

        #expect(ended == 2)
        #expect(unknown.complaint.contains(#"dag "changing" has no task "new""#), "\(unknown)")
        #expect(cleared.status == 0, "\(cleared)")
        #expect(triggered.status == 0, "\(triggered)")
        #expect(!events.output.contains("version_changed") && events.output.contains("cleared"), "\(events)")
        #expect(tasks.output.contains("old,success") && !tasks.output.contains("new"), "\(tasks)")
    }

    @Test func `a scheduler that starts again knows its executable at once`() async throws {
        let deployment = try Deployment(dags: Self.dags(Self.entry(last: "old")))
        let first = try deployment.start("scheduler", log: "scheduler.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "scheduler.log"))
        let known: String? = try await deployment.value("select bundle_version from dag_version") {
            $0 != nil
        }
        first.send(SIGTERM)
        _ = try await first.wait()

        try deployment.write(Self.dags(Self.entry(last: "new")))
        _ = try await deployment.dagctl("scheduler --once")
        let again: String? = try await deployment.value(
            "select bundle_version from dag_version where dag_id = 'changing' and version_number = 2",
            in: "dagkit.db")

        #expect(known?.count == 64)
        #expect(again == known)
    }

    private static func dags(_ entry: String) -> String { #"{"dags": {"changing": \#(entry)}}"# }

    private static func entry(last: String) -> String {
        let wait = #"{"id": "wait", "command": "until [ -e $DAGKIT_HOME/go ]; do sleep 0.1; done"}"#
        return
            #"{ "paused": false, "tasks": [\#(wait), {"id": "\#(last)", "command": "true", "after": "wait"}] }"#
    }

    private func wait(for state: String, of task: String, _ deployment: Deployment) async throws {
        let query = "select state from task_instance where task_id = '\(task)'"
        let found: String? = try await deployment.value(query) { $0 == state }
        #expect(found == state)
    }
}
