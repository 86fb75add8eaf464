import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// What `dagctl` says, returns and stores when the market's source fails.
@Suite struct SourceFailureTests {
    private static let fetch = "tasks test crypto_data_pipeline check_coincap_api 2025-10-25"

    @Test func `an API that is down is called again, and then fails the task with its address`() async throws
    {
        let deployment = try Deployment(environment: ["DAGKIT_VAR_COINCAP_URL": "http://127.0.0.1:9/v3"])

        let result = try await deployment.dagctl(Self.fetch)

        #expect(result.status == 1)
        #expect(
            result.complaint.hasPrefix(
                #"dagctl: error: task "check_coincap_api" failed: CoinCap unreachable ("#))
        #expect(result.complaint.contains("check the network and coincap_url"))
        #expect(result.errors.split(separator: "\n").count { $0.contains("calling again in") } == 3)
        #expect(try await Self.lastLog(of: deployment)?.contains("CoinCap unreachable") == true)
        #expect(try await Self.answers(in: deployment) == 0)
    }

    @Test(arguments: [
        ("429", #"CoinCap rate limit ("429"); wait, or run the pipeline less often"#),
        (
            "retired",
            #"this URL is CoinCap "v2", retired on 31 March 2025; set coincap_url to https://rest.coincap.io/v3 "#
                + "and provide COINCAP_API_KEY"
        ),
        ("html", "check coincap_url and any proxy on the way"),
    ])
    func `an answer that is of no use fails the task with what to do`(fault: String, message: String)
        async throws
    {
        let deployment = try Deployment(environment: [:])
        let server = try await Server(deployment, fault: fault)

        let result = try await deployment.dagctl(
            Self.fetch, environment: ["DAGKIT_VAR_COINCAP_URL": server.address])
        try await server.stop()

        #expect(result.status == 1)
        #expect(result.complaint.contains(message), "\(result)")
        #expect(
            try await Self.lastLog(of: deployment)?.contains(message.replacing("\"", with: "\\\"")) == true)
    }

    @Test func `a notice of retirement is final: no second try, and nothing downstream runs`() async throws {
        let deployment = try Deployment(environment: [:])
        let server = try await Server(deployment, fault: "retired")

        let result = try await deployment.dagctl(
            "dags trigger crypto_data_pipeline --wait --local",
            environment: ["DAGKIT_VAR_COINCAP_URL": server.address])
        try await server.stop()

        let tries: Int? = try await deployment.value(
            "select try_number from task_instance where task_id = 'check_coincap_api'", in: "dagkit.db")
        let state: String? = try await deployment.value("select state from dag_run", in: "dagkit.db")
        let end: String? = try await deployment.value(
            "select state from task_instance where task_id = 'end'", in: "dagkit.db")
        #expect(result.status == 1)
        #expect(result.errors.contains("check_coincap_api failed (this URL is CoinCap"))
        #expect(tries == 1 && state == "failed" && end == "upstream_failed")
    }

    @Test func `a limit that passes costs a retry and not the run`() async throws {
        let deployment = try Deployment(
            dags: #"{"dags": {"crypto_data_pipeline": {"paused": false}}}"#, environment: [:])
        let server = try await Server(deployment, fault: "429", times: 1)

        let result = try await deployment.dagctl(
            "dags test crypto_data_pipeline -o json", environment: ["DAGKIT_VAR_COINCAP_URL": server.address])
        try await server.stop()

        #expect(result.status == 0, "\(result)")
        #expect(result.errors.contains("check_coincap_api up_for_retry (CoinCap rate limit"))
        #expect(try await deployment.value("select count(*) from crypto_latest", in: "crypto.db") == 250)
    }

    @Test func `without a key and without a choice the task names both ways out`() async throws {
        let deployment = try Deployment(environment: [:])

        let result = try await deployment.dagctl(Self.fetch)

        #expect(result.status == 1)
        #expect(
            result.complaint.contains(
                #""coincap_api_key" is not set; run dagctl variables set coincap_api_key --secret, "#
                    + "or set crypto.source to generated:1"))
    }

    // MARK: What the store holds

    private static func lastLog(of deployment: Deployment) async throws -> String? {
        try await deployment.value(
            "select status || ' ' || detail from pipeline_logs where status = 'failed' order by id desc limit 1",
            in: "crypto.db")
    }

    private static func answers(in deployment: Deployment) async throws -> Int? {
        try await deployment.value("select count(*) from crypto_raw", in: "crypto.db")
    }

    /// A CoinCap of the test's own: `dagctl crypto replay-server`.
    private final class Server: Sendable {
        let address: String
        private let process: ChildProcess

        init(_ deployment: Deployment, fault: String, times: Int? = nil) async throws {
            let limit = times.map { " --times \($0)" } ?? ""
            process = try deployment.start(
                "crypto replay-server --port 0 --seed 1 --fault \(fault)\(limit)", log: "server.log")
            guard try await deployment.waits(for: " until Ctrl-C", in: "server.log") else {
                throw CancellationError()
            }
            let words = try FileSystem.readText("\(deployment.folder)/server.log").split(separator: " ")
            address = words.first { $0.hasPrefix("http://") }.map(String.init) ?? ""
        }

        func stop() async throws {
            process.send(SIGTERM)
            _ = try await process.wait()
        }
    }
}
