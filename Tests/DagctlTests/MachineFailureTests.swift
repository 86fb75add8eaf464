import DagKitSystem
import FoundationEssentials
import Testing

/// What `dagctl` says, returns and stores when the machine fails: no room, no permission, a task that is killed.
@Suite struct MachineFailureTests {
    @Test func `a load for which the disk has no room fails, and the snapshot before it stays`() async throws
    {
        let deployment = try Deployment()
        let before = try await deployment.dagctl("dags test crypto_data_pipeline")

        let full = try await deployment.dagctl("dags test crypto_data_pipeline", blocks: 300)
        let rows: Int? = try await deployment.value("select count(*) from crypto_latest", in: "crypto.db")
        let snapshots: Int? = try await deployment.value(
            "select count(*) from crypto_snapshots", in: "crypto.db")
        let after = try await deployment.dagctl("dags test crypto_data_pipeline")

        #expect(before.status == 0, "\(before)")
        #expect(full.status == 1, "\(full)")
        #expect(full.output.contains("check the disk and the system's log"))
        #expect(full.output.contains("dagctl: error: DagRun failed ("))
        #expect(rows == 250 && snapshots == 1)
        #expect(after.status == 0, "\(after)")
    }

    @Test func `a change for which the disk has no room is refused, and what was told before stays`()
        async throws
    {
        let deployment = try Deployment()
        _ = try await deployment.dagctl("variables set first kept")

        let set = try await deployment.dagctl("variables set second lost", blocks: 1)
        let trigger = try await deployment.dagctl("dags trigger crypto_data_pipeline", blocks: 1)

        for result in [set, trigger] {
            #expect(result.status == 5, "\(result)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == 1)
            #expect(lines.first?.hasPrefix("dagctl: error: database ") == true, "\(result)")
        }
        #expect(try await deployment.dagctl("variables get first").output == "kept\n")
        #expect(try await deployment.dagctl("variables get second").status == 3)
        #expect(try await deployment.dagctl("dags list-runs crypto_data_pipeline -o json").output == "[]\n")
    }

    @Test(arguments: ["db migrate", "dags trigger crypto_data_pipeline", "scheduler --once"])
    func `a home that cannot be written is told in one line`(command: String) async throws {
        let deployment = try Deployment()

        // Not even root may make a folder there.
        let result = try await deployment.dagctl(command, environment: ["DAGKIT_HOME": "/sys/dagkit"])

        #expect(result.status == 6)
        #expect(
            result.errors
                == "dagctl: error: cannot make folder \"/sys/dagkit\": operation not permitted; "
                + "run as its owner or choose another folder with DAGKIT_HOME\n")
    }

    @Test func `where logs cannot be written tasks run all the same, and a warning says where theirs are`()
        async throws
    {
        let deployment = try Deployment(
            dags:
                #"{"dags": {"teller": {"paused": false, "tasks": [{"id": "tell", "command": "echo told"}]}}}"#
        )
        _ = try await deployment.dagctl("dags trigger teller -r mine")

        let result = try await deployment.dagctl("--set logging.base_log_folder=/sys/logs scheduler --once")

        #expect(result.status == 0)
        #expect(result.errors.contains(#"cannot make folder "/sys/logs"#), "\(result)")
        #expect(
            result.errors.contains("the log of teller/mine/tell cannot be written to /sys/logs; it lies in"))
        let state: String? = try await deployment.value(
            "select state from dag_run where run_id = 'mine'", in: "dagkit.db")
        #expect(state == "success")
        let log = "dag_id=teller/run_id=mine/task_id=tell/attempt=1.log"
        #expect(try FileSystem.readText("\(deployment.home)/attempts/logs/\(log)").contains("told"))
    }

    @Test func `a task whose process is killed is tried again as its rule says, and fails with the signal`()
        async throws
    {
        let deployment = try Deployment(
            dags: """
                {"dags": {"doomed": {"paused": false, "defaults": {"retries": 1, "retry_delay": 0}, "tasks": [
                  {"id": "victim", "command": "kill -9 $PPID; sleep 60"}, {"id": "next", "command": "true", "after": "victim"}]}}}
                """)

        let result = try await deployment.dagctl("dags trigger doomed --wait --local")

        let tries: Int? = try await deployment.value(
            "select try_number from task_instance where task_id = 'victim'", in: "dagkit.db")
        let next: String? = try await deployment.value(
            "select state from task_instance where task_id = 'next'", in: "dagkit.db")
        let lines = result.errors.split(separator: "\n")
        #expect(result.status == 1)
        #expect(
            lines.contains {
                $0.hasSuffix("victim up_for_retry (the task's process ended with signal 9 (killed))")
            })
        #expect(
            lines.contains { $0.contains("victim failed") && $0.contains("signal 9 (killed)") }, "\(result)")
        #expect(tries == 2 && next == "upstream_failed")
    }

    @Test func `a command that kills itself is told with its signal`() async throws {
        let deployment = try Deployment(
            dags: #"{"dags": {"doomed": {"tasks": [{"id": "victim", "command": "kill -9 $$"}]}}}"#)

        let result = try await deployment.dagctl("tasks test doomed victim")

        #expect(result.status == 1)
        #expect(
            result.complaint.contains(#"task "victim" failed: the command ended with "signal 9 (killed)""#))
    }
}
