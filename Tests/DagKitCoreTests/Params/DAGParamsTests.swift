import DagKitCore
import FoundationEssentials
import Testing

@Suite struct DAGParamsTests {
    @Test func `what a trigger hands over is checked against types and rules, all problems at once`() {
        let configuration = Loading().configuration

        #expect(configuration.problems(withConf: [:]).isEmpty)
        #expect(configuration.problems(withConf: ["limit": 1000, "share": 1, "note": "x"]).isEmpty)
        #expect(
            configuration.problems(
                withConf: ["limit": 5000, "mode": "quik", "day": "31.1.2026", "share": "half", "limt": 1]
            ).map(\.description) == [
                #""day" is "31.1.2026", no date; write it as 2026-01-31"#,
                #""limit" is 5000, above 1000; write at most 1000"#,
                #""limt" is not known; did you mean "limit"?"#,
                #""mode" is "quik"; did you mean "quick"?"#,
                #""share" is "half", not of type number; write one of type number"#,
            ])
    }

    @Test func `a task reads the params as the declared type, the conf over the defaults`() async throws {
        var run = try DAGRehearsal(Loading(), conf: ["limit": 7])
        try await run.run()

        #expect(try await run.value("load") == #""7 full 0.5""#)
    }

    @Test func `rules for params that do not exist, and defaults that break a rule, are reported`() throws {
        let error = #expect(throws: DAGValidationError.self) { try DAGSpec(BadParams()) }

        #expect(
            error?.description == """
                Bad.swift:2: error: there is a rule for param "limti", which Wrong does not have; did you mean "limit"?
                Bad.swift:2: error: the default of param "limit" is 0, below 1; write at least 1
                """)
    }

    @Test(arguments: [
        (#"{"type": "integr"}"#, #"schema type "integr" is not known; did you mean "integer"?"#),
        (#"{"minimun": 1}"#, #"schema keyword "minimun" is not known; did you mean "minimum"?"#),
        (#"{"pattern": "a+"}"#, #"schema keyword "pattern" is not known; mend the schema"#),
        (#"{"format": "dat"}"#, #"schema format "dat" is not known; did you mean "date"?"#),
        (
            #"{"properties": {"a": {"minLength": -1}}}"#,
            #"schema keyword "minLength" is -1, not a whole number from 0; mend the schema"#
        ),
    ])
    func `a schema that is none is refused`(text: String, message: String) throws {
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(JSONValue(parsing: text)) }

        #expect(error?.description == message)
    }

    @Test(arguments: [
        (
            #"{"exclusiveMinimum": 0, "multipleOf": 5}"#, "7",
            [#""x" is 7, no multiple of 5; write a multiple of 5"#]
        ),
        (#"{"exclusiveMaximum": 3}"#, "3", [#""x" is 3, not below 3; write less than 3"#]),
        (#"{"type": ["null", "string"], "minLength": 2}"#, "null", []),
        (#"{"minLength": 2}"#, #""é""#, [#""x" is "é", shorter than 2; write at least 2 characters"#]),
        (#"{"const": 1}"#, "2", [#""x" is 2; write 1"#]),
        (
            #"{"items": {"type": "integer"}, "maxItems": 1}"#, #"[1, "a"]"#,
            [
                #""x" has 2 elements; write at most 1"#,
                #""x[1]" is "a", not of type integer; write one of type integer"#,
            ]
        ),
        (#"{"uniqueItems": true}"#, "[1, 1]", [#""x" has an element twice; write each once"#]),
        (
            #"{"required": ["a"], "properties": {"b": {"enum": [1, 2]}}}"#, #"{"b": 3}"#,
            [
                #""x.a" is missing; give it a value"#, #""x.b" is 3; write one of 1, 2"#,
            ]
        ),
        (
            #"{"format": "email"}"#, #""ada@example""#,
            [#""x" is "ada@example", no mail address; write it as ada@example.org"#]
        ),
        (#"{"format": "uri"}"#, #""https://example.org/a""#, []),
        (
            #"{"format": "uri"}"#, #""example""#,
            [#""x" is "example", no URI; write it as https://example.org/data"#]
        ),
        (
            #"{"format": "date-time"}"#, #""2026-01-31""#,
            [
                #""x" is "2026-01-31", no instant; write it as 2026-01-31T12:00:00+00:00"#
            ]
        ),
    ])
    func `a value is held to its schema`(schema: String, value: String, messages: [String]) throws {
        let schema = try JSONSchema(JSONValue(parsing: schema))

        #expect(schema.problems(with: try JSONValue(parsing: value), at: "x").map(\.description) == messages)
    }
}

private struct LoadParams: DAGParams {
    enum Mode: String, Codable, CaseIterable { case full, quick }

    var limit = 100
    var mode = Mode.full
    var day = "2026-01-01"
    var share = 0.5
    var note: String?

    static var rules: [ParamRule] {
        [.range("limit", 1...1000), .oneOf("mode", Mode.self), .format("day", "date")]
    }
}

private struct Loading: DAG {
    var configuration = DAGConfiguration("loading", params: .of(LoadParams()))

    func build(_ dag: inout DAGBuilder) {
        dag.task("load") { context in
            let params = try context.params(as: LoadParams.self)
            return "\(params.limit) \(params.mode.rawValue) \(params.share)"
        }
    }
}

private struct Wrong: DAGParams {
    var limit = 0
    static var rules: [ParamRule] { [.range("limti", 1...9), .range("limit", 1...9)] }
}

private struct BadParams: DAG {
    var configuration = DAGConfiguration("bad", params: .of(Wrong()), fileID: "Bad.swift", line: 2)

    func build(_ dag: inout DAGBuilder) { dag.empty("a") }
}
