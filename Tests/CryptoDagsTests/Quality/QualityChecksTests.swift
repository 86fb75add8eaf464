import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct QualityChecksTests {
    @Test func `a sound snapshot passes every check with a full score`() {
        let input = input(previous: MarketRow.market(factor: 99))

        let report = QualityChecks.run(input)

        #expect(report.results.allSatisfy { $0.verdict == .passed })
        #expect(report.score == 100)
        #expect(report.results.count == 26)
    }

    @Test func `a first snapshot skips what compares`() {
        let skipped = QualityChecks.run(input()).results.filter { $0.verdict == .skipped }.map(\.check)

        #expect(skipped == ["drift.membership", "drift.identical", "drift.total", "drift.price"])
    }

    @Test(arguments: [
        ("completeness.count", QualityVerdict.failed), ("completeness.top10", .failed),
        ("completeness.required", .failed),
        ("completeness.nulls.market_cap_usd", .warning), ("completeness.nulls.volume_24h_usd", .failed),
        ("completeness.nulls.variation_24h_pourcent", .warning),
        ("completeness.nulls.vwap_24h", .warning), ("uniqueness.id", .failed), ("uniqueness.symbol", .info),
        ("range.price", .warning), ("range.cap", .warning), ("range.volume", .warning),
        ("range.supply", .failed), ("range.change", .warning), ("range.vwap", .warning),
        ("consistency.cap", .warning),
        ("consistency.supply", .warning),
        ("consistency.vwap", .warning), ("rank.continuity", .warning), ("rank.order", .warning),
        ("freshness.api", .warning),
        ("drift.membership", .warning), ("drift.identical", .failed), ("drift.total", .failed),
        ("drift.price", .warning),
    ])
    func `a fault is found by its check`(check: String, verdict: QualityVerdict) throws {
        let report = QualityChecks.run(try faulty(check))

        #expect(report.results.first { $0.check == check }?.verdict == verdict)
    }

    @Test func `a repeated rank in the top 100 fails`() {
        var input = input()
        input.snapshot.rows[49].rang = 51

        #expect(verdict("rank.continuity", input) == .failed)
    }

    @Test(arguments: [
        (-3.0, QualityVerdict.failed), (-1, .passed), (9, .passed), (11, .warning), (59, .warning),
        (61, .failed),
    ])
    func `live data are judged by their age in minutes`(minutes: Double, expected: QualityVerdict) {
        var input = input()
        input.apiTimestamp = input.now.addingTimeInterval(-minutes * 60)

        #expect(verdict("freshness.api", input) == expected)
        input.isLive = false
        #expect(verdict("freshness.api", input) == (expected == .passed ? .passed : .info))
    }

    @Test func `a replay that repeats itself is told and fails nothing`() {
        var input = input(previous: MarketRow.market())
        input.isLive = false

        #expect(verdict("drift.identical", input) == .info)
        #expect(QualityChecks.run(input).failures.isEmpty)
    }

    @Test(arguments: [(119.0, QualityVerdict.passed), (121, .failed)])
    func `the newest snapshot may be two intervals old`(minutes: Double, expected: QualityVerdict) {
        let result = QualityChecks.tableFreshness(
            fetchedAt: .noon, interval: .seconds(3_600), isLive: true,
            now: .noon.addingTimeInterval(minutes * 60))

        #expect(result.verdict == expected)
    }

    @Test func `the score never falls below zero`() {
        let failed = QualityResult("x", .failed, rows: 1, message: "")
        let warning = QualityResult("y", .warning, rows: 1, message: "")

        #expect(QualityReport([failed, warning, warning]).score == 65)
        #expect(QualityReport(Array(repeating: failed, count: 9)).score == 0)
    }

    @Test func `the error names the failed checks`() throws {
        let error = QualityError(QualityChecks.run(try faulty("completeness.top10")))

        #expect(error.problem.contains(#""completeness.top10" (ranks missing: 3; ranks repeated: none)"#))
    }

    @Test(.enabled(if: Recorded.folder != nil, "the recorded answers are absent"))
    func `the recorded 1000 assets have their known faults and no other`() throws {
        let content = try SnapshotContent(
            SnapshotPayload(
                source: "test",
                pages: [RawAnswer(body: try Recorded.thousandAssets().bytes, fetchedAt: .noon)], wanted: nil))
        let snapshot = SnapshotProcessor().process(content.assets, timestamp: .noon)

        let report = QualityChecks.run(
            QualityInput(snapshot: snapshot, apiTimestamp: content.apiTimestamp, isLive: false, now: .noon))

        #expect(report.failures.isEmpty)
        #expect(report.results.first { $0.check == "rank.order" }?.rows == 2)
        #expect(report.results.first { $0.check == "uniqueness.symbol" }?.rows == 21)
        #expect(report.results.first { $0.check == "rank.continuity" }?.verdict == .passed)
        #expect(report.results.first { $0.check == "consistency.cap" }?.verdict == .passed)
    }

    private func input(previous: [MarketRow]? = nil) -> QualityInput {
        QualityInput(
            snapshot: ProcessedSnapshot(rows: MarketRow.market()), previous: previous?.map(EarlierCoin.init),
            recentCounts: [120, 120],
            wanted: 120, apiTimestamp: .noon, now: .noon)
    }

    private func verdict(_ check: String, _ input: QualityInput) -> QualityVerdict? {
        QualityChecks.run(input).results.first { $0.check == check }?.verdict
    }

    /// A sound input with the one fault that a check looks for.
    private func faulty(_ check: String) throws -> QualityInput {
        var input = input(previous: MarketRow.market(factor: 99))
        switch check {
        case "completeness.count": input.snapshot.rows.removeLast(20)
        case "completeness.top10": input.snapshot.rows.remove(at: 2)
        case "completeness.required":
            input.snapshot.rejected = [
                RejectedAsset(position: 100, cryptoID: "x", field: "priceUsd", reason: "it is missing")
            ]
        case "completeness.nulls.market_cap_usd":
            for index in 0..<6 { input.snapshot.rows[index].marketCapUsd = nil }
        case "completeness.nulls.volume_24h_usd":
            for index in 0..<21 { input.snapshot.rows[index].volume24hUsd = nil }
        case "completeness.nulls.variation_24h_pourcent":
            for index in 0..<6 { input.snapshot.rows[index].variation24hPourcent = nil }
        case "completeness.nulls.vwap_24h": for index in 0..<16 { input.snapshot.rows[index].vwap24h = nil }
        case "uniqueness.id": input.snapshot.duplicateIDs = ["coin-1"]
        case "uniqueness.symbol": input.snapshot.rows[0].symbole = "C2"
        case "range.price":
            input.snapshot.rejected = [
                RejectedAsset(position: 120, cryptoID: "x", field: "priceUsd", reason: "it is below zero")
            ]
        case "range.cap": input.snapshot.faults = [fault("marketCapUsd")]
        case "range.change": input.snapshot.faults = [fault("changePercent24Hr")]
        case "range.vwap": input.snapshot.faults = [fault("vwap24Hr")]
        case "range.volume": input.snapshot.faults = [fault("volumeUsd24Hr")]
        case "range.supply": input.snapshot.faults = [fault("supply"), fault("maxSupply")]
        case "consistency.cap": input.snapshot.rows[0].supplyCirculant = 5
        case "consistency.supply": input.snapshot.rows[0].supplyMax = 5
        case "consistency.vwap": input.snapshot.rows[0].vwap24h = 5_000
        case "rank.continuity": input.snapshot.rows[119].rang = 500
        case "rank.order":
            for index in stride(from: 1, to: 9, by: 2) { input.snapshot.rows.swapRanks(index, index + 1) }
        case "freshness.api": input.apiTimestamp = input.now.addingTimeInterval(-900)
        case "drift.membership": for index in 0..<6 { input.snapshot.rows[index].cryptoID = "new-\(index)" }
        case "drift.identical": input.previous = MarketRow.market().map(EarlierCoin.init)
        case "drift.total": input.previous = MarketRow.market(factor: 50).map(EarlierCoin.init)
        case "drift.price": input.previous?[0].prixUsd = 5
        default: Issue.record("no fault for \(check)")
        }
        return input
    }

    private func fault(_ field: String) -> FieldFault {
        FieldFault(cryptoID: "coin-1", field: field, value: "-1", reason: "it is below zero")
    }
}

extension [MarketRow] {
    fileprivate mutating func swapRanks(_ left: Int, _ right: Int) {
        (self[left].rang, self[right].rang) = (self[right].rang, self[left].rang)
    }
}
