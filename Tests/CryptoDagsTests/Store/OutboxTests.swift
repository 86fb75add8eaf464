import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct OutboxTests {
    private let mail = CryptoMail(kind: .success, subject: "a\nb", text: "text", html: "<p>")

    @Test(arguments: StoreKind.allCases)
    func `a mail waits once for each recipient under a stable id`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        for _ in 0..<2 { try await enqueue(store) }

        let pending = try await store.pendingMails()

        #expect(Set(pending.map(\.recipient)) == ["a@example.org", "b@example.org"])
        #expect(pending.allSatisfy { $0.mail == mail && $0.mail.subject == "a b" })
        #expect(Set(pending.map(\.messageID)).count == 2)
    }

    @Test(arguments: StoreKind.allCases)
    func `a sent mail waits no more and stays sent`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        try await enqueue(store)
        let first = try #require(try await store.pendingMails().first)

        try await store.markFailed(first.messageID, error: "451 later", isPermanent: false)
        let retried = try await store.pendingMails().first { $0.messageID == first.messageID }
        try await store.markSent(first.messageID, now: .noon)
        try await store.markFailed(first.messageID, error: "late", isPermanent: true)
        try await enqueue(store)

        #expect(retried?.attempts == 1)
        #expect(try await store.pendingMails().map(\.messageID).contains(first.messageID) == false)
        #expect(try await store.value("select count(*) from outbox where state = 'sent'") == 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `an alert and the memory of it are stored together`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        let anomaly = Anomaly(
            .fixture(), rule: .depeg, direction: .down, severity: .critical, value: 0.9, baseline: 1,
            threshold: 2, score: 10)

        try await store.enqueueAlert(
            mail, about: [anomaly], source: "s", run: PipelineRun(runID: "r"), recipients: ["a@example.org"],
            now: .noon)

        let alerts = try await store.lastAlerts(source: "s")
        let key = AlertKey(cryptoID: "coin-1", rule: .depeg, direction: .down)
        #expect(alerts == [key: LastAlert(at: .noon, score: 10)])
        #expect(try await store.pendingMails().count == 1)
        #expect(try await store.lastAlerts(source: "other").isEmpty)
    }

    private func enqueue(_ store: MarketStore) async throws {
        try await store.enqueue(
            mail, run: PipelineRun(runID: "r1"), recipients: ["a@example.org", "b@example.org"], now: .noon)
    }
}
