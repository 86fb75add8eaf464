import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct AnomalyDetectorTests {
    @Test(
        arguments: [
            ("10", nil), ("10.0000000001", AnomalySeverity.medium), ("20", .medium), ("-20.01", .high),
            ("50", .high),
            ("-50.5", .critical),
        ] as [(String, AnomalySeverity?)])
    func `a change beyond the bound is an anomaly of its size`(change: String, expected: AnomalySeverity?)
        throws
    {
        let rows = [MarketRow.fixture(change: try Amount(change))]

        let found = AnomalyDetector().detect(rows, now: .noon)

        #expect(found.first { $0.rule == .variation }?.severity == expected)
    }

    @Test func `coins far down the list or hardly traded are left out`() {
        let rows = [
            MarketRow.fixture(rank: 201, change: 60), .fixture(rank: 2, change: 60, volume: 99_999),
            .fixture(rank: 3, change: 60, volume: nil),
        ]

        #expect(AnomalyDetector().detect(rows, now: .noon).isEmpty)
    }

    @Test func `a move of the whole market stands out nowhere`() {
        let rows = (1...100).map { MarketRow.fixture(rank: $0, change: Amount(-18 + $0 % 3)) }
        let outlier = rows + [MarketRow.fixture(rank: 101, change: 9)]

        let found = AnomalyDetector().detect(outlier, now: .noon).filter { $0.rule == .crossSection }

        #expect(found.map(\.cryptoID) == ["coin-101"])
        #expect(found.first?.baseline == -17)
    }

    @Test func `a market without any spread has no outliers`() {
        let rows = (1...50).map { MarketRow.fixture(rank: $0, change: 4) }

        #expect(AnomalyDetector().detect(rows, now: .noon).isEmpty)
    }

    @Test func `a return or a volume that a coin's week never saw is an anomaly`() {
        let row = MarketRow.fixture(price: 120, change: 1, volume: 80_000_000)

        let found = AnomalyDetector().detect([row], history: history(points: 60), now: .noon)

        #expect(Set(found.map(\.rule)) == [.history, .volume])
        #expect(found.allSatisfy { $0.direction == .up })
    }

    @Test func `47 points are too short a past`() {
        let row = MarketRow.fixture(price: 120, change: 1, volume: 80_000_000)

        #expect(AnomalyDetector().detect([row], history: history(points: 47), now: .noon).isEmpty)
    }

    @Test(arguments: [("0.9801", false), ("0.979", true), ("1.021", true)])
    func `a stable coin that leaves its peg is an anomaly`(price: String, isFound: Bool) throws {
        let row = MarketRow.fixture(price: try Amount(price), change: 0)
        let history = history(points: 60, price: 1, wobble: 0.001)

        let found = AnomalyDetector().detect([row], history: history, now: .noon)

        #expect(found.contains { $0.rule == .depeg } == isFound)
    }

    @Test(arguments: [(40, 31, false), (40, 30, true), (55, 45, true), (75, 60, false)])
    func `a large coin that moves ten ranks in a day is an anomaly`(before: Int, now rank: Int, isFound: Bool)
    {
        let row = MarketRow.fixture(rank: rank, id: "mover", change: 0)
        var history = MarketHistory()
        history.append(
            MarketPoint(at: .noon.addingTimeInterval(-80_000), price: 100, volume: 1, rank: before),
            to: "mover")

        #expect(
            AnomalyDetector().detect([row], history: history, now: .noon).contains { $0.rule == .rank }
                == isFound)
    }

    @Test func `the most severe come first`() {
        let rows = [12, 60, 25].enumerated().map {
            MarketRow.fixture(rank: $0.offset + 1, change: Amount($0.element))
        }

        let found = AnomalyDetector().detect(rows, now: .noon).filter { $0.rule == .variation }

        #expect(found.map(\.severity) == [.critical, .high, .medium])
    }

    @Test(.enabled(if: Recorded.folder != nil, "the recorded answers are absent"))
    func `the recorded top 200 have their 22 large changes, of which 13 stand out`() throws {
        let content = try SnapshotContent(
            SnapshotPayload(
                source: "test",
                pages: [RawAnswer(body: try Recorded.thousandAssets().bytes, fetchedAt: .noon)], wanted: nil))
        let rows = SnapshotProcessor().process(content.assets, timestamp: .noon).rows
        var thresholds = AnomalyThresholds()
        thresholds.smallestVolume = 0

        let found = AnomalyDetector(thresholds: thresholds).detect(rows, now: .noon)

        #expect(found.count { $0.rule == .variation } == 22)
        #expect(found.count { $0.rule == .variation && $0.severity > .medium } == 5)
        #expect(found.count { $0.rule == .crossSection } == 13)
    }

    private func history(points: Int, price: Double = 100, wobble: Double = 0.1) -> MarketHistory {
        var history = MarketHistory()
        for index in 0..<points {
            let sign = Double(index % 3 - 1)
            let point = MarketPoint(
                at: .noon.addingTimeInterval(Double(index - points) * 1_800), price: price + sign * wobble,
                volume: 5_000_000 + sign * 50_000, rank: 1)
            history.append(point, to: "coin-1")
        }
        return history
    }
}

@Suite struct AlertPolicyTests {
    private let key = AlertKey(cryptoID: "coin-1", rule: .variation, direction: .up)

    @Test(
        arguments: [
            (-7 * 3_600, 12, 15, false), (-18 * 3_600, 12, 15, true), (-3_600, 12, 24, true),
            (-3_600, 12, 23.9, false),
        ] as [(Double, Double, Double, Bool)])
    func `an alert comes again after a day or when its score doubled`(
        age: Double, before: Double, score: Double, isDue: Bool
    ) {
        let last = [key: LastAlert(at: .noon.addingTimeInterval(age), score: before)]

        #expect(AlertPolicy().due([anomaly(score)], last: last, now: .noon).isEmpty != isDue)
    }

    @Test func `midnight does not end the cooldown`() {
        let lateEvening = Date.noon.addingTimeInterval(11.9 * 3_600)
        let last = [key: LastAlert(at: lateEvening, score: 12)]

        #expect(
            AlertPolicy().due([anomaly(12)], last: last, now: lateEvening.addingTimeInterval(1_800)).isEmpty)
        #expect(
            AlertPolicy().due([anomaly(12)], last: last, now: lateEvening.addingTimeInterval(7 * 3_600)).count
                == 1)
    }

    @Test func `what goes on without a pause is one anomaly, told again after a day`() {
        let lateEvening = Date.noon.addingTimeInterval(11.5 * 3_600)
        let due = { (hours: Double, seenBefore: Double) in
            let now = lateEvening.addingTimeInterval(hours * 3_600)
            let memory = LastAlert(
                at: lateEvening, score: 12, seenAt: now.addingTimeInterval(-seenBefore * 3_600))
            return !AlertPolicy().due([anomaly(12)], last: [key: memory], now: now).isEmpty
        }

        #expect(!due(10, 1) && due(10, 6) && !due(23.9, 1) && due(24, 1))
    }

    @Test func `the other direction alerts at once`() {
        let last = [
            AlertKey(cryptoID: "coin-1", rule: .variation, direction: .down): LastAlert(at: .noon, score: 12)
        ]

        #expect(AlertPolicy().due([anomaly(12)], last: last, now: .noon).count == 1)
    }

    private func anomaly(_ score: Double) -> Anomaly {
        Anomaly(
            .fixture(), rule: .variation, direction: .up, severity: .medium, value: score, baseline: 0,
            threshold: 10,
            score: score)
    }
}
