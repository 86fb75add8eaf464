import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct GeneratedMarketTests {
    @Test func `equal seeds give equal answers and other seeds do not`() {
        let answer = GeneratedMarket(seed: 1).document(at: .noon, limit: 250)

        #expect(GeneratedMarket(seed: 1).document(at: .noon, limit: 250) == answer)
        #expect(GeneratedMarket(seed: 2).document(at: .noon, limit: 250) != answer)
    }

    @Test func `the market moves from call to call and its change tells the day before`() throws {
        let market = GeneratedMarket(seed: 1)
        let today = try bitcoin(market, at: .noon)
        let later = try bitcoin(market, at: .noon.addingTimeInterval(60))
        let yesterday = try bitcoin(market, at: .noon.addingTimeInterval(-86_400))

        let ratio = today.prixUsd.doubleValue / yesterday.prixUsd.doubleValue
        #expect(later.prixUsd != today.prixUsd)
        #expect(abs((ratio - 1) * 100 - (today.variation24hPourcent?.doubleValue ?? .nan)) < 1e-6)
    }

    @Test func `a market has the oddities of a real one and no rejected row`() throws {
        let snapshot = try snapshot(GeneratedMarket(seed: 1), limit: 1_000)

        let top = snapshot.rows.prefix(100)
        let symbols = Dictionary(grouping: snapshot.rows, by: \.symbole).values.filter { $0.count > 1 }
        #expect(snapshot.rows.count == 1_000)
        #expect(snapshot.rejected.isEmpty && snapshot.faults.isEmpty && snapshot.duplicateIDs.isEmpty)
        #expect(snapshot.rows.map(\.rang) == Array(1...1_000))
        #expect(top.allSatisfy { $0.marketCapUsd != nil && $0.volume24hUsd != nil })
        #expect(snapshot.rows.count { $0.categorie == .unknown } > 150)
        #expect(snapshot.rows.count { $0.variation24hPourcent == nil } > 100)
        #expect(symbols.count > 10)
        #expect(top.allSatisfy { $0.prixUsd > .zero })
    }

    @Test func `pages join to the whole`() throws {
        let market = GeneratedMarket(seed: 1)
        let whole = try assets(market.document(at: .noon, limit: 30))

        let first = try assets(market.document(at: .noon, limit: 20))
        let second = try assets(market.document(at: .noon, limit: 10, offset: 20))

        #expect(first + second == whole)
        #expect(try assets(market.document(at: .noon, limit: 10, offset: 2_000)) == [])
    }

    @Test func `an unknown coin has no answer`() {
        #expect(GeneratedMarket(seed: 1).document(at: .noon, id: "bitcoin") != nil)
        #expect(GeneratedMarket(seed: 1).document(at: .noon, id: "nothing") == nil)
    }

    @Test func `18 decimals are those of printf`() throws {
        let document = String(
            decoding: GeneratedMarket(seed: 5).document(at: .noon, limit: 1_000), as: UTF8.self)
        let folder = try TemporaryFolder()
        let file = try folder.write(Array(document.utf8), to: "assets.json")

        let verdict = try Python.output(
            """
            import json, sys
            numbers = [a[k] for a in json.load(open(sys.argv[1]))["data"]
                       for k in ("supply", "priceUsd", "marketCapUsd", "volumeUsd24Hr", "maxSupply") if a[k]]
            print(sum("%.18f" % float(n) == n for n in numbers) == len(numbers), len(numbers) > 3000)
            """, file)

        #expect(verdict == "True True\n")
    }

    private func assets(_ bytes: [UInt8]) throws -> [RawAsset] {
        guard case .assets(let assets, _) = try AssetScanner.scan(bytes) else { return [] }
        return assets
    }

    private func snapshot(_ market: GeneratedMarket, limit: Int, at now: Date = .noon) throws
        -> ProcessedSnapshot
    {
        SnapshotProcessor().process(try assets(market.document(at: now, limit: limit)), timestamp: now)
    }

    private func bitcoin(_ market: GeneratedMarket, at now: Date) throws -> MarketRow {
        let rows = try snapshot(market, limit: 50, at: now).rows
        return try #require(rows.first { $0.cryptoID == "bitcoin" })
    }
}
