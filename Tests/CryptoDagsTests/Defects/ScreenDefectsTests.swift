import CryptoDags
import DagKit
import FoundationEssentials
import Testing

/// What the original's screens got wrong for want of the right data; each test names a defect that must not come back.
@Suite struct ScreenDefectsTests {
    @Test func `the top three were one coin three times, they are three coins`() async throws {
        let store = try await MarketStore.fixture()
        for index in 0..<3 {
            try await store.ingestGenerated(
                runID: "r\(index)", at: .noon.addingTimeInterval(Double(index) * 1_800))
        }

        let names = try await store.database.query("select nom from crypto_dashboard order by rang limit 3")

        #expect(Set(names.map(\.values)).count == 3)
    }

    @Test func `questions were built from texts, a text cannot change a question`() async throws {
        let store = try await MarketStore.fixture()
        try await store.ingestGenerated(runID: "r", at: .noon)

        let found = try await store.priceHistory(
            of: "x' or '1'='1", source: "generated:1", since: .distantPast, now: .noon)

        #expect(found.isEmpty)
    }

    @Test func `a slider of days showed two of them, the whole span is there in at most 500 points`()
        async throws
    {
        let store = try await MarketStore.fixture()
        let hours = (0..<30 * 24).map { index in
            Candle(
                start: .noon.addingTimeInterval(Double(index - 720) * 3_600), open: 1, high: 2, low: 0.5,
                close: 1, points: 2)
        }
        _ = try await store.save(hours, of: "bitcoin", period: .hour, source: "s")

        let month = try await store.priceHistory(
            of: "bitcoin", source: "s", since: .noon.addingTimeInterval(-30 * 86_400), now: .noon)

        #expect(month.count == 360 && month.first?.start == hours[0].start)
        #expect(month.reduce(0) { $0 + $1.points } == 1_440)
    }

    @Test func `small prices were shown as 0.00, they keep four digits`() throws {
        let price = try Amount("0.0000000228759514")

        #expect(NumberText.english.dollarPrice(price) == "$0.00000002288")
        #expect(NumberText.french.dollarPrice(price) == "0,00000002288\u{A0}$")
    }

    @Test func `the last update was the clock of the page, it is the time of the data`() async throws {
        let deployment = try Deployment(["source": "generated:1"])
        _ = try await deployment.run(CryptoDataPipeline())
        deployment.pass(7_200)

        let report = try await deployment.reading {
            try await $0.report(date: "2025-10-25", source: "generated:1")
        }

        #expect(report?.updatedAt == "12:00:00")
    }

    @Test(arguments: [1, 2]) func `fewer than three coins broke the page, a report takes what there is`(
        count: Int
    ) throws {
        let rows = (1...count).map { MarketRow.fixture(rank: $0, change: nil, volume: nil) }

        let report = try DailyReport(snapshotID: 1, source: "test", rows: rows)

        #expect(report.topTen.count == count && report.meanChange == nil)
        #expect(report.text.contains("n/d") && report.html(.english).contains("n/a"))
    }

    @Test func `the panel of the pipeline said nothing of failures, its log does`() async throws {
        let deployment = try Deployment()

        _ = try await deployment.run(CryptoDataPipeline(), runID: "one")

        let states = try await deployment.reading { store in
            try await store.database.query(
                "select operation, status, duration_ms from pipeline_logs where run_id = 'one' order by id")
        }
        #expect(
            try states.contains { try $0["status"] == "failed" && $0["operation"] == "check_coincap_api" })
        #expect(try states.allSatisfy { try ($0["duration_ms"] as Int?) != nil })
    }
}
