import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct DailyReportTests {
    @Test func `the report opens in the original's layout`() throws {
        let text = try report().text

        let opening = """
            RAPPORT CRYPTO QUOTIDIEN - 2025-10-25
            ============================================

            TOP 10 CRYPTOMONNAIES:
            rang  symbole  nom         prix_usd    variation_24h_pourcent
            1     BTC      Bitcoin     67234.50    +2.45
            2     ETH      Ethereum    3567.89     -3.13
            3     USDT     Tether      0.9997      n/d

            Market Cap Total: $6.72 Md
            Performance Moyenne: -0.34%
            Dernière mise à jour: 12:00:00

            """
        #expect(text.hasPrefix(opening))
        #expect(text.contains("\nQualité: 95/100\nExécutions du jour: 47 réussies, 1 en échec\nSource: test"))
    }

    @Test func `a long name widens its column and no other`() throws {
        var rows = rows
        rows[0].nom = "Basic Attention Token"

        let lines = try DailyReport(snapshotID: 1, source: "test", rows: rows).text.split(separator: "\n")

        #expect(lines[3] == "rang  symbole  nom                    prix_usd    variation_24h_pourcent")
        #expect(lines[4] == "1     BTC      Basic Attention Token  67234.50    +2.45")
    }

    @Test func `ten coins are listed once each and both totals are named`() throws {
        let rows = MarketRow.market()

        let report = try DailyReport(snapshotID: 1, source: "test", rows: rows.shuffled())

        #expect(report.topTen.map(\.rang) == Array(1...10))
        #expect(report.marketCapTotal > report.marketCapTopTen)
        #expect(report.text.contains("Market Cap Top 10: $"))
        #expect(report.best.count == 5 && report.worst.count == 5)
        #expect(report.best[0].variation24hPourcent == 2 && report.worst[0].variation24hPourcent == -2)
    }

    @Test func `JSON gives the same report back, with exact amounts`() throws {
        let report = try report()

        let json = try report.json()

        #expect(try JSONDecoder().decode(DailyReport.self, from: Data(json.utf8)) == report)
        #expect(json.contains(#""prixUsd" : "67234.5""#))
    }

    @Test(arguments: Language.allCases)
    func `the page escapes what the market calls itself`(language: Language) throws {
        var rows = rows
        rows[0].nom = #"<script>"&'"#

        let page = try DailyReport(snapshotID: 1, source: "test", rows: rows).html(language)

        #expect(!page.contains("<script>"))
        #expect(page.contains("&lt;script&gt;&quot;&amp;&#39;"))
        #expect(page.contains(#"<html lang="\#(language.rawValue)">"#))
    }

    @Test func `an empty snapshot has no report`() {
        #expect(throws: ReportError.noRows(snapshot: 7)) {
            try DailyReport(snapshotID: 7, source: "test", rows: [])
        }
    }

    @Test func `a stored report comes back and the later one of a day stays`() async throws {
        let store = try await MarketStore.fixture()
        let report = try report()
        try await store.save(try DailyReport(snapshotID: 0, source: "test", rows: rows), now: .noon)

        try await store.save(report, now: .noon)

        #expect(try await store.report(date: "2025-10-25", source: "test") == report)
        #expect(try await store.report(date: "2025-10-24", source: "test") == nil)
        #expect(try await store.value("select count(*) from reports") == 1)
    }

    private var rows: [MarketRow] {
        var rows = [
            MarketRow.fixture(rank: 1, price: 67_234, change: 2, supply: 100_000),
            .fixture(rank: 2, price: 3_567, supply: 1),
            .fixture(rank: 3, price: 1, change: nil, supply: 1),
        ]
        (rows[0].symbole, rows[0].nom) = ("BTC", "Bitcoin")
        (rows[1].symbole, rows[1].nom) = ("ETH", "Ethereum")
        (rows[2].symbole, rows[2].nom) = ("USDT", "Tether")
        rows[0].prixUsd = Amount(672_345).divided(byPowerOfTen: 1)
        rows[1].prixUsd = Amount(356_789).divided(byPowerOfTen: 2)
        rows[2].prixUsd = Amount(9_997).divided(byPowerOfTen: 4)
        rows[0].variation24hPourcent = Amount(245).divided(byPowerOfTen: 2)
        rows[1].variation24hPourcent = Amount(-313).divided(byPowerOfTen: 2)
        return rows
    }

    private func report() throws -> DailyReport {
        let anomaly = Anomaly(
            rows[0], rule: .variation, direction: .up, severity: .high, value: 21, baseline: 0, threshold: 10,
            score: 21)
        return try DailyReport(
            snapshotID: 1, source: "test", rows: rows, anomalies: [anomaly], qualityScore: 95,
            runsSucceeded: 47, runsFailed: 1)
    }
}
