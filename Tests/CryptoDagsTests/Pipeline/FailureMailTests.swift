import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct FailureMailTests {
    @Test func `a run that fails for good makes one mail at once`() async throws {
        let deployment = try Deployment(["recipients": "team@example.org"])

        let run = try await deployment.run(CryptoDataPipeline(), runID: "one")

        #expect(run.run.state == .failed)
        let mails = try await deployment.reading { try await $0.pendingMails() }
        #expect(
            mails.map(\.mail.subject) == ["[Crypto] Échec de check_coincap_api dans crypto_data_pipeline"])
        #expect(mails.first?.mail.text.contains("coincap_api_key") == true)
    }

    @Test func `a failure that is tried again makes no mail before the last try`() async throws {
        let deployment = try Deployment(
            variables: ["coincap_url": "http://127.0.0.1:1/v3"])

        _ = try await deployment.attempt("check_coincap_api", tryNumber: 1)
        let early = try await deployment.reading { try await $0.pendingMails().count }
        _ = try await deployment.attempt("check_coincap_api", tryNumber: 3)

        let late = try await deployment.reading { try await $0.pendingMails().count }
        #expect(early == 0 && late == 1)
    }

    @Test func `runs of the same id in both workflows have their own mail`() async throws {
        let deployment = try Deployment()

        _ = try await deployment.run(CryptoDataPipeline(), runID: "same")
        _ = try await deployment.run(CryptoMonitoring(), runID: "same")

        let subjects = try await deployment.reading {
            try await $0.pendingMails().map(\.mail.subject).sorted()
        }
        #expect(
            subjects == [
                "[Crypto] Échec de check_coincap_api dans crypto_data_pipeline",
                "[Crypto] Échec de check_data_freshness dans crypto_monitoring",
            ])
    }

    @Test(arguments: [["failure_mail": "never"], ["recipients": ""]])
    func `failures are silent where that is asked for`(settings: [String: String]) async throws {
        let deployment = try Deployment(settings)

        _ = try await deployment.run(CryptoDataPipeline())

        #expect(try await deployment.reading { try await $0.pendingMails() }.isEmpty)
    }
}
