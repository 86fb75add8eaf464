import CryptoCLI
import CryptoDags
import DagKit
import DagKitHTTPServer
import FoundationEssentials
import Testing

@Suite struct HistoryBackfillTests {
    @Test func `a month of hours costs a call for each coin, a year of days too`() {
        let monthAgo = Date.noon.addingTimeInterval(-30 * 86_400)

        let hours = BackfillPlan(
            coins: ["bitcoin", "ethereum"], interval: .hour, from: monthAgo, to: .noon, known: [:])
        let twoMonths = BackfillPlan(
            coins: ["bitcoin"], interval: .hour, from: monthAgo.addingTimeInterval(-30 * 86_400), to: .noon,
            known: [:])
        let days = BackfillPlan(
            coins: ["bitcoin"], interval: .day, from: Date.noon.addingTimeInterval(-365 * 86_400), to: .noon,
            known: [:])

        #expect(hours.credits == 2 && twoMonths.credits == 2 && days.credits == 1)
        #expect(twoMonths.calls[0].end == twoMonths.calls[1].start)
    }

    @Test func `spans that are there already are not asked for again`() {
        let start = Date.noon.addingTimeInterval(-3 * 3_600)
        let whole = Set((0..<3).map { start.addingTimeInterval(Double($0) * 3_600) })
        let plan = { (known: Set<Date>) in
            BackfillPlan(coins: ["a"], interval: .hour, from: start, to: .noon, known: ["a": known]).calls
                .count
        }

        #expect(plan(whole) == 0 && plan(whole.subtracting([start])) == 1)
    }

    @Test func `the history of an invented coin fills its candles, and a second time costs nothing`()
        async throws
    {
        let replay = ReplayServer(market: .generated(seed: 1), now: { .noon })
        try await HTTPServer.serving({ await replay.answer($0) }) { server in
            let store = try await MarketStore.fixture()
            let backfill = try await backfill(store, "\(server.url)/v3")
            let plan = try await backfill.plan(
                coins: ["bitcoin"], top: 1, interval: .hour, days: 2, now: .noon)

            let added = try await backfill.run(plan, now: { .noon }) { _, _ in }
            let again = try await backfill.plan(
                coins: ["bitcoin"], top: 1, interval: .hour, days: 2, now: .noon)

            let candles = try await store.candles(
                of: "bitcoin", period: .hour, source: backfill.source, since: .distantPast)
            #expect(plan.credits == 1 && added == 48 && again.calls.isEmpty && !backfill.isMetered)
            #expect(candles.count == 48 && candles.last?.start == Date.noon.addingTimeInterval(-3_600))
            let body =
                GeneratedMarket(seed: 1).document(
                    at: Date.noon.addingTimeInterval(-3_600), id: "bitcoin") ?? []
            guard case .assets(let assets, _) = try AssetScanner.scan(body) else { return }
            #expect(candles.last?.close == assets[0][.priceUsd].text.flatMap { Double($0) })
        }
    }

    @Test(arguments: [
        ("/v3/assets/bitcoin/history", 400, "missing interval"),
        ("/v3/assets/bitcoin/history?interval=h3", 400, "invalid interval"),
        ("/v3/assets/bitcoin/history?interval=h1&start=5&end=4", 400, "start must be before end"),
        ("/v3/assets/nothing/history?interval=d1", 404, "not found"),
    ])
    func `the replay server refuses what CoinCap refuses`(target: String, status: Int, says: String) async {
        let server = ReplayServer(market: .generated(seed: 1), now: { .noon })

        let response = await server.answer(HTTPRequest(method: "GET", target: target))

        #expect(response.status == status)
        if case .bytes(let bytes) = response.body {
            #expect(String(decoding: bytes, as: UTF8.self).contains(says))
        }
    }

    @Test func `recorded answers have a history too`() async throws {
        let folder = try TemporaryFolder()
        for (index, name) in ["a.json", "b.json", "c.json"].enumerated() {
            let time = Date.noon.addingTimeInterval(Double(index) * 3_600)
            _ = try folder.write(GeneratedMarket(seed: 1).document(at: time, limit: 20), to: name)
        }
        let server = ReplayServer(
            market: .recorded(folder: folder.path), now: { .noon.addingTimeInterval(7_200) })

        let response = await server.answer(
            HTTPRequest(method: "GET", target: "/v3/assets/bitcoin/history?interval=h1"))

        guard case .bytes(let bytes) = response.body else { return }
        let points = try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))["data"]?.array
        // The end of the span, which is now, does not belong to it.
        #expect(points?.compactMap { $0["time"]?.integer } == [1_761_393_600_000, 1_761_397_200_000])
    }

    @Test func `a failed call keeps what came before it and tells which limit was met`() async throws {
        let replay = ReplayServer(market: .generated(seed: 1), now: { .noon })
        try await HTTPServer.serving({ request in
            request.path.contains("bitcoin")
                ? await replay.answer(request) : HTTPResponse.text("{\"error\":\"plan\"}", status: 403)
        }) { server in
            let store = try await MarketStore.fixture()
            let backfill = try await backfill(store, "\(server.url)/v3")
            let plan = try await backfill.plan(
                coins: ["bitcoin", "ethereum"], top: 1, interval: .day, days: 3, now: .noon)

            let error = await #expect(throws: CoinCapError.self) {
                try await backfill.run(plan, now: { .noon }) { _, _ in }
            }

            #expect(error == .planLimit(status: 403, usage: nil))
            #expect(try await store.value("select count(*) from crypto_bougies where periode = 'jour'") == 3)
        }
    }

    @Test func `a source without a past is refused`() async throws {
        let store = try await MarketStore.fixture()
        let services = TaskServices(
            metadata: FixedMetadata(), settings: FixedSettings(values: ["crypto.source": "generated:1"]))

        await #expect(throws: BackfillError.noHistory(source: "generated:1")) {
            try await HistoryBackfill(store, services: services)
        }
    }

    private func backfill(_ store: MarketStore, _ url: String) async throws -> HistoryBackfill {
        let services = TaskServices(
            metadata: FixedMetadata(variables: ["coincap_url": url]), settings: FixedSettings(values: [:]))
        return try await HistoryBackfill(store, services: services)
    }
}
