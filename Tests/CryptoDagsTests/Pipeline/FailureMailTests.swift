import CryptoDags
import DagKit
import DagKitSQL
import FoundationEssentials
import Testing

@Suite struct FailureMailTests {
    @Test func `a run that fails for good makes one mail at once`() async throws {
        let deployment = try Deployment(["recipients": "team@example.org"])

        let run = try await deployment.runAndTell(CryptoDataPipeline(), runID: "one")

        #expect(run.run.state == .failed)
        let mails = try await deployment.reading { try await $0.pendingMails() }
        #expect(
            mails.map(\.mail.subject) == ["[Crypto] Échec de check_coincap_api dans crypto_data_pipeline"])
        #expect(mails.first?.mail.text.contains("coincap_api_key") == true)
    }

    @Test func `a task that its timeout or the death of its process ended is mailed, its run once`()
        async throws
    {
        let deployment = try Deployment(["language": "en"])
        let run = RunKey("crypto_data_pipeline", "one")

        for reason in ["the timeout of 1800 s is over", "its process was killed by signal 9"] {
            try await deployment.tell(
                CryptoDataPipeline(), TaskInstanceKey(run, "verify_spark_results"), tryNumber: 3,
                reason: reason)
        }

        let mails = try await deployment.reading { try await $0.pendingMails() }
        #expect(mails.map(\.mail.subject) == ["[Crypto] verify_spark_results failed in crypto_data_pipeline"])
        #expect(mails.first?.mail.text.contains("Try: 3\nError: the timeout of 1800 s is over") == true)
    }

    @Test func `a task of either workflow that fails calls back, and no other occasion mails`() throws {
        for spec in [try DAGSpec(CryptoDataPipeline()), try DAGSpec(CryptoMonitoring())] {
            for task in spec.tasks {
                #expect(task.callbacks.map(\.name) == ["crypto_failure_mail"], "\(task.id)")
                #expect(task.callbacks.map(\.occasions) == [[.failure]])
            }
        }
    }

    @Test func `a failure without a store to keep its mail in is mailed all the same`() async throws {
        let server = try MailServer()
        let deployment = try Deployment(connections: [server.connection()])
        _ = try deployment.folder.write(Array("no database".utf8), to: MarketStore.fileName)

        let run = try await deployment.runAndTell(CryptoDataPipeline(), runID: "one")

        #expect(run.state("check_database_connection") == .failed)
        let mails = try server.mails()
        #expect(Set(mails.compactMap { $0["headers"]?["Message-ID"]?.string }).count == 1)
        #expect(mails.first?["parts"]?[0]?["text"]?.string?.contains(MarketStore.fileName) == true)
    }

    @Test func `without a store and a mail server the notice is kept for later`() async throws {
        let deployment = try Deployment()
        _ = try deployment.folder.write(Array("no database".utf8), to: MarketStore.fileName)

        await #expect(throws: SQLError.self) { try await deployment.runAndTell(CryptoDataPipeline()) }
    }

    @Test func `runs of the same id in both workflows have their own mail`() async throws {
        let deployment = try Deployment()

        _ = try await deployment.runAndTell(CryptoDataPipeline(), runID: "same")
        _ = try await deployment.runAndTell(CryptoMonitoring(), runID: "same")

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

        _ = try await deployment.runAndTell(CryptoDataPipeline())

        #expect(try await deployment.reading { try await $0.pendingMails() }.isEmpty)
    }
}
