import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct RecordedMarketTests {
    @Test func `the recorded 1000 assets fall into the known classes`() throws {
        let (bytes, isSynthetic) = try Recorded.thousandAssets()
        let rows = try process(bytes).rows
        #expect(rows.count == 1_000)
        guard !isSynthetic else { return }

        let categories = MarketCategory.allCases.map { category in rows.count { $0.categorie == category } }
        let trends = MarketTrend.allCases.map { trend in rows.count { $0.tendance == trend } }

        #expect(categories == [0, 3, 16, 34, 648, 299])
        #expect(trends == [89, 83, 71, 254, 233, 270])
        #expect(rows.count { $0.supplyCirculant == nil } == 99)
        #expect(rows.count { $0.marketCapUsd == nil || $0.marketCapDerivee } == 299)
        #expect(rows.count { $0.volume24hUsd == nil } == 233)
        #expect(rows.count { $0.vwap24h == nil } == 370)
        #expect(rows.count { $0.supplyMax == nil } == 798)
        #expect(
            rows.first { $0.cryptoID == "808coin" }?.prixUsd.description.hasPrefix("0.0000000228759514")
                == true)
    }

    @Test func `every cell of the 1000 assets agrees with Python's decimal`() throws {
        try expectAgreement(try Recorded.thousandAssets().bytes)
    }

    @Test func `every cell of a generated market agrees with Python's decimal`() throws {
        try expectAgreement(GeneratedMarket(seed: 11).document(at: .noon, limit: 1_000))
    }

    @Test(.enabled(if: Recorded.folder != nil, "the recorded answers are absent"))
    func `the other recorded answers are read`() throws {
        let polkadot = try process(try Recorded.bytes("asset-polkadot-2021-03-vwap-null-excerpt.json"))
        let missing = try process(try Recorded.bytes("assets-3-2021-11-maxsupply-missing-excerpt.json"))
        let bitcoin = try process(try Recorded.bytes("v3-asset-bitcoin-2025-08-11.json"))
        let four = try process(try Recorded.bytes("v3-assets-4-2025-12.json"))
        let retired = try AssetScanner.scan(try Recorded.bytes("v2-deprecated-http429-2025-03-31.json"))

        // The excerpts lost some keys: an asset without a symbol gives no row.
        #expect(polkadot.rejected.map(\.field) == ["symbol"])
        #expect(missing.rows.map(\.supplyMax?.description) == [nil, nil, "270000000"])
        #expect(missing.rows[1].supplyCirculant?.description == "549095509738353")
        #expect(bitcoin.rows.map(\.prixUsd.description) == ["119753.3173109070855685"])
        #expect(four.rows.map(\.prixUsd.description).first == "87711.199999999997089617")
        guard case .message = retired else {
            Issue.record("\(retired)")
            return
        }
    }

    private func process(_ bytes: [UInt8]) throws -> ProcessedSnapshot {
        let payload = SnapshotPayload(
            source: "test", pages: [RawAnswer(body: bytes, fetchedAt: .noon)], wanted: nil)
        let content = try SnapshotContent(payload)
        return SnapshotProcessor().process(content.assets, timestamp: content.apiTimestamp ?? .noon)
    }

    private func expectAgreement(_ bytes: [UInt8]) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(bytes, to: "assets.json")
        let expected = try Python.output(Self.oracle, file).split(separator: "\n")

        let rows = try process(bytes).rows.map(Self.line)

        #expect(rows.count == expected.count)
        for (row, line) in zip(rows, expected) { #expect(row == line) }
    }

    private static func line(_ row: MarketRow) -> String {
        let amounts = [
            row.supplyCirculant, row.supplyMax, row.marketCapUsd, row.volume24hUsd, row.prixUsd,
            row.variation24hPourcent, row.vwap24h, row.marketCapMilliards, row.volume24hMillions,
        ].map { $0?.description ?? "null" }
        let words = [row.cryptoID, "\(row.rang)", row.symbole, row.nom] + amounts
        return (words + [row.dateImport, row.heureImport, row.categorie.rawValue, row.tendance.rawValue])
            .joined(separator: "|")
    }

    /// The rules of the columns, written a second time.
    private static let oracle = """
        import json, sys, datetime
        from decimal import Decimal as D, getcontext, ROUND_HALF_EVEN
        getcontext().prec = 200
        q = lambda v, p: None if v is None else v.quantize(D(1).scaleb(-p), rounding=ROUND_HALF_EVEN)
        def text(v):
            if v is None: return "null"
            s = format(v, "f")
            if "." in s: s = s.rstrip("0").rstrip(".")
            return "0" if s == "-0" else s
        doc = json.load(open(sys.argv[1]))
        at = datetime.datetime.fromtimestamp(doc["timestamp"] / 1000, datetime.timezone.utc)
        for a in doc["data"]:
            n = lambda k: None if a.get(k) is None else q(D(a[k]), 18)
            supply, top, cap, volume, price = n("supply"), n("maxSupply"), n("marketCapUsd"), n("volumeUsd24Hr"), n("priceUsd")
            change = n("changePercent24Hr")
            given = cap
            if cap is None and supply is not None: cap = q(supply * price, 18)
            bounds = [(200e9, "mega_cap"), (10e9, "large_cap"), (1e9, "mid_cap"), (100e6, "small_cap"), (0, "micro_cap")]
            category = "inconnue" if not given else next(c for b, c in bounds if given >= D(int(b)))
            trend = ("inconnue" if change is None else "forte_hausse" if change >= 5 else "hausse" if change >= 1
                     else "stable" if change > -1 else "baisse" if change > -5 else "forte_baisse")
            amounts = [supply, top, cap, volume, price, q(change, 10), n("vwap24Hr"),
                       None if cap is None else q(cap.scaleb(-9), 6), None if volume is None else q(volume.scaleb(-6), 6)]
            print("|".join([a["id"], a["rank"], a["symbol"].strip(), a["name"].strip()] + [text(v) for v in amounts]
                           + [at.strftime("%Y-%m-%d"), at.strftime("%H:%M:%S"), category, trend]))
        """
}
