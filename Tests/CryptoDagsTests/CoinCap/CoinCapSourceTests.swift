import CryptoDags
import DagKit
import FoundationEssentials
import Synchronization
import Testing

@Suite struct CoinCapSourceTests {
    @Test func `one call with the key in its header gives the snapshot`() async throws {
        let transport = ScriptedTransport([(200, page(3))])

        let payload = try await source(transport).fetch(MarketRequest(wanted: 250, now: .noon))

        #expect(payload.pages.count == 1 && payload.source == "coincap-v3" && payload.wanted == 250)
        #expect(transport.calls == ["https://rest.coincap.io/v3/assets?limit=250 Bearer k"])
    }

    @Test func `pages follow until one is short`() async throws {
        let transport = ScriptedTransport([(200, page(2_000)), (200, page(2_000)), (200, page(5))])

        let payload = try await source(transport).fetch(MarketRequest(wanted: 9_000, now: .noon))

        #expect(payload.pages.count == 3)
        #expect(
            transport.calls.map { $0.split(separator: "?").last?.split(separator: " ").first } == [
                "limit=2000", "limit=2000&offset=2000", "limit=2000&offset=4000",
            ])
    }

    @Test func `no more is asked for than is wanted`() async throws {
        let transport = ScriptedTransport([(200, page(2_000)), (200, page(500))])

        let payload = try await source(transport).fetch(MarketRequest(wanted: 2_500, now: .noon))

        #expect(payload.pages.count == 2)
        #expect(transport.calls[1].contains("limit=500&offset=2000"))
    }

    @Test func `a transient failure is tried again after longer and longer waits`() async throws {
        let transport = ScriptedTransport([(503, "{}"), (500, "{}"), (200, page(1))])
        let waits = Waits()

        _ = try await source(transport, waits: waits).fetch(MarketRequest(wanted: 1, now: .noon))

        let delays = waits.all
        #expect(delays.count == 2)
        #expect(
            (.seconds(1) ... .seconds(1.5)).contains(delays[0])
                && (.seconds(2) ... .seconds(3)).contains(delays[1]))
    }

    @Test func `four calls are enough`() async throws {
        let transport = ScriptedTransport(Array(repeating: (503, "down"), count: 9))

        await #expect(throws: CoinCapError.serverFailure(status: 503, body: "down")) {
            try await source(transport).fetch(MarketRequest(now: .noon))
        }
        #expect(transport.calls.count == 4)
    }

    @Test(arguments: [(true, 1), (false, 2)])
    func `an answer that is no JSON is asked for again only where it costs nothing`(
        isMetered: Bool, calls: Int
    ) async {
        let transport = ScriptedTransport(Array(repeating: (200, "<html>"), count: 9))

        await #expect(throws: CoinCapError.self) {
            try await source(transport, isMetered: isMetered).fetch(MarketRequest(now: .noon))
        }
        #expect(transport.calls.count == calls)
    }

    @Test func `a rejected key is not tried again`() async {
        let transport = ScriptedTransport([(401, "{}")])

        await #expect(throws: CoinCapError.keyRejected) {
            try await source(transport).fetch(MarketRequest(now: .noon))
        }
        #expect(transport.calls.count == 1)
    }

    @Test func `the guard stops a call before it is made`() async throws {
        let transport = ScriptedTransport([])
        let hooks = CoinCapHooks(beforeCall: {
            throw CoinCapError.creditsSpent(CreditUsage(used: 500, limit: 500))
        })
        let source = CoinCapSource(try CoinCapConfiguration(apiKey: "k"), transport: transport, hooks: hooks)

        await #expect(throws: CoinCapError.creditsSpent(CreditUsage(used: 500, limit: 500))) {
            try await source.fetch(MarketRequest(now: .noon))
        }
        #expect(transport.calls.isEmpty)
    }

    @Test func `CoinCap itself needs a key and another server does not`() async throws {
        let transport = ScriptedTransport([(200, page(1))])
        let own = CoinCapSource(try CoinCapConfiguration(apiKey: ""), transport: transport)
        let other = CoinCapSource(
            try CoinCapConfiguration(url: "http://127.0.0.1:8099/v3/assets/", apiKey: nil),
            transport: transport)

        await #expect(throws: CoinCapError.missingKey) {
            try await own.fetch(MarketRequest(wanted: 1, now: .noon))
        }
        let payload = try await other.fetch(MarketRequest(wanted: 1, now: .noon))

        #expect(payload.source == "coincap-v3@127.0.0.1")
        #expect(transport.calls == ["http://127.0.0.1:8099/v3/assets?limit=1 none"])
    }

    @Test(arguments: [
        "", "coincap", "ftp://x/v3", "https:///v3", "https://user:secret@host/v3",
        "https://h/v3?apiKey=secret",
    ])
    func `an address that is none is refused without telling secrets`(url: String) {
        let error = #expect(throws: CoinCapURLError.self) { try CoinCapConfiguration(url: url, apiKey: nil) }

        #expect(error?.description.contains("secret") == false)
    }

    @Test func `no text of a configuration shows the key`() throws {
        let configuration = try CoinCapConfiguration(apiKey: "hidden")

        #expect(!"\(configuration) \(String(reflecting: configuration))".contains("hidden"))
    }

    private func page(_ count: Int) -> String {
        "{\"data\":[" + (0..<count).map { "{\"id\":\"c\($0)\"}" }.joined(separator: ",") + "]}"
    }

    private func source(
        _ transport: ScriptedTransport, isMetered: Bool? = nil, waits: Waits = Waits()
    ) throws -> CoinCapSource {
        CoinCapSource(
            try CoinCapConfiguration(apiKey: "k", isMetered: isMetered), transport: transport,
            hooks: CoinCapHooks(wait: { waits.append($0) }))
    }
}

/// Remembers waits in place of waiting.
private final class Waits: Sendable {
    private let list = Mutex<[Duration]>([])

    var all: [Duration] { list.withLock { $0 } }

    func append(_ wait: Duration) { list.withLock { $0.append(wait) } }
}

/// Answers one call after another from a list.
private final class ScriptedTransport: CoinCapTransport {
    private let state: Mutex<(answers: [(Int, String)], calls: [String])>

    init(_ answers: [(Int, String)]) { state = Mutex((answers, [])) }

    var calls: [String] { state.withLock { $0.calls } }

    func get(_ url: String, headers: [String: String]) async throws -> RawAnswer {
        let (status, body) = state.withLock { state in
            state.calls.append("\(url) \(headers["Authorization"] ?? "none")")
            return state.answers.removeFirst()
        }
        return RawAnswer(status: status, body: Array(body.utf8), fetchedAt: .noon)
    }
}
