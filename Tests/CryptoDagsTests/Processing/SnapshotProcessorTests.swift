import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct SnapshotProcessorTests {
    @Test func `a sound asset fills every column`() throws {
        let row = process(.fixture()).rows[0]

        #expect(row.cryptoID == "bitcoin" && row.rang == 1 && row.symbole == "BTC" && row.nom == "Bitcoin")
        #expect(row.marketCapUsd == (try Amount("1342402146649.5")) && !row.marketCapDerivee)
        #expect(row.marketCapMilliards == (try Amount("1342.402147")))
        #expect(row.volume24hMillions == (try Amount("41020.315365")))
        #expect(row.dateImport == "2025-10-25" && row.heureImport == "12:00:00")
        #expect(row.categorie == .mega && row.tendance == .rise)
    }

    @Test func `a missing cap is the exact product of supply and price, and the coin stays unclassed`() throws
    {
        let row = process(
            .fixture(supply: "41.99995289", marketCapUsd: .null, priceUsd: "20995.123456789012345678")
        ).rows[0]

        #expect(row.marketCapUsd == (try Amount("881794.196104872469188104")))
        #expect(row.marketCapDerivee)
        #expect(row.categorie == .unknown)
    }

    @Test func `nothing known stays NULL`() {
        let row = process(
            .fixture(
                supply: .null, maxSupply: .absent, marketCapUsd: .null, volumeUsd24Hr: .null,
                changePercent24Hr: .absent,
                vwap24Hr: .null)
        ).rows[0]

        #expect(row.supplyCirculant == nil && row.supplyMax == nil && row.marketCapUsd == nil)
        #expect(row.volume24hUsd == nil && row.variation24hPourcent == nil && row.vwap24h == nil)
        #expect(row.tendance == .unknown && row.categorie == .unknown)
    }

    @Test(arguments: ["NaN", "Infinity", "", " ", "-", "1,234.5", "-5", "1e400"] as [RawField])
    func `a value that cannot be used is a fault and NULL`(value: RawField) {
        let snapshot = process(.fixture(volumeUsd24Hr: value))

        #expect(snapshot.rows[0].volume24hUsd == nil)
        #expect(snapshot.faults.map(\.field) == ["volumeUsd24Hr"])
    }

    @Test(arguments: [
        ("-100.1", true), ("-100", false), ("880.88", false), ("100000", false), ("100000.1", true),
    ])
    func `a change is taken between -100 and 100000`(change: String, isFault: Bool) {
        #expect(process(.fixture(changePercent24Hr: .string(change))).faults.isEmpty != isFault)
    }

    @Test(arguments: [
        (RawAsset.fixture(id: .absent), "id"), (.fixture(id: " "), "id"), (.fixture(symbol: .null), "symbol"),
        (.fixture(name: .absent), "name"), (.fixture(priceUsd: .absent), "priceUsd"),
        (.fixture(priceUsd: "0"), "priceUsd"),
        (.fixture(priceUsd: "-1"), "priceUsd"), (.fixture(priceUsd: "x"), "priceUsd"),
        (.fixture(id: .string(String(repeating: "a", count: 101))), "id"),
    ])
    func `an asset without what identifies or prices it gives no row`(asset: RawAsset, field: String) {
        let snapshot = process(asset)

        #expect(snapshot.rows.isEmpty)
        #expect(snapshot.rejected.map(\.field) == [field])
    }

    @Test func `a missing rank is the position and is flagged`() {
        let snapshot = process(.fixture(), .fixture(id: "b", rank: .null), .fixture(id: "c", rank: "first"))

        #expect(snapshot.rows.map(\.rang) == [1, 2, 3])
        #expect(snapshot.rankedByPosition == ["b", "c"])
        #expect(snapshot.faults.map(\.field) == ["rank"])
    }

    @Test func `the first of two equal ids is kept`() {
        let snapshot = process(.fixture(priceUsd: "1"), .fixture(priceUsd: "2"))

        #expect(snapshot.rows.map(\.prixUsd) == [1])
        #expect(snapshot.duplicateIDs == ["bitcoin"])
    }

    @Test(arguments: [1, 2, 4])
    func `several cores make the rows that one makes, with what was wrong in its place`(cores: Int) async {
        let assets: [RawAsset] = (0..<20_000).map { index in
            .fixture(
                // Some ids come again, near and far.
                id: .string("coin-\(index % 997 == 3 ? index / 2 : index)"),
                rank: index % 1_009 == 0 ? .null : .string("\(index + 1)"),
                volumeUsd24Hr: index % 503 == 0 ? "NaN" : "5000000",
                priceUsd: index % 701 == 0 ? "-1" : .string("\(index + 1).5"))
        }

        let one = SnapshotProcessor().process(assets, timestamp: .noon)
        let all = await SnapshotProcessor().processConcurrently(assets, timestamp: .noon, cores: cores)

        #expect(one == all)
        #expect(one.assetCount == 20_000 && one.duplicateIDs.count == 21 && one.rejected.count == 29)
        #expect(Set(one.rows.map(\.cryptoID)).count == one.rows.count)
        #expect(one.faults.count == 39 && one.rankedByPosition.count == 19)
    }

    @Test(arguments: [
        ("4.9999999999999999", MarketTrend.rise), ("5", .strongRise), ("1", .rise),
        ("0.9999999999999999", .flat),
        ("-0.9999999999999999", .flat), ("-1", .fall), ("-4.9999999999999999", .fall), ("-5", .strongFall),
    ])
    func `a trend is decided on the exact change`(change: String, expected: MarketTrend) {
        #expect(process(.fixture(changePercent24Hr: .string(change))).rows[0].tendance == expected)
    }

    @Test func `the day follows the calendar of the deployment`() {
        let processor = SnapshotProcessor(calendar: MarketCalendar(name: "Asia/Tokyo") { _ in 9 * 3_600 })

        let row = processor.process([.fixture()], timestamp: Date(timeIntervalSince1970: 1_761_432_590.9))
            .rows[0]

        #expect(row.dateImport == "2025-10-26" && row.heureImport == "07:49:50")
    }

    private func process(_ assets: RawAsset...) -> ProcessedSnapshot {
        SnapshotProcessor().process(assets, timestamp: .noon)
    }
}
