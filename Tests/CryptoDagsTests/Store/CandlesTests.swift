import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct CandlesTests {
    @Test(arguments: StoreKind.allCases)
    func `loads fill the candle of their hour and day`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        let times = [0.0, 1_800, 3_600].map { Date.noon.addingTimeInterval($0) }
        for (index, time) in times.enumerated() {
            try await store.ingestGenerated(runID: "r\(index)", at: time)
        }
        let prices = try await prices(of: "bitcoin", store)

        let hours = try await store.candles(
            of: "bitcoin", period: .hour, source: "generated:1", since: .distantPast)
        let days = try await store.candles(
            of: "bitcoin", period: .day, source: "generated:1", since: .distantPast)

        #expect(hours.map(\.start) == [times[0], times[2]] && hours.map(\.points) == [2, 1])
        #expect(hours[0].open == prices[0] && hours[0].close == prices[1])
        #expect(hours[0].high == prices[..<2].max() && hours[0].low == prices[..<2].min())
        #expect(days.count == 1 && days[0].points == 3)
        #expect(days[0].start == (try Date(isoText: "2025-10-25")))
        #expect(days[0].high == prices.max() && days[0].low == prices.min() && days[0].close == prices[2])
    }

    @Test(arguments: StoreKind.allCases)
    func `an unchanged answer adds nothing to a candle`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        let body = GeneratedMarket(seed: 1).document(at: .noon, limit: 5)
        for run in ["a", "b"] { try await store.ingest(body, runID: run, at: .noon) }

        let hours = try await store.candles(of: "bitcoin", period: .hour, source: "test", since: .distantPast)

        #expect(hours.map(\.points) == [1])
    }

    @Test(arguments: StoreKind.allCases)
    func `the source's history fills gaps and never replaces what snapshots saw`(kind: StoreKind) async throws
    {
        let store = try await MarketStore.fixture(on: kind)
        try await store.ingestGenerated(runID: "r", at: .noon)
        let seen = try await store.candles(of: "bitcoin", period: .hour, source: "generated:1", since: .noon)
        let given = [-3_600.0, 0].map {
            Candle(start: .noon.addingTimeInterval($0), open: 1, high: 1, low: 1, close: 1, points: 1)
        }

        let added = try await store.save(given, of: "bitcoin", period: .hour, source: "generated:1")

        let all = try await store.candles(
            of: "bitcoin", period: .hour, source: "generated:1", since: .distantPast)
        #expect(added == 1 && all == [given[0]] + seen)
    }

    @Test func `a history joins neighbours until it fits`() {
        let candles: [Candle] = (0..<10).map { (index: Int) -> Candle in
            let value = Double(index)
            return Candle(
                start: Date(timeIntervalSince1970: value), open: value, high: value + 5, low: -value,
                close: value + 0.5, points: 1)
        }

        let joined = Candle.joined(candles, limit: 4)

        #expect(joined.count == 4 && joined.map(\.points) == [3, 3, 3, 1])
        #expect(joined[0].open == 0 && joined[0].close == 2.5 && joined[0].high == 7 && joined[0].low == -2)
        #expect(Candle.joined(candles, limit: 10) == candles)
    }

    @Test(arguments: StoreKind.allCases)
    func `a long history has days where hours are gone`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        for day in 0..<4 {
            try await store.ingestGenerated(
                runID: "d\(day)", at: .noon.addingTimeInterval(Double(day) * 86_400))
        }
        let now = Date.noon.addingTimeInterval(3 * 86_400)
        _ = try await store.cleanUp(Retention(history: .seconds(2 * 86_400 - 1)), now: now)

        let history = try await store.priceHistory(
            of: "bitcoin", source: "generated:1", since: .distantPast, now: now)

        #expect(history.map(\.start.ds) == ["2025-10-25", "2025-10-26", "2025-10-27", "2025-10-28"])
        #expect(history.last?.start == now && history[2].start == now.addingTimeInterval(-86_400))
    }

    private func prices(of id: String, _ store: MarketStore) async throws -> [Double] {
        try await store.database.query(
            "select cast(prix_usd as double precision) from crypto_historique where crypto_id = \(id) order by snapshot_id"
        ).map { try $0[0] }
    }
}
