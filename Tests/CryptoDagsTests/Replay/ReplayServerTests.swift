import CryptoCLI
import CryptoDags
import DagKit
import DagKitHTTPServer
import FoundationEssentials
import Testing

@Suite struct ReplayServerTests {
    @Test func `an answer has the shape of v3 and a hundred assets unless asked for more`() async throws {
        let answer = try await Self.json("/v3/assets")

        #expect(answer["data"]?.array?.count == 100)
        #expect(answer["timestamp"]?.integer == 1_761_393_600_000)
        #expect(answer["data"]?[0]?["rank"]?.string == "1" && answer["data"]?[0]?["tokens"]?.object != nil)
    }

    @Test func `pages follow one another`() async throws {
        let second = try await Self.json("/v3/assets?limit=10&offset=10")

        #expect(second["data"]?.array?.compactMap { $0["rank"]?.string } == (11...20).map(String.init))
    }

    @Test func `ids and a search choose assets`() async throws {
        let ids = try await Self.json("/v3/assets?ids=bitcoin,ethereum")
        let found = try await Self.json("/v3/assets?search=BTC")

        #expect(Set(ids["data"]?.array?.compactMap { $0["id"]?.string } ?? []) == ["bitcoin", "ethereum"])
        #expect(found["data"]?.array?.contains { $0["id"]?.string == "bitcoin" } == true)
    }

    @Test func `one asset has its own address`() async throws {
        let asset = try await Self.json("/v3/assets/bitcoin")
        let missing = await Self.server().answer(HTTPRequest(method: "GET", target: "/v3/assets/nothing"))

        #expect(asset["data"]?["symbol"]?.string == "BTC")
        #expect(missing.status == 404)
    }

    @Test(arguments: [
        ("/v3/assets?limit=2001", 400, "limit exceeds 2000"), ("/v3/assets?limit=x", 400, "invalid limit"),
        ("/v2/assets", 429, "We are deprecating this version"), ("/v3/rates", 404, "not found"),
    ])
    func `what CoinCap refuses is refused in its words`(target: String, status: Int, says: String) async {
        let response = await Self.server().answer(HTTPRequest(method: "GET", target: target))

        #expect(response.status == status && Self.text(response).contains(says))
    }

    @Test func `a key is asked for in the header or the query`() async {
        let server = Self.server(key: "k1")

        let without = await server.answer(HTTPRequest(method: "GET", target: "/v3/assets"))
        let header = await server.answer(
            HTTPRequest(method: "GET", target: "/v3/assets", headers: ["Authorization": "Bearer k1"]))
        let query = await server.answer(HTTPRequest(method: "GET", target: "/v3/assets?apiKey=k1"))

        #expect(without.status == 401 && header.status == 200 && query.status == 200)
    }

    @Test func `a recorded folder gives one answer after another and keeps to it between pages`() async throws
    {
        let folder = try TemporaryFolder()
        for (index, name) in ["a.json", "b.json"].enumerated() {
            let time = Date.noon.addingTimeInterval(Double(index) * 60)
            _ = try folder.write(GeneratedMarket(seed: 1).document(at: time, limit: 20), to: name)
        }
        let server = ReplayServer(market: .recorded(folder: folder.path), now: { .noon })

        var stamps: [Int64?] = []
        for target in ["/v3/assets?limit=10", "/v3/assets?limit=10&offset=10", "/v3/assets", "/v3/assets"] {
            let response = await server.answer(HTTPRequest(method: "GET", target: target))
            stamps.append(try JSONValue(parsing: Self.text(response))["timestamp"]?.integer)
        }

        #expect(stamps == [1_761_393_600_000, 1_761_393_600_000, 1_761_393_660_000, 1_761_393_660_000])
    }

    @Test(arguments: [
        ("429", ReplayFault.rateLimit(retryAfter: 30)), ("429:5", .rateLimit(retryAfter: 5)),
        ("slow:2", .slow(.seconds(2))), ("503", .serverError(503)), ("html", .html),
    ])
    func `a fault is read from its name`(text: String, fault: ReplayFault) throws {
        #expect(try ReplayFault(text) == fault)
    }

    @Test(arguments: ["", "418", "html:3", "slow:x"])
    func `what is no fault is refused with the names of all`(text: String) {
        let error = #expect(throws: ReplayFaultError.self) { try ReplayFault(text) }

        #expect(error?.description.contains("truncated, html, retired") == true)
    }

    private static func server(key: String? = nil) -> ReplayServer {
        ReplayServer(market: .generated(seed: 1), key: key, now: { .noon })
    }

    private static func json(_ target: String) async throws -> JSONValue {
        try JSONValue(parsing: text(await server().answer(HTTPRequest(method: "GET", target: target))))
    }

    private static func text(_ response: HTTPResponse) -> String {
        guard case .bytes(let bytes) = response.body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }
}
