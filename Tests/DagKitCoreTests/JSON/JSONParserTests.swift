import DagKitCore
import Testing

@Suite struct JSONParserTests {
    private static let valid: [(String, JSONValue)] = [
        ("null", nil), (" [ ] ", []), ("{ }", .object([:])), ("\u{FEFF}true", true),
        (#"{"a" : [1 , -2.5e-3, "\u00e9\ud83d\ude00\/"]}"#, ["a": [1, -0.0025, "é😀/"]]),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("-0", .number(-0.0)), ("0", 0),
        ("1E2", .number(100)), (#""\b\f\n\r\t\"\\""#, "\u{8}\u{c}\n\r\t\"\\"),
    ]

    @Test(arguments: valid)
    func `a valid text gives its value`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: [
        ("", "1:1: the JSON text ends too early; write a value here"),
        ("[1,]", #"1:4: unexpected "]"; write a value here"#),
        ("{\"a\":1\n  \"b\":2}", #"2:3: unexpected "\""; write "," or "}" here"#),
        (#"{"é":01}"#, #"1:6: invalid number "01"; write it like 12, -0.5 or 6.02e23"#),
        (#"{"a":1,"a":2}"#, #"1:8: key "a" stands twice in one object; remove one of the two"#),
        ("[tru]", #"1:2: unexpected "t"; write a value here"#),
        ("1 2", #"1:3: unexpected "2"; write the end of the text here"#),
        ("\"a\tb\"", #"1:3: control character "\u0009" in a string; write it as \u0009"#),
        (
            #""\x""#,
            #"1:2: invalid escape "\x" in a string; use one of \" \\ \/ \b \f \n \r \t or a paired \uXXXX"#
        ),
        ("1e999", #"1:1: number "1e999" is out of range; write it as a string"#),
        ("\"abc", "1:1: the JSON text ends too early; write the closing quote here"),
        ("[1", #"1:3: the JSON text ends too early; write "," or "]" here"#),
        ("{a:1}", #"1:2: unexpected "a"; write a key in quotes here"#),
    ])
    func `a mistake is reported with its place and remedy`(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }

        #expect(error?.description == message)
    }

    @Test(arguments: [
        "NaN", "Infinity", "-", "+1", ".5", "1.", "1e", "01", "0x1", "'a'", "[1 2]", "{\"a\" 1}", "nul",
        "\"\\ud800\"",
        "\"\\udc00\"", "\"\\u12g4\"", "[", "{", "{\"a\"", "{\"a\":", "]", "\"\\", "\"\\u", "// x", "[1]]",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func `a string that is not UTF-8 is refused`() {
        #expect(throws: JSONError.invalidUTF8(at: JSONLocation(line: 1, column: 2))) {
            try JSONValue(parsing: [0x5B, 0x22, 0xC3, 0x28, 0x22, 0x5D])
        }
    }

    @Test func `64 levels are admitted and 65 are not`() throws {
        let nested = { (levels: Int) in
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }

        _ = try JSONValue(parsing: nested(64))

        #expect(throws: JSONError.tooDeep(limit: 64, at: JSONLocation(line: 1, column: 65))) {
            try JSONValue(parsing: nested(65))
        }
    }

    @Test func `a text over the size limit is refused before it is read`() {
        #expect(throws: JSONError.tooLarge(bytes: 5, limit: 4)) {
            try JSONValue(parsing: "?????", limits: JSONLimits(bytes: 4))
        }
    }

    @Test(arguments: 0..<20)
    func `what is printed parses to the same value`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        for _ in 0..<100 {
            let value = JSONValue.random(using: &random)

            #expect(try JSONValue(parsing: value.text) == value)
            #expect(try JSONValue(parsing: value.prettyText) == value)
            #expect(try JSONDocument(parsing: value.prettyText).value == value)
        }
    }

    @Test(arguments: 0..<20)
    func `no bytes crash the parser`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let alphabet = Array(#"{}[]",:\u0123e.+-tfn"#.utf8) + [0x00, 0x0A, 0x80, 0xC3, 0xA9, 0xFF]
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }

            if let value = try? JSONValue(parsing: bytes) {
                #expect(try JSONValue(parsing: value.text) == value)
            }
        }
    }

    @Test(arguments: 0..<20)
    func `no damage to a good text crashes the parser`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        for _ in 0..<100 {
            var bytes = Array(JSONValue.random(using: &random).text.utf8)
            let index = Int.random(in: bytes.indices, using: &random)
            bytes[index] = UInt8.random(in: 0...255, using: &random)

            _ = try? JSONDocument(parsing: bytes)
        }
    }
}
