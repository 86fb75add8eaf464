import CryptoDags
import DagKit
import Testing

/// Charts are seen as readers see them: in the page of a report.
@Suite struct SVGChartTests {
    @Test func `the page of a report has its charts inline, each with a title`() throws {
        let html = try report(history: true).html(.french)

        #expect(html.firstRange(of: "<script") == nil && html.firstRange(of: "<img") == nil)
        let titles = html.split(separator: "<title>").dropFirst(2).map { $0.prefix { $0 != "<" } }
        #expect(
            titles == [
                "Variation 24 h du top 10", "Répartition de la capitalisation",
                "Capitalisation totale sur 7 jours", "Prix de Coin 1 sur 7 jours",
                "Score de qualité sur 7 jours",
            ])
    }

    @Test func `bars carry their values as text, falls to the left`() throws {
        let html = try report(history: false).html(.english)

        #expect(html.contains(">C3</text>") && html.contains(">+1.00%</text>"))
        #expect(html.contains("text-anchor=\"end\">-1.00%</text>"))
    }

    @Test func `a report without a history has no lines`() throws {
        let html = try report(history: false).html(.english)

        #expect(!html.contains("polyline") && html.contains("<svg"))
    }

    @Test func `a stored report without the newer fields is still read`() throws {
        let stored = try report(history: false).json()
        let old = stored.split(separator: "\n").filter {
            !$0.contains("cryptoID") && !$0.contains("marketCapUsd")
        }

        let read = try JSONValue(parsing: old.joined(separator: "\n"))

        #expect(read["topTen"]?.array?.count == 10)
    }

    @Test func `a sparkline shows the shape of a series`() {
        #expect(Sparkline.text([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█")
        #expect(Sparkline.text([5, 5]) == "▄▄")
        #expect(Sparkline.text([]) == "")
        #expect(Sparkline.text((0..<100).map(Double.init), width: 10).count == 10)
    }

    private func report(history: Bool) throws -> DailyReport {
        let week = ReportHistory(
            marketCaps: [1, 3, 2], qualityScores: [100, 95], prices: ["coin-1": [1, 2, 1.5], "coin-2": [1]])
        return try DailyReport(
            snapshotID: 1, source: "test", rows: MarketRow.market(), history: history ? week : nil)
    }
}
