import CryptoDags
import DagKit
import Testing

@Suite struct AssetScannerTests {
    @Test func `an answer of v3 keeps its digits and skips what it does not know`() throws {
        let body = try scan(
            #"{"data":[{"id":"bitcoin","rank":"1","supply":"19965971.000000000000000000","tokens":{"1":["0x0"]},"#
                + #""maxSupply":null,"priceUsd":"87711.199999999997089617","explorer":"x"}],"timestamp":1754937925536}"#
        )

        let expected = RawAsset(
            id: "bitcoin", rank: "1", supply: "19965971.000000000000000000", maxSupply: .null,
            priceUsd: "87711.199999999997089617")
        #expect(body == .assets([expected], timestamp: 1_754_937_925_536))
    }

    @Test func `bare numbers keep their digits`() throws {
        let body = try scan(
            #"{"data":[{"id":"a","rank":7,"priceUsd":1.0e-7,"supply":-0.5E+3,"name":true,"symbol":[1]}]}"#)

        let expected = RawAsset(
            id: "a", rank: .number("7"), symbol: .other, name: .other, supply: .number("-0.5E+3"),
            priceUsd: .number("1.0e-7"))
        #expect(body == .assets([expected], timestamp: nil))
    }

    @Test func `data that is one asset is a list of one`() throws {
        #expect(
            try scan(#"{"data":{"id":"polkadot"}}"#) == .assets([RawAsset(id: "polkadot")], timestamp: nil))
    }

    @Test(arguments: [
        (#"{"data":{"message":"gone"},"timestamp":1}"#, CoinCapBody.message("gone")),
        (#"{"error":"limit exceeds 2000","timestamp":1}"#, .error("limit exceeds 2000")),
        (#"{"message":"no"}"#, .message("no")),
    ])
    func `a message or an error is told from assets`(text: String, expected: CoinCapBody) throws {
        #expect(try scan(text) == expected)
    }

    @Test func `escapes are read`() throws {
        let body = try scan(#"{"data":[{"id":"a","name":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"}]}"#)

        let name: RawField = .string("\"\\/\u{8}\u{C}\n\r\té😀é")
        #expect(body == .assets([RawAsset(id: "a", name: name)], timestamp: nil))
    }

    @Test(arguments: [
        "", "{", #"{"data":[{"id":"a"#, #"{"data":[{"id":"a"},]}"#, #"{"data":[]} x"#, #"{"data":[],}"#,
        #"{"data" []}"#,
        #"{"data":[{"id":01}]}"#, #"{"data":[{"id":1.}]}"#, #"{"data":[{"id":1e}]}"#, #"{"data":[{"id":-}]}"#,
        #"{"data":[{"id":"\x"}]}"#, #"{"data":[{"id":"\ud83d"}]}"#, #"{"data":[{"id":"\ud83d\u0041"}]}"#,
        #"{"data":[{"id":"\u12"}]}"#, "{\"data\":[{\"id\":\"\u{1}\"}]}", #"{"data":[{"id":nul}]}"#,
        #"{'data':[]}"#, #"{"data":[{"id":"a","priceUsd":NaN}]}"#,
        #"{"data":[{"id":"a","priceUsd":-Infinity}]}"#,
        "<!DOCTYPE html>",
    ])
    func `a text that is not JSON is refused`(text: String) {
        let error = #expect(throws: AssetScanError.self) { try scan(text) }

        guard case .malformed? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a cut at any byte is refused`() {
        let whole = Array(
            #"{"data":[{"id":"b\u00e9","rank":1.5e3,"x":{"y":[true,null]}}],"timestamp":1}"#.utf8)

        for length in 0..<whole.count {
            #expect(throws: AssetScanError.self) { try AssetScanner.scan(Array(whole[..<length])) }
        }
    }

    @Test func `deep nesting is refused before the stack ends`() {
        let text = #"{"data":"# + String(repeating: "[", count: 100_000)

        #expect(throws: AssetScanError.tooDeep(limit: 64)) { try scan(#"{"x":"# + text.dropFirst(8)) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: AssetScanError.notUTF8) { try AssetScanner.scan([0x7B, 0xFF, 0x7D]) }
    }

    @Test(arguments: [
        ("[]", AssetScanError.notAnObject), ("{}", .noData), (#"{"data":"x"}"#, .dataOfWrongType),
        (#"{"data":null}"#, .dataOfWrongType), (#"{"data":[1]}"#, .dataOfWrongType),
        (#"{"data":{}}"#, .dataOfWrongType),
    ])
    func `JSON of another shape is refused`(text: String, expected: AssetScanError) {
        #expect(throws: expected) { try scan(text) }
    }

    @Test func `random damage never passes the end and never crashes`() throws {
        var random = SplitMix(state: 7)
        let sound = GeneratedMarket(seed: 3).document(at: .noon, limit: 4)
        for _ in 0..<3_000 {
            var bytes = sound
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...20, using: &random))

            _ = try? AssetScanner.scan(bytes)
        }
    }

    private func scan(_ text: some StringProtocol) throws -> CoinCapBody {
        try AssetScanner.scan(Array(text.utf8))
    }
}
