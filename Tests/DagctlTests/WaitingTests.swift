import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// Declared sensors, on the real programs.
@Suite struct WaitingTests {
    private func dags(_ folder: String) -> String {
        #"""
        {"dags": {
          "leader": {"paused": false, "tasks": [{"id": "work", "command": "true"}]},
          "waiter": {"paused": false, "defaults": {"retries": 3, "retry_delay": 1}, "tasks": [
            {"id": "file", "operator": "file_sensor", "path": "\#(folder)/{{ ds }}/*.csv", "poke_interval": 1},
            {"id": "rows", "operator": "sql_sensor", "connection": "meta", "poke_interval": 1,
             "sql": "select count(*) from dag_run where dag_id = 'leader' and state = 'success'"},
            {"id": "other", "operator": "external_task_sensor", "external_dag_id": "leader",
             "external_task_id": "work", "failed_states": ["failed"], "check_existence": true},
            {"id": "asset", "operator": "asset_sensor", "asset": "prices", "since": "2026-01-01T00:00:00Z"},
            {"id": "soon", "operator": "time_delta_sensor", "delta": 5},
            {"id": "end", "after": ["file", "rows", "other", "soon", "asset"],
             "command": "echo {{ ti.xcom_pull('file')[0] }}"}]}}}
        """#
    }

    @Test func `what waits outlives the death of every process and goes on in its try`() async throws {
        let deployment = try Deployment()
        try deployment.write(dags(deployment.folder))
        let scheduler = try deployment.start("scheduler", log: "scheduler.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "scheduler.log"))
        let connection = try await deployment.dagctl(
            "connections add meta --conn-type sqlite --conn-host \(deployment.home)/dagkit.db")
        let trigger = try await deployment.dagctl("dags trigger waiter -r one -e 2026-01-01")
        #expect(connection.status == 0 && trigger.status == 0, "\(connection) \(trigger)")
        let isWaiting = try await reaches(
            "select count(*) > 0 from task_reschedule where task_id = 'file'", deployment)
        let states = try await deployment.dagctl("tasks states-for-dag-run waiter one -o json")

        let all = try ProcessTree.descendants(of: scheduler.id)
        scheduler.send(SIGKILL)
        for process in all { kill(process.id, SIGKILL) }
        _ = try await scheduler.wait()
        let next = try deployment.start("scheduler", log: "next.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "next.log"))
        try FileSystem.createFolder("\(deployment.folder)/2026-01-01")
        try FileSystem.write(Array("x".utf8), to: "\(deployment.folder)/2026-01-01/a.csv", durable: false)
        let update = try await deployment.dagctl("assets update --uri prices")
        let leader = try await deployment.dagctl("dags trigger leader -r one -e 2026-01-01")
        let isDone = try await reaches(
            "select state = 'success' from dag_run where dag_id = 'waiter'", deployment)
        let tries: String? = try await deployment.value(
            """
            select group_concat(task_id || ' ' || try_number, ', ') from
            (select * from task_instance where dag_id = 'waiter' and task_id in ('other', 'soon') order by task_id)
            """, in: "dagkit.db")
        let found: String? = try await deployment.value(
            "select value from xcom where task_id = 'end'", in: "dagkit.db")
        let end = try await deployment.dagctl("tasks states-for-dag-run waiter one -o json")
        next.send(SIGTERM)
        _ = try await next.wait()

        #expect(isWaiting, "\(states)")
        #expect(
            states.output.contains("waits for task work of dag leader of 2026-01-01T00:00:00+00:00"),
            "\(states)")
        #expect(leader.status == 0 && update.status == 0, "\(leader) \(update)")
        #expect(isDone, "\(end)")
        #expect(tries == "other 1, soon 1")
        #expect(found?.contains("/2026-01-01/a.csv") == true)
    }

    @Test func `a local run sees the end of another dag that a scheduler elsewhere would run`() async throws {
        let deployment = try Deployment(
            dags: #"""
                {"dags": {
                  "leader": {"tasks": [{"id": "work", "command": "true"}]},
                  "follower": {"tasks": [
                    {"id": "wait", "operator": "external_task_sensor", "external_dag_id": "leader"},
                    {"id": "end", "command": "true", "after": "wait"}]}}}
                """#)
        let date = "2026-01-01T00:00:00Z"
        let waiting = try deployment.start("dags test follower \(date)", log: "test.log")
        #expect(try await deployment.waits(for: "wait deferred", in: "test.log"))
        let leader = try await deployment.dagctl("dags trigger leader -e \(date) --local")
        let end = try await waiting.wait()
        let local = try await deployment.dagctl("dags trigger follower -e \(date) --local")

        #expect(leader.status == 0, "\(leader)")
        #expect(end.reason == .exited(0))
        #expect(local.status == 0, "\(local)")
    }

    @Test func `tasks test looks once and says when it would look again`() async throws {
        let deployment = try Deployment()
        try deployment.write(dags(deployment.folder))

        let test = try await deployment.dagctl("tasks test waiter file 2026-01-01")
        let render = try await deployment.dagctl("tasks render waiter file 2026-01-01")

        #expect(test.status == 0, "\(test)")
        #expect(test.complaint.hasPrefix("task file up_for_reschedule (there is no file "), "\(test)")
        #expect(render.output.contains("# property: path") && render.output.contains("/2026-01-01/*.csv"))
    }

    @Test(arguments: [
        (#""operator": "file_sensor""#, #"a task of operator "file_sensor" needs "path"; add "path""#),
        (#""operator": "time_sensor", "time": "25:00""#, #""time" is "25:00", not a time such as "18:30""#),
        (
            #""operator": "time_sensor", "time": "9:00", "timezone": "Mars/Olympus""#,
            #"time zone "Mars/Olympus" does not exist"#
        ),
        (
            #""operator": "external_task_sensor", "external_dag_id": "x", "allowed_states": ["sucess"]"#,
            #""allowed_states" is "sucess", not one of queued, running, success, failed"#
        ),
        (
            #""operator": "file_sensor", "path": "x", "mode": "defer""#,
            #""mode" is "defer", not one of poke, reschedule"#
        ),
        (
            #""operator": "asset_sensor", "asset": "airflow://x""#,
            #"asset uri "airflow://x" has the reserved scheme "airflow""#
        ),
        (#""operator": "file_sensor", "path": "x", "poke_intervall": 5"#, #"did you mean "poke_interval"?"#),
    ])
    func `a wrong declaration is refused with its place`(task: String, complaint: String) async throws {
        let deployment = try Deployment(
            dags: #"{"dags": {"waiter": {"tasks": [{"id": "a", "# + task + "}]}}}")

        let errors = try await deployment.dagctl("dags list-import-errors -o plain --no-headers")

        #expect(errors.status == 1)
        #expect(errors.output.hasPrefix("dags.json:1:") && errors.output.contains(complaint), "\(errors)")
    }

    /// Waits until a query on the metadata database says so.
    private func reaches(_ query: String, _ deployment: Deployment) async throws -> Bool {
        let found: Int? = try await deployment.value(query) { $0 == 1 }
        return found == 1
    }
}
