import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// Callbacks that dags.json declares, with the real `dagctl` and its processes.
@Suite struct CallbackTests {
    private static func dags(_ command: String, task: String = "exit 3") -> String {
        """
        {"dags": {"teller": {"paused": false,
            "callbacks": [{"on": "failure", "command": "\(command)"}],
            "defaults": {"callbacks": [{"on": ["failure", "success"], "log": "{{ notice.kind }} of {{ task.task_id }}"}]},
            "tasks": [{"id": "tell", "command": "\(task)"}]}}}
        """
    }

    @Test func `a command and the log are told of a failure that a killed process leaves behind`()
        async throws
    {
        let deployment = try Deployment(
            dags: Self.dags(#"echo \"$DAGKIT_NOTICE_TITLE\" >> told; echo heard"#, task: "kill -9 $PPID"))
        _ = try await deployment.dagctl("dags trigger teller -r mine --unpause")

        let end = try await deployment.dagctl("scheduler --once")
        let list = try await deployment.dagctl("notices list -o json")

        #expect(end.status == 0, "\(end)")
        #expect(try deployment.text(of: "told") == "run teller/mine failed\n")
        #expect(end.errors.contains("log of teller/mine/tell: task_failed of tell"), "\(end)")
        #expect(end.errors.contains("command of teller/mine: heard"), "\(end)")
        #expect(list.output.components("\"delivered\"") == 2, "\(list)")
    }

    @Test func `a callback outlives the kill of its scheduler, is told again, and is listed until it is`()
        async throws
    {
        let deployment = try Deployment(
            dags: Self.dags("echo $DAGKIT_NOTICE_ID >> told; test -e open || exec sleep 600"))
        _ = try await deployment.dagctl("dags trigger teller -r mine --unpause")
        let first = try deployment.start("scheduler", log: "first.log")
        #expect(try await deployment.waits(for: "\n", in: "told"))

        first.send(SIGKILL)
        _ = try await first.wait()
        try FileSystem.write([], to: "\(deployment.folder)/open")
        let waiting = try await deployment.dagctl("notices list --state pending -o plain --no-headers")
        let end = try await deployment.dagctl("scheduler --once")

        #expect(waiting.output.contains("run_failed"), "\(waiting)")
        #expect(end.status == 0, "\(end)")
        let told = try deployment.text(of: "told").split(separator: "\n")
        #expect(told.count == 2)
        #expect(Set(told).count == 1)
        let state: String? = try await deployment.value(
            "select state from notice where kind = 'run_failed'", in: "dagkit.db")
        #expect(state == "delivered")
    }

    @Test func `a callback that is given up says why, and is told once it is mended`() async throws {
        let deployment = try Deployment(
            dags: """
                {"dags": {"teller": {"paused": false,
                    "callbacks": [{"on": "success", "command": "test -e open", "retries": 0, "name": "bell"}],
                    "tasks": [{"id": "tell", "command": "true"}]}}}
                """)
        _ = try await deployment.dagctl("dags trigger teller -r mine --unpause")

        let end = try await deployment.dagctl("scheduler --once")
        let failed = try await deployment.dagctl("notices list --state failed -o json")
        try FileSystem.write([], to: "\(deployment.folder)/open")
        let retry = try await deployment.dagctl("notices retry 1")
        _ = try await deployment.dagctl("scheduler --once")
        let again = try await deployment.dagctl("notices retry 1")
        let run: String? = try await deployment.value("select state from dag_run", in: "dagkit.db")

        #expect(end.errors.contains("bell is not told any more: run teller/mine succeeded"), "\(end)")
        #expect(failed.output.contains(#"the command ended with \"exit 1\""#), "\(failed)")
        #expect(retry.status == 0, "\(retry)")
        #expect(again.complaint.contains(#"no notice "1" waits or was given up"#), "\(again)")
        #expect(run == "success")
    }
}

extension Deployment {
    fileprivate func text(of file: String) throws -> String { try FileSystem.readText("\(folder)/\(file)") }
}

extension String {
    /// How many times a text stands in this one.
    fileprivate func components(_ text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count - 1
    }
}
