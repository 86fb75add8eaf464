import CryptoDags
import DagKit
import FoundationEssentials
import Testing

/// What the original's tables and views did wrong; each test names a defect that must not come back.
@Suite struct TableDefectsTests {
    @Test func `every number was a Double, amounts keep all their digits`() async throws {
        let store = try await MarketStore.fixture()
        let body = Array(
            """
            {"data":[{"id":"shiba-inu","rank":"1","symbol":"SHIB","name":"Shiba","priceUsd":"0.000045123456789012",
            "supply":"549095509738353.1234567890123456","marketCapUsd":null,"volumeUsd24Hr":null,"changePercent24Hr":null,
            "vwap24Hr":null}],"timestamp":1761393600000}
            """.utf8)
        try await store.ingest(body, runID: "r", at: .noon)

        let row = try await store.rows(of: try #require(try await store.latestSnapshot()).id)[0]

        #expect(row.supplyCirculant?.description == "549095509738353.1234567890123456")
        #expect(row.prixUsd.description == "0.000045123456789012")
    }

    @Test func `a retry doubled the rows, it changes none`() async throws {
        let deployment = try Deployment(["source": "generated:1"])
        _ = try await deployment.run(CryptoDataPipeline(), runID: "one")
        _ = try await deployment.run(CryptoDataPipeline(), runID: "one")

        let rows = try await deployment.reading { store in
            try await store.database.query(
                "select count(*), count(distinct crypto_id), count(distinct snapshot_id) from crypto_historique"
            )[0]
        }
        #expect(rows.values == [250, 250, 1])
    }

    @Test func `a row did not tell its run, a snapshot does`() async throws {
        let deployment = try Deployment(["source": "generated:1"])

        _ = try await deployment.run(CryptoDataPipeline(), runID: "one")

        let snapshot = try await deployment.reading { try await $0.latestSnapshot() }
        #expect(snapshot?.runID == "one" && snapshot?.dagID == "crypto_data_pipeline")
        let lines: Int = try await deployment.reading {
            try await $0.value(
                "select count(*) from pipeline_logs where run_id = 'one' and dag_id is not null")
        }
        #expect(lines == 8)
    }

    @Test func `times were text without a zone, hours sort and follow the configured zone`() {
        let evening = Date(timeIntervalSince1970: 1_761_429_590)
        let paris = MarketCalendar(name: "Europe/Paris") { _ in 7_200 }

        #expect(
            MarketCalendar.utc.day(of: evening) == "2025-10-25"
                && MarketCalendar.utc.time(of: evening) == "21:59:50")
        #expect(paris.time(of: evening) == "23:59:50")
        #expect(paris.day(of: evening.addingTimeInterval(60)) == "2025-10-26")
        #expect("09:05:00" < MarketCalendar.utc.time(of: evening))
    }

    @Test func `the summary of a day was as many times too high as it had runs`() async throws {
        let store = try await MarketStore.fixture()
        for index in 0..<3 {
            try await store.ingestGenerated(
                runID: "r\(index)", at: .noon.addingTimeInterval(Double(index) * 1_800))
        }

        let row = try await store.database.query("select * from market_summary")[0]

        #expect(try row["nombre_cryptos"] == 50 && row["snapshots"] == 3)
        let latest = try #require(try await store.latestSnapshot())
        #expect(try row["market_cap_total"] == latest.marketCapTotal.doubleValue)
    }

    @Test func `midnight emptied every screen, the newest snapshot stays in sight`() async throws {
        let store = try await MarketStore.fixture()
        let late = Date.noon.addingTimeInterval(11.9 * 3_600)
        try await store.ingestGenerated(runID: "late", at: late)

        let shown: Int = try await store.value("select count(*) from crypto_dashboard")

        #expect(shown == 50)
        #expect(try await store.value("select min(date_import) from crypto_latest") == "2025-10-25")
    }

    @Test func `a ticker was taken for a coin, two coins of one ticker stay two`() async throws {
        let store = try await MarketStore.fixture()
        let asset = { (id: String, rank: Int) in
            "{\"id\":\"\(id)\",\"rank\":\"\(rank)\",\"symbol\":\"LEO\",\"name\":\"\(id)\",\"priceUsd\":\"\(rank)\"}"
        }
        let body =
            "{\"data\":[\(asset("unus-sed-leo", 1)),\(asset("leocoin", 2))],\"timestamp\":1761393600000}"
        try await store.ingest(Array(body.utf8), runID: "r", at: .noon)

        let candles = try await store.candles(
            of: "leocoin", period: .hour, source: "test", since: .distantPast)

        #expect(candles.map(\.close) == [2])
    }
}
