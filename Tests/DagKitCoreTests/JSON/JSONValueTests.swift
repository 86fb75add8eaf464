import DagKitCore
import Testing

@Suite struct JSONValueTests {
    @Test func `members and elements are reached by subscripts`() {
        let value: JSONValue = ["symbols": ["BTC", "ETH"], "limit": 10]

        #expect(value["symbols"]?[1]?.string == "ETH")
        #expect(value["limit"]?.integer == 10)
        #expect(value["missing"] == nil)
        #expect(value[0] == nil)
        #expect(value["symbols"]?[2] == nil)
    }

    @Test func `setting a member of null makes an object`() {
        var value = JSONValue.null

        value["a"] = 1
        value["b"] = [true]

        #expect(value == ["a": 1, "b": [true]])
    }

    @Test func `the compact text has sorted keys and no space`() {
        let value: JSONValue = ["b": [1, 2.5, nil, true], "a": "x\n\"y\"", "é": .object([:])]

        #expect(value.text == #"{"a":"x\n\"y\"","b":[1,2.5,null,true],"é":{}}"#)
    }

    @Test func `the pretty text is indented by two spaces`() {
        let value: JSONValue = ["b": [1, .object([:])], "a": []]

        #expect(value.prettyText == "{\n  \"a\": [],\n  \"b\": [\n    1,\n    {}\n  ]\n}")
    }

    @Test(arguments: [
        (JSONValue.integer(.max), "9223372036854775807"), (.integer(.min), "-9223372036854775808"),
        (.number(1), "1.0"), (.number(-0.0), "-0.0"), (.number(1e300), "1e+300"), (.number(0.1), "0.1"),
        (.number(.infinity), "null"), (.string("\u{1}\u{7f}\u{2028}"), "\"\\u0001\u{7f}\u{2028}\""),
    ])
    func `a scalar has one text`(value: JSONValue, text: String) {
        #expect(value.text == text)
    }

    @Test func `whole numbers and other numbers stay apart`() throws {
        #expect(try JSONValue(parsing: "1") == .integer(1))
        #expect(try JSONValue(parsing: "1.0") == .number(1))
        #expect(JSONValue.number(2).integer == 2)
        #expect(JSONValue.number(2.5).integer == nil)
    }
}
