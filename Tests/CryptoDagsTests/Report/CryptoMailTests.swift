import CryptoDags
import DagKit
import Testing

@Suite struct CryptoMailTests {
    @Test func `a success carries the report`() throws {
        let report = try DailyReport(snapshotID: 1, source: "test", rows: MarketRow.market())

        let mail = CryptoMail.success(report, language: .french)

        #expect(mail.subject == "[Crypto] Rapport quotidien du 2025-10-25")
        #expect(mail.text == report.text)
        #expect(
            CryptoMail.success(report, language: .english).subject == "[Crypto] Daily report of 2025-10-25")
    }

    @Test func `a failure names the run, the task and the error`() {
        let mail = CryptoMail.failure(
            dagID: "crypto_data_pipeline", runID: "r1", taskID: "check_coincap_api", tryNumber: 3,
            error: "no <answer>",
            language: .english)

        #expect(mail.subject == "[Crypto] check_coincap_api failed in crypto_data_pipeline")
        #expect(mail.text.contains("Try: 3\nError: no <answer>"))
        #expect(mail.html.contains("no &lt;answer&gt;"))
    }

    @Test func `an alert groups by severity and tells the market's median`() {
        let anomalies = [AnomalySeverity.medium, .critical].map {
            Anomaly(
                .fixture(), rule: .variation, direction: .down, severity: $0, value: -51.5, baseline: 0,
                threshold: 10, score: 51.5)
        }

        let mail = CryptoMail.alert(
            anomalies, date: "2025-10-25", time: "12:00:00", marketMedian: -1.5, language: .french)

        let critical = mail.text.firstRange(of: "Gravité critique")
        let medium = mail.text.firstRange(of: "Gravité moyenne")
        #expect(mail.subject == "[Crypto] 2 anomalies le 2025-10-25 à 12:00:00")
        #expect(mail.text.contains("Variation médiane du marché : -1,50\u{A0}%"))
        #expect(mail.text.contains("Coin 1 (C1) | variation_24h | baisse | -51,50\u{A0}%"))
        #expect(critical != nil && medium != nil)
        if let critical, let medium { #expect(critical.lowerBound < medium.lowerBound) }
    }
}
