import DagKitCore
import Testing

@Suite struct JSONDocumentTests {
    private let text = """
        {
          "dags": [
            {"id": "é", "schedule": "@daily"},
            {"id": "b"}
          ]
        }
        """

    @Test func `every value has its line and column`() throws {
        let document = try JSONDocument(parsing: text)

        #expect(document.location(of: ["dags", 0, "schedule"]) == JSONLocation(line: 3, column: 29))
        #expect(document.keyLocation(of: ["dags", 0, "schedule"]) == JSONLocation(line: 3, column: 17))
        #expect(document.location(of: ["dags", 1]) == JSONLocation(line: 4, column: 5))
        #expect(document.location(of: []) == JSONLocation(line: 1, column: 1))
        #expect(document.location(of: ["dags", 2]) == nil)
    }

    @Test func `a missing value has the place of what surrounds it`() throws {
        let document = try JSONDocument(parsing: text)

        #expect(document.nearestLocation(to: ["dags", 1, "schedule"]) == JSONLocation(line: 4, column: 5))
    }

    @Test func `one walks down with the place kept`() throws {
        let node = try #require(try JSONDocument(parsing: text).root["dags"]?.elements?.last?["id"])

        #expect(node.path.description == "/dags/1/id")
        #expect(node.location == JSONLocation(line: 4, column: 12))
        #expect(node.keyLocation == JSONLocation(line: 4, column: 6))
    }

    @Test(arguments: [
        (#"{"a": {"b": "}\"{", "c": [1, {}]} , "d": 2}"#, #"{"b": "}\"{", "c": [1, {}]}"#),
        (#"{"a":-1.5e3,"d":2}"#, "-1.5e3"), (#"{"a":null}"#, "null"), (#"{"a": "x\\"}"#, #""x\\""#),
        ("{\"a\": [\n  1\n] }", "[\n  1\n]"), (#"{"a":{}}"#, "{}"),
    ])
    func `a value is given as it was written`(text: String, value: String) throws {
        let document = try JSONDocument(parsing: text)

        #expect(document.root["a"]?.text == value)
        #expect(document.text(of: []) == text)
        #expect(document.text(of: ["x"]) == nil)
    }

    @Test func `members come in the order of the text`() throws {
        let document = try JSONDocument(parsing: #"{"b":1,"a":2,"c":3}"#)

        #expect(document.root.members?.map(\.key) == ["b", "a", "c"])
    }

    @Test func `a path escapes slashes and tildes`() {
        let path: JSONPath = ["a/b", 3, "c~d"]

        #expect(path.description == "/a~1b/3/c~0d")
    }

    @Test func `a byte order mark takes no column`() throws {
        let document = try JSONDocument(parsing: "\u{FEFF}[1]")

        #expect(document.location(of: [0]) == JSONLocation(line: 1, column: 2))
    }
}
