import DagKitSystem
import Glibc
import Testing

/// Whether a scheduler lives, told by its lock.
@Suite struct JobTests {
    private static let dags = #"{"dags": {"teller": {"tasks": [{"id": "tell", "command": "true"}]}}}"#

    @Test func `the row of a killed scheduler is failed once somebody looks, that of a living one is not`()
        async throws
    {
        let deployment = try Deployment(dags: Self.dags)
        let first = try deployment.start("scheduler", log: "first.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "first.log"))
        let alive = try await deployment.dagctl("jobs check --local")
        let stored = try await states(deployment)

        first.send(SIGKILL)
        _ = try await first.wait()
        let dead = try await deployment.dagctl("jobs check")
        let judged = try await states(deployment)

        #expect(alive.status == 0 && alive.output == "Found one alive job.\n", "\(alive)")
        #expect(stored == "running")
        #expect(dead.status == 1 && dead.complaint == "No alive jobs found.", "\(dead)")
        #expect(judged == "failed ended")
    }

    @Test func `a scheduler that starts settles the rows of those before it`() async throws {
        let deployment = try Deployment(dags: Self.dags)
        let first = try deployment.start("scheduler", log: "first.log")
        #expect(try await deployment.waits(for: "scheduler started", in: "first.log"))
        first.send(SIGKILL)
        _ = try await first.wait()

        let second = try await deployment.dagctl("scheduler --once")

        #expect(second.status == 0, "\(second)")
        #expect(try await states(deployment) == "failed ended, success ended")
    }

    /// The states of the jobs, the first one first.
    private func states(_ deployment: Deployment) async throws -> String? {
        try await deployment.value(
            """
            select group_concat(state || case when end_date is null then '' else ' ended' end, ', ')
            from (select * from job order by id)
            """, in: "dagkit.db")
    }
}
