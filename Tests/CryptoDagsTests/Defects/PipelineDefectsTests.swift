import CryptoDags
import DagKit
import DagKitHTTPServer
import DagKitSQL
import FoundationEssentials
import Synchronization
import Testing

/// What the original's `crypto_data_pipeline` did wrong; each test names a defect that must not come back.
@Suite struct PipelineDefectsTests {
    @Test func `a check that fails was green, it fails its task`() async throws {
        let deployment = try Deployment(variables: ["coincap_url": "http://127.0.0.1:1/v3"])

        let run = try await deployment.run(CryptoDataPipeline())

        #expect(run.run.state == .failed && run.state("check_coincap_api") == .failed)
        #expect(run.state("send_success_email") == .upstreamFailed)
    }

    @Test func `the market was fetched twice, a run makes one call to one address`() async throws {
        let calls = Mutex<[String]>([])
        let body = String(decoding: GeneratedMarket(seed: 1).document(at: .noon, limit: 250), as: UTF8.self)
        try await HTTPServer.serving({ request in
            calls.withLock { $0.append(request.path) }
            return .json(body)
        }) { server in
            let deployment = try Deployment(variables: ["coincap_url": "\(server.url)/v3/assets"])

            let run = try await deployment.run(CryptoDataPipeline())

            #expect(run.run.state == .success && calls.withLock { $0 } == ["/v3/assets"])
        }
    }

    @Test func `a report's error was its text, it fails the task`() async throws {
        let deployment = try Deployment(["source": "generated:1"])
        try await prepare(
            deployment,
            """
            create trigger lost after insert on quality_results begin delete from crypto_historique; end
            """)

        let run = try await deployment.run(CryptoDataPipeline())

        #expect(run.state("generate_daily_report") == .failed && run.run.state == .failed)
    }

    @Test func `the clean-up logged nothing, its line counts the rows`() async throws {
        let deployment = try Deployment(["source": "generated:1", "detail_days": "1"])
        for _ in 0..<2 {
            _ = try await deployment.run(CryptoDataPipeline())
            deployment.pass(1_800)
        }
        deployment.pass(2 * 86_400)
        _ = try await deployment.run(CryptoDataPipeline())
        deployment.pass(1_800)
        _ = try await deployment.run(CryptoDataPipeline(), runID: "last")

        let rows: Int = try await deployment.reading {
            try await $0.value(
                "select records_affected from pipeline_logs where operation = 'cleanup_old_data' and run_id = 'last'"
            )
        }
        #expect(rows == 250)
    }

    @Test func `an outage longer than the retention emptied the history, it loses nothing`() async throws {
        let deployment = try Deployment(["source": "generated:1", "retention_days": "7"])
        _ = try await deployment.run(CryptoDataPipeline())
        deployment.pass(60 * 86_400)

        let outcome = try await deployment.attempt("cleanup_old_data")

        #expect(outcome.failure == nil)
        #expect(
            try await deployment.reading { try await $0.value("select count(*) from crypto_historique") }
                == 250)
    }

    @Test func `seven days were kept for a slider of thirty, a month of prices is there`() async throws {
        let store = try await MarketStore.fixture()
        for day in 0..<32 {
            try await store.ingestGenerated(
                runID: "d\(day)", at: .noon.addingTimeInterval(Double(day) * 86_400), limit: 3)
            _ = try await store.cleanUp(now: .noon.addingTimeInterval(Double(day) * 86_400))
        }

        let now = Date.noon.addingTimeInterval(31 * 86_400)
        let month = try await store.priceHistory(
            of: "bitcoin", source: "generated:1", since: now.addingTimeInterval(-30 * 86_400), now: now)

        #expect(month.count == 31)
    }

    @Test func `an early run hid the failures of the day, a run looks for its own snapshot`() async throws {
        let deployment = try Deployment(["source": "generated:1"])
        let first = try await deployment.run(CryptoDataPipeline())
        deployment.pass(1_800)
        try await prepare(
            deployment,
            """
            create trigger lost after update of complete on crypto_snapshots
            begin delete from crypto_historique where snapshot_id = new.snapshot_id and rang > 100; end
            """)

        let second = try await deployment.run(CryptoDataPipeline())

        #expect(first.run.state == .success && second.state("verify_spark_results") == .failed)
        #expect(second.reason("verify_spark_results")?.contains("100 rows where 250 were loaded") == true)
    }

    @Test func `ten rows of one coin passed for a top ten, the ranks must be 1 to 10`() {
        let rows = (1...12).map { MarketRow.fixture(rank: 1, id: "bitcoin-\($0)") }

        let report = QualityChecks.run(QualityInput(snapshot: ProcessedSnapshot(rows: rows), now: .noon))

        #expect(report.failures.map(\.check).contains("completeness.top10"))
    }

    @Test func `totals grew with the runs of a day, a report shows one snapshot and both totals`()
        async throws
    {
        let deployment = try Deployment(["source": "generated:1"])
        for _ in 0..<3 {
            _ = try await deployment.run(CryptoDataPipeline())
            deployment.pass(1_800)
        }

        let (report, total) = try await deployment.reading { store in
            let report = try #require(try await store.report(date: "2025-10-25", source: "generated:1"))
            return (report, try #require(try await store.latestSnapshot()).marketCapTotal)
        }
        #expect(Set(report.topTen.map(\.nom)).count == 10 && report.marketCapTotal == total)
        #expect(report.marketCapTopTen < report.marketCapTotal)
        #expect(report.text.contains("Market Cap Total:") && report.text.contains("Market Cap Top 10:"))
        #expect(report.updatedAt == "13:00:00")
    }

    @Test func `no failure mail ever went out, one does at once`() async throws {
        let deployment = try Deployment()

        _ = try await deployment.runAndTell(CryptoDataPipeline())

        let kinds = try await deployment.reading { try await $0.pendingMails().map(\.mail.kind) }
        #expect(kinds == [.failure])
    }

    @Test func `forty-eight success mails came a day, one does, and its failure leaves the run green`()
        async throws
    {
        let dead = Connection("smtp_default", type: "smtp", host: "127.0.0.1", port: 1)
        let deployment = try Deployment(["source": "generated:1"], connections: [dead])

        var states: [RunState] = []
        for _ in 0..<4 {
            states.append(try await deployment.run(CryptoDataPipeline()).run.state)
            deployment.pass(1_800)
        }

        #expect(states.allSatisfy { $0 == .success })
        #expect(try await deployment.reading { try await $0.value("select count(*) from outbox") } == 1)
    }

    @Test func `passwords stood in arguments and logs, a key stands nowhere`() async throws {
        let key = "k" + "-0123456789"
        try await HTTPServer.serving({ _ in .text("{\"error\":\"no\"}", status: 401) }) { server in
            let deployment = try Deployment(
                variables: ["coincap_url": "\(server.url)/v3", "coincap_api_key": key])

            let run = try await deployment.runAndTell(CryptoDataPipeline())

            #expect(run.run.state == .failed && !deployment.log.contains { $0.contains(key) })
            let kept: String = try await deployment.reading {
                try await $0.value(
                    "select group_concat(detail) || (select group_concat(text) from outbox) from pipeline_logs"
                )
            }
            #expect(kept.contains("401") && !kept.contains(key))
        }
    }

    /// Puts a trigger into the store of a deployment before its next run.
    private func prepare(_ deployment: Deployment, _ trigger: String) async throws {
        try await deployment.reading { store in
            _ = try await store.database.execute(SQLStatement(verbatim: trigger))
        }
    }
}
