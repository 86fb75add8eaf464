import CryptoDags
import DagKit
import FoundationEssentials
import Testing

/// Mails of the workflows, received by a real server over STARTTLS with a login and parsed by Python.
@Suite struct DeliveredMailTests {
    @Test func `the mail of the day arrives whole, with text, page, charts and report`() async throws {
        let server = try MailServer()
        let deployment = try Deployment(
            ["source": "generated:1", "recipients": "Équipe <team@example.org>, ops@example.org"],
            connections: [server.connection()])

        for _ in 0..<3 {
            let run = try await deployment.run(CryptoDataPipeline())
            #expect(run.run.state == .success)
            deployment.pass(1_800)
        }

        let mails = try server.mails()
        #expect(mails.map { $0["to"]?[0]?.string } == ["team@example.org", "ops@example.org"])
        let mail = try #require(mails.first)
        #expect(mail["tls"] == true && mail["login"] == true && mail["defects"] == [])
        #expect(mail["headers"]?["Subject"]?.string == "[Crypto] Rapport quotidien du 2025-10-25")
        #expect(mail["headers"]?["From"]?.string == "bot@example.org")
        #expect(mail["headers"]?["Message-ID"]?.string?.hasSuffix("@cryptodags>") == true)
        #expect(mail["type"]?.string == "multipart/mixed")
        let parts = mail["parts"]?.array ?? []
        #expect(parts.map { $0["type"]?.string } == ["text/plain", "text/html", "application/json"])
        #expect(parts[0]["text"]?.string?.hasPrefix("RAPPORT CRYPTO QUOTIDIEN - 2025-10-25\n====") == true)
        let page = parts[1]["text"]?.string ?? ""
        #expect(page.contains("<svg") && page.contains("Répartition de la capitalisation"))
        #expect(parts[2]["filename"]?.string == "crypto-2025-10-25.json")
        let report = try JSONValue(parsing: parts[2]["text"]?.string ?? "")
        #expect(report["topTen"]?.array?.count == 10)
    }

    @Test func `a French subject keeps its accents`() async throws {
        let server = try MailServer()
        let deployment = try Deployment(connections: [server.connection()])

        _ = try await deployment.runAndTell(CryptoDataPipeline(), runID: "one")

        let mails = try server.mails()
        #expect(mails.count == 1)
        #expect(
            mails.first?["headers"]?["Subject"]?.string
                == "[Crypto] Échec de check_coincap_api dans crypto_data_pipeline")
        #expect(mails.first?["raw_subject"]?[0]?.string?.contains("=?UTF-8?") == true)
        #expect(mails.first?["parts"]?[0]?["text"]?.string?.contains("Exécution: one") == true)
    }

    @Test func `an English deployment gets English mails`() async throws {
        let server = try MailServer()
        let deployment = try Deployment(
            ["source": "generated:1", "language": "en"], connections: [server.connection()])

        _ = try await deployment.run(CryptoDataPipeline())

        let mail = try #require(try server.mails().first)
        #expect(mail["headers"]?["Subject"]?.string == "[Crypto] Daily report of 2025-10-25")
        #expect(mail["parts"]?[0]?["text"]?.string?.hasPrefix("DAILY CRYPTO REPORT - 2025-10-25") == true)
        #expect(mail["parts"]?[1]?["text"]?.string?.contains("24 h change of the top 10") == true)
    }

    @Test func `an alert arrives once, grouped by severity, with the market's median`() async throws {
        let server = try MailServer()
        let deployment = try Deployment(
            ["source": "generated:1", "anomaly_change": "0.1", "anomaly_change_high": "1"],
            connections: [server.connection()])
        _ = try await deployment.run(CryptoDataPipeline())

        let first = try await deployment.run(CryptoMonitoring(), runID: "one")
        let second = try await deployment.run(CryptoMonitoring(), runID: "two")

        let alerts = try server.mails().filter {
            $0["headers"]?["Subject"]?.string?.contains("anomalie") == true
        }
        #expect(alerts.count == 1 && first.state("send_alert_if_needed") == .success)
        #expect(second.state("send_alert_if_needed") == .skipped && second.run.state == .success)
        let text = alerts.first?["parts"]?[0]?["text"]?.string ?? ""
        #expect(text.contains("Variation médiane du marché") && text.contains("Gravité moyenne"))
        #expect(alerts.first?["parts"]?[1]?["text"]?.string?.contains("<table>") == true)
    }

    @Test func `a refused login keeps the mail and the run green, and a mended one sends it once`()
        async throws
    {
        let server = try MailServer()
        let deployment = try Deployment(
            ["source": "generated:1"], connections: [server.connection(password: "wrong")])
        let run = try await deployment.run(CryptoDataPipeline())
        let waiting = try await deployment.reading { try await $0.pendingMails() }

        deployment.connect(server.connection())
        deployment.pass(1_800)
        _ = try await deployment.run(CryptoDataPipeline())
        deployment.pass(1_800)
        _ = try await deployment.run(CryptoDataPipeline())

        #expect(run.run.state == .success && waiting.count == 1)
        let ids = try server.mails().compactMap { $0["headers"]?["Message-ID"]?.string }
        #expect(ids == ["<\(waiting[0].messageID)>"])
    }
}
