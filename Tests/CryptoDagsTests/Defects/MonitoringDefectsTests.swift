import CryptoDags
import DagKit
import FoundationEssentials
import Testing

/// What the original's `crypto_monitoring` did wrong; each test names a defect that must not come back.
@Suite struct MonitoringDefectsTests {
    @Test func `any row of the day was fresh, a snapshot is judged by its age`() async throws {
        let deployment = try Deployment(["source": "coincap"])
        try await deployment.reading { store in
            let body = GeneratedMarket(seed: 1).document(at: .noon, limit: 50)
            try await store.ingest(body, source: "coincap-v3", runID: "r", at: .noon)
        }
        deployment.pass(3_540)
        let fresh = try await deployment.run(CryptoMonitoring(), runID: "fresh")
        deployment.pass(120)

        let stale = try await deployment.run(CryptoMonitoring(), runID: "stale")

        #expect(fresh.state("check_data_freshness") == .success)
        #expect(stale.state("check_data_freshness") == .failed && stale.run.state == .failed)
    }

    @Test func `giants always alarmed by their volume, a steady giant is none`() {
        var history = MarketHistory()
        var random = SplitMix(state: 7)
        for index in 0..<336 {
            let noise = Double.random(in: -1...1, using: &random)
            let point = MarketPoint(
                at: .noon.addingTimeInterval(Double(index - 336) * 1_800), price: 100 + noise * 0.5,
                volume: 40e9 + noise * 1e9, rank: 1)
            history.append(point, to: "coin-1")
        }
        let giant = MarketRow.fixture(rank: 1, price: 100, change: 2, volume: Amount(40_000_000_000))

        #expect(AnomalyDetector().detect([giant], history: history, now: .noon).isEmpty)
    }

    @Test func `a coin stood in the list once for each snapshot of the day, it stands there once`()
        async throws
    {
        let deployment = try Deployment(["source": "generated:1", "anomaly_change": "0.1"])
        for index in 0..<3 {
            _ = try await deployment.run(CryptoDataPipeline())
            _ = try await deployment.run(CryptoMonitoring(), runID: RunID("m\(index)"))
            deployment.pass(3_600)
        }

        let anomalies = try await deployment.reading {
            try await $0.anomalies(date: "2025-10-25", source: "generated:1")
        }
        let keys = anomalies.map { "\($0.cryptoID) \($0.rule) \($0.direction)" }
        #expect(!keys.isEmpty && Set(keys).count == keys.count)
    }

    @Test func `a mail came always and without a single anomaly, it comes with them or not at all`()
        async throws
    {
        let quiet = try Deployment(["source": "generated:1", "anomaly_rank": "10", "anomaly_volume": "1e15"])
        let loud = try Deployment(["source": "generated:1", "anomaly_change": "0.1"])
        for deployment in [quiet, loud] { _ = try await deployment.run(CryptoDataPipeline()) }

        let none = try await quiet.run(CryptoMonitoring())
        _ = try await loud.run(CryptoMonitoring())

        #expect(none.state("send_alert_if_needed") == .skipped && none.run.state == .success)
        #expect(none.state("end") == .success)
        #expect(try await quiet.reading { try await $0.pendingMails() }.allSatisfy { $0.mail.kind != .alert })
        let alert = try await loud.reading { try await $0.pendingMails().first { $0.mail.kind == .alert } }
        #expect(alert?.mail.text.contains("variation_24h") == true)
    }

    @Test func `what is no number was printed as nan, it is unknown wherever it is shown`() async throws {
        let store = try await MarketStore.fixture()
        let coin = { (rank: Int, values: String) in
            "{\"id\":\"coin-\(rank)\",\"rank\":\"\(rank)\",\"symbol\":\"C\(rank)\",\"name\":\"Coin\",\"priceUsd\":\"2\",\(values)}"
        }
        let sound = #""marketCapUsd":"100","volumeUsd24Hr":"9000000","changePercent24Hr":"12""#
        let broken = #""marketCapUsd":"Infinity","volumeUsd24Hr":"-Infinity","changePercent24Hr":"NaN""#
        let body = "{\"data\":[\(coin(1, sound)),\(coin(2, broken))],\"timestamp\":1761393600000}"
        let id = try await store.ingest(Array(body.utf8), runID: "r", at: .noon).snapshotID
        let processed = try await store.processed(id)

        let anomalies = AnomalyDetector().detect(processed.rows, now: .noon)
        let report = try DailyReport(
            snapshotID: id, source: "test", rows: processed.rows, anomalies: anomalies)

        #expect(processed.faults.map(\.field) == ["marketCapUsd", "volumeUsd24Hr", "changePercent24Hr"])
        #expect(processed.rows[1].tendance == .unknown && processed.rows[1].categorie == .unknown)
        #expect(report.meanChange == 12 && report.medianChange == 12 && report.unknown == 1)
        #expect(anomalies.map(\.cryptoID) == ["coin-1"])
        let alert = CryptoMail.alert(
            anomalies, date: "2025-10-25", time: "12:00:00", marketMedian: .nan, language: .french)
        let texts = [
            report.text, report.text(.english), report.html(.french), try report.json(), alert.text,
            alert.html,
            NumberText.french.number(.nan), NumberText.english.number(-.infinity),
        ]
        for text in texts {
            let words = text.lowercased().split { !$0.isLetter }
            #expect(
                !words.contains("nan") && !words.contains("inf") && !words.contains("infinity"), "\(text)")
        }
        #expect(alert.text.contains("n/d") && report.text(.english).contains("n/a"))
    }

    @Test func `statistics summed every snapshot and knew no anomalies, they are of one snapshot`()
        async throws
    {
        let deployment = try Deployment([
            "source": "generated:1", "anomaly_rank": "10", "anomaly_volume": "1e15",
        ])
        for _ in 0..<3 {
            _ = try await deployment.run(CryptoDataPipeline())
            deployment.pass(600)
        }

        _ = try await deployment.run(CryptoMonitoring())

        let (row, total) = try await deployment.reading { store in
            (
                try await store.database.query("select * from monitoring_stats")[0],
                try #require(try await store.latestSnapshot()).marketCapTotal
            )
        }
        #expect(try row["total_cryptos"] == 250 && row["anomalies_detected"] == 0)
        #expect(try row["market_cap_total_exact"] == total.description)
    }

    @Test func `the tasks are those of the manual, hourly, with freshness and statistics in sight`() throws {
        let spec = try DAGSpec(CryptoMonitoring())

        let names: [TaskID] = [
            "start", "check_data_freshness", "check_top_10_cryptos", "detect_anomalies",
            "update_monitoring_stats", "send_alert_if_needed", "end",
        ]
        #expect(spec.tasks.map(\.id) == names)
        #expect(CryptoMonitoring().configuration.schedule == .cron("0 * * * *"))
    }
}
