import CryptoDags
import DagKit
import Testing

@Suite struct CryptoSettingsTests {
    @Test func `what listings show as standard is what holds`() throws {
        let standard = try CryptoSettings { _ in nil }
        let written = try CryptoSettings { name in
            CryptoSettings.keys.first { $0.name == name }?.standard
        }

        #expect("\(standard)" == "\(written)")
    }

    @Test func `every key is read`() throws {
        for key in CryptoSettings.keys where key.name != "timezone" {
            var asked: Set<String> = []
            _ = try CryptoSettings {
                asked.insert($0)
                return nil
            }
            #expect(asked.contains(key.name), "\(key.name)")
        }
    }

    @Test(arguments: [
        ("wanted", "0", "write a whole number from 1 to 10000"),
        ("retention_days", "x", "whole number from 1 to 3650"),
        ("trend_flat", "-1", "above zero"), ("anomaly_peg_break", "NaN", "above zero"),
        ("language", "de", "write one of fr, en"), ("failure_mail", "no", "write one of always, never"),
        ("trend_flat", "6", "a larger value"), ("cap_mid", "1", "a larger value"),
        ("anomaly_change", "30", "a larger value"),
    ])
    func `a wrong value says what is right`(name: String, value: String, remedy: String) {
        let error = #expect(throws: CryptoSettingError.self) {
            try CryptoSettings { $0 == name ? value : nil }
        }

        #expect(error?.remedy.contains(remedy) == true && error?.problem.contains(name) == true)
    }

    @Test func `thresholds, retention and language follow the settings`() throws {
        let values = [
            "trend_flat": "0.5", "cap_mega": "300000000000", "anomaly_peg_break": "1.5", "detail_days": "9",
            "alert_cooldown_hours": "12", "language": "en", "credit_warning": "50",
        ]

        let settings = try CryptoSettings { values[$0] }

        #expect(settings.thresholds.flatTrend == Amount(5).divided(byPowerOfTen: 1))
        #expect(settings.thresholds.megaCap == Amount(300_000_000_000))
        #expect(abs(settings.anomalies.pegBreak - 0.015) < 1e-12)
        #expect(settings.retention.detail == .days(9) && settings.alertCooldown == .hours(12))
        #expect(settings.language == .english && settings.creditWarning == 50)
    }
}
