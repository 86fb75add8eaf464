import CryptoDags
import DagKit
import FoundationEssentials
import Testing

/// What is counted over a snapshot, against a second calculation in Python.
@Suite struct MarketCountsTests {
    @Test
    func `classes, nulls, shared symbols and rank faults of the 1000 assets are those that Python counts`()
        throws
    {
        try expectAgreement(try Recorded.thousandAssets().bytes)
    }

    @Test func `so are those of a generated market with faults`() throws {
        let text = String(
            decoding: GeneratedMarket(seed: 5).document(at: .noon, limit: 600), as: UTF8.self)
        let ranked = text.replacing(#""rank":"7""#, with: #""rank":"8""#)
            .replacing(#""rank":"300""#, with: #""rank":"9999""#)
        let shared = ranked.replacing(#""symbol":"BTC""#, with: #""symbol":"ETH""#)

        try expectAgreement(Array(shared.utf8))
    }

    private func expectAgreement(_ bytes: [UInt8]) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(bytes, to: "assets.json")
        let expected = try JSONValue(parsing: try Python.output(Self.oracle, file))
        let payload = SnapshotPayload(
            source: "test", pages: [RawAnswer(body: bytes, fetchedAt: .noon)], wanted: nil)
        let snapshot = SnapshotProcessor().process(try SnapshotContent(payload).assets, timestamp: .noon)
        let report = QualityChecks.run(QualityInput(snapshot: snapshot, isLive: false, now: .noon))
        let rows = snapshot.rows

        #expect(expected["categorie"] == Self.counts(rows.map(\.categorie.rawValue)))
        #expect(expected["tendance"] == Self.counts(rows.map(\.tendance.rawValue)))
        let nulls: [(String, Int)] = [
            ("supply", rows.count { $0.supplyCirculant == nil }),
            ("maxSupply", rows.count { $0.supplyMax == nil }),
            ("marketCapUsd", rows.count { $0.marketCapUsd == nil || $0.marketCapDerivee }),
            ("volumeUsd24Hr", rows.count { $0.volume24hUsd == nil }),
            ("changePercent24Hr", rows.count { $0.variation24hPourcent == nil }),
            ("vwap24Hr", rows.count { $0.vwap24h == nil }),
        ]
        for (field, count) in nulls {
            #expect(expected["nulls"]?[field]?.integer == Int64(count), "\(field)")
        }
        for check in ["uniqueness.id", "uniqueness.symbol", "rank.continuity", "rank.order"] {
            let result = report.results.first { $0.check == check }
            #expect(expected[check]?.integer == result.map { Int64($0.rows) }, "\(check)")
        }
    }

    private static func counts(_ classes: [String]) -> JSONValue {
        .object(Dictionary(classes.map { ($0, 1) }, uniquingKeysWith: +).mapValues { .integer(Int64($0)) })
    }

    /// The counts, written a second time.
    private static let oracle = """
        import json, sys
        from collections import Counter
        from decimal import Decimal as D
        assets = json.load(open(sys.argv[1]))["data"]
        n = lambda a, k: None if a.get(k) is None else D(a[k])
        def category(cap):
            if not cap: return "inconnue"
            bounds = [("200e9", "mega_cap"), ("10e9", "large_cap"), ("1e9", "mid_cap"), ("100e6", "small_cap")]
            return next((c for b, c in bounds if cap >= D(b)), "micro_cap")
        def trend(c):
            if c is None: return "inconnue"
            if abs(c) < 1: return "stable"
            return ("forte_" if abs(c) >= 5 else "") + ("hausse" if c > 0 else "baisse")
        ranks = sorted(int(a["rank"]) for a in assets)
        known = [(int(a["rank"]), n(a, "marketCapUsd")) for a in assets if n(a, "marketCapUsd") is not None]
        known.sort(key=lambda pair: pair[0])
        print(json.dumps({
            "categorie": Counter(category(n(a, "marketCapUsd")) for a in assets),
            "tendance": Counter(trend(n(a, "changePercent24Hr")) for a in assets),
            "nulls": {k: sum(a.get(k) is None for a in assets) for k in
                      ["supply", "maxSupply", "marketCapUsd", "volumeUsd24Hr", "changePercent24Hr", "vwap24Hr"]},
            "uniqueness.id": len(assets) - len({a["id"] for a in assets}),
            "uniqueness.symbol": sum(count > 1 for count in Counter(a["symbol"].strip() for a in assets).values()),
            "rank.continuity": sum(rank != place for place, rank in enumerate(ranks, 1)),
            "rank.order": sum(b[1] > a[1] for a, b in zip(known, known[1:]))}))
        """
}
