import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct AnswerClassifierTests {
    private static let retirement = #"""
        {"data":{"message":"We are deprecating this version of the CoinCap API on March 31, 2025. Sign up for our new V3 API at https://pro.coincap.io/dashboard"},"timestamp":1743435300643}
        """#

    @Test(arguments: [200, 429])
    func `the retirement of v2 is permanent and names v3`(status: Int) {
        let error = #expect(throws: CoinCapError.self) { try assets(status, Self.retirement) }

        #expect(error?.retry == .never)
        #expect(
            error?.description
                == #"this URL is CoinCap "v2", retired on 31 March 2025; set coincap_url to https://rest.coincap.io/v3 and provide COINCAP_API_KEY"#
        )
    }

    @Test(arguments: [
        (500, CoinCapRetry.backOff), (503, .backOff), (408, .backOff), (429, .slowBackOff), (400, .never),
        (401, .never),
        (402, .never), (403, .never), (404, .never), (302, .never), (418, .never),
    ])
    func `a status decides whether to try again`(status: Int, expected: CoinCapRetry) {
        let error = #expect(throws: CoinCapError.self) { try assets(status, #"{"error":"no"}"#) }

        #expect(error?.retry == expected)
    }

    @Test(arguments: [
        ("7", 7), ("3600", 900), ("Sat, 25 Oct 2025 12:01:30 GMT", 90), ("Sat, 25 Oct 2025 11:00:00 GMT", 0),
    ])
    func `Retry-After is obeyed up to a quarter of an hour`(header: String, seconds: Int64) {
        let error = #expect(throws: CoinCapError.self) { try assets(429, "{}", ["Retry-After": header]) }

        #expect(error?.retry == .after(.seconds(seconds)))
    }

    @Test(arguments: ["<!DOCTYPE html><title>x</title>", "", "{}", #"{"data":3}"#, #"{"data":[{"id":"#])
    func `an answer that is not the expected JSON is tried once more`(body: String) {
        let error = #expect(throws: CoinCapError.self) {
            try assets(200, body, ["Content-Type": "text/html"])
        }

        #expect(error?.retry == .once)
        #expect(error?.problem.contains("content-type text/html") == true)
    }

    @Test func `an empty list is a failure on the first page and the end on others`() throws {
        let empty = RawAnswer(body: Array(#"{"data":[]}"#.utf8), fetchedAt: .noon)

        #expect(throws: CoinCapError.noAssets) { try AnswerClassifier.assets(of: empty) }
        #expect(try AnswerClassifier.assets(of: empty, isFirstPage: false).assets.isEmpty)
    }

    @Test func `a refusal shows at most 300 characters on one line`() {
        let body = String(repeating: "x\n", count: 400)

        let error = #expect(throws: CoinCapError.self) { try assets(400, body) }

        guard case .badRequest(let said, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(said.count == 300)
        #expect(!said.contains("\n"))
    }

    @Test func `an id that a later page repeats is taken once and the first page gives the time`() throws {
        let first = #"{"data":[{"id":"a"},{"id":"b"}],"timestamp":1754937925536}"#
        let second = #"{"data":[{"id":"b"},{"id":"c"}],"timestamp":1754937926536}"#
        let pages = [first, second].map { RawAnswer(body: Array($0.utf8), fetchedAt: .noon) }

        let content = try SnapshotContent(SnapshotPayload(source: "test", pages: pages, wanted: 4))

        #expect(content.assets.map { $0[.id] } == ["a", "b", "c"])
        #expect(content.repeatedIDs == ["b"])
        #expect(content.apiTimestamp == Date(microseconds: 1_754_937_925_536_000))
    }

    private func assets(_ status: Int, _ body: String, _ headers: [String: String] = [:]) throws {
        let answer = RawAnswer(status: status, headers: headers, body: Array(body.utf8), fetchedAt: .noon)
        _ = try AnswerClassifier.assets(of: answer, query: "limit=9000", address: "rest.coincap.io")
    }
}
