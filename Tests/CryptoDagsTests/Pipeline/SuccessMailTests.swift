import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct SuccessMailTests {
    @Test func `without a mail server the mail waits, the run is green and says so`() async throws {
        let deployment = try Deployment(["source": "generated:1", "recipients": "team@example.org"])

        let run = try await deployment.run(CryptoDataPipeline())

        #expect(run.run.state == .success)
        let mails = try await deployment.reading { try await $0.pendingMails() }
        #expect(mails.map(\.recipient) == ["team@example.org"])
        #expect(mails.first?.mail.subject == "[Crypto] Rapport quotidien du 2025-10-25")
        #expect(deployment.log.contains { $0.hasPrefix("WARNING 1 mail in the outbox: no mail server") })
    }

    @Test func `a mail server that does not answer leaves the mail waiting and the run green`() async throws {
        let server = Connection("smtp_default", type: "smtp", host: "127.0.0.1", port: 1)
        let deployment = try Deployment(["source": "generated:1"], connections: [server])

        let run = try await deployment.run(CryptoDataPipeline())

        #expect(run.run.state == .success)
        let mails = try await deployment.reading { try await $0.pendingMails() }
        #expect(mails.map(\.attempts) == [1])
        #expect(deployment.log.contains { $0.contains("cannot connect to the mail server") })
    }

    @Test func `a day has one success mail`() async throws {
        let deployment = try Deployment(["source": "generated:1"])

        _ = try await deployment.run(CryptoDataPipeline())
        deployment.pass(1_800)
        _ = try await deployment.run(CryptoDataPipeline())
        let first: Int = try await deployment.reading { try await $0.value("select count(*) from outbox") }
        deployment.pass(86_400)
        _ = try await deployment.run(CryptoDataPipeline())

        let second: Int = try await deployment.reading { try await $0.value("select count(*) from outbox") }
        #expect(first == 1 && second == 2)
    }

    @Test func `without recipients no mail is made`() async throws {
        let deployment = try Deployment(["source": "generated:1", "recipients": "", "language": "en"])

        let run = try await deployment.run(CryptoDataPipeline())

        #expect(run.run.state == .success)
        let count: Int = try await deployment.reading { try await $0.value("select count(*) from outbox") }
        #expect(count == 0)
        #expect(deployment.log.contains("INFO no new mail: crypto.recipients is empty"))
    }
}
