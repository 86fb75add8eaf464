import DagKitCore
import FoundationEssentials
import Testing

@Suite struct JSONCodingTests {
    struct Market: Codable, Equatable {
        struct Price: Codable, Equatable {
            var symbol: String
            var usd: Decimal?
        }

        var at: Date
        var prices: [Price]
        var ratio: Double
        var volume: Int64
        var raw: Data
        var page: URL?
        var counts: [String: Int]
    }

    enum Shape: Codable, Equatable {
        case circle(radius: Double)
        case named(String)
    }

    private let market = Market(
        at: Date(timeIntervalSinceReferenceDate: 0.123_456),
        prices: [
            .init(symbol: "SHIB", usd: Decimal(string: "0.0000000228759514")), .init(symbol: "X", usd: nil),
        ],
        ratio: 0.1, volume: .max, raw: Data([1, 2, 255]), page: URL(string: "https://example.org/a?b=c"),
        counts: ["b": 1, "a": 2])

    @Test func `a value is written with sorted keys and exact numbers`() throws {
        #expect(
            try JSONCoding.encode(market)
                == #"{"at":"2001-01-01T00:00:00.123456+00:00","counts":{"a":2,"b":1},"#
                + #""page":"https://example.org/a?b=c","prices":[{"symbol":"SHIB","usd":"0.0000000228759514"},"#
                + #"{"symbol":"X"}],"ratio":0.1,"raw":"AQL/","volume":9223372036854775807}"#)
    }

    @Test func `what is written reads back equal`() throws {
        #expect(try JSONCoding.decode(Market.self, from: JSONCoding.encode(market)) == market)
        let shapes: [Shape] = [.circle(radius: 1), .named("x")]
        #expect(try JSONCoding.decode([Shape].self, from: JSONCoding.encode(shapes)) == shapes)
        #expect(try JSONCoding.decode([Int?].self, from: JSONCoding.encode([1, nil])) == [1, nil])
        #expect(
            try JSONCoding.decode(Duration.self, from: JSONCoding.encode(Duration.seconds(3))) == .seconds(3))
        for duration in [Duration.seconds(86_400), .milliseconds(-1500), .seconds(Int64.max)] {
            #expect(try JSONCoding.decode(Duration.self, from: JSONCoding.encode(duration)) == duration)
        }
    }

    @Test(arguments: [
        Duration.zero, .seconds(10), .seconds(86_400 * 365), .milliseconds(-1500), .nanoseconds(1),
    ])
    func `a duration is exact`(duration: Duration) throws {
        #expect(try JSONCoding.decode([Duration].self, from: JSONCoding.encode([duration])) == [duration])
    }

    @Test func `scalars and optionals stand alone`() throws {
        #expect(try JSONCoding.encode("a") == #""a""#)
        #expect(try JSONCoding.encode(Float(0.1)) == "0.1")
        #expect(try JSONCoding.encode(Int?.none) == "null")
        #expect(try JSONCoding.decode(Int?.self, from: "null") == nil)
        #expect(try JSONCoding.decode(Int?.self, from: "3") == 3)
    }

    @Test func `a JSON value passes through unchanged`() throws {
        let value: JSONValue = ["a": [1, 1.0, nil, ["b": "c"]]]

        #expect(try JSONCoding.tree(of: value) == value)
        #expect(try JSONCoding.decode(JSONValue.self, from: value.text) == value)
        #expect(try JSONCoding.decode([String: JSONValue].self, from: value.text)["a"] == value["a"])
    }

    @Test func `numbers that JSON cannot hold are refused with their path`() {
        #expect(throws: JSONCodingError.notFinite("nan", path: ["a", 1])) {
            try JSONCoding.encode(["a": [1, Double.nan]])
        }
        #expect(throws: JSONCodingError.notFinite("inf", path: ["a"])) {
            try JSONCoding.encode(JSONValue.object(["a": .number(.infinity)]))
        }
        #expect(throws: JSONCodingError.integerTooLarge("18446744073709551615", path: [])) {
            try JSONCoding.encode(UInt64.max)
        }
    }

    @Test(arguments: [
        (#"{"symbol":1}"#, #"/symbol: found "integer" where a string belongs; write a string"#),
        (#"{}"#, #"key "symbol" is missing; add it"#),
        (#"[]"#, #"found "array" where an object belongs; write an object"#),
        (
            #"{"symbol":"X","usd":"dear"}"#,
            #"/usd: a value of type "Decimal" cannot be read ("dear"); write it as its type does"#
        ),
    ])
    func `a text that does not fit is refused with its path`(text: String, message: String) {
        let error = #expect(throws: JSONCodingError.self) {
            try JSONCoding.decode(Market.Price.self, from: text)
        }

        #expect(error?.description == message)
    }

    @Test func `a number out of its type's range is refused`() {
        #expect(throws: JSONCodingError.outOfRange("300", type: "UInt8", path: [0])) {
            try JSONCoding.decode([UInt8].self, from: "[300]")
        }
    }

    @Test func `a class hierarchy keeps what its parent wrote`() throws {
        let text = try JSONCoding.encode(Child(name: "x", age: 3))

        #expect(text == #"{"age":3,"super":{"name":"x"}}"#)
        let child = try JSONCoding.decode(Child.self, from: text)
        #expect(child.name == "x")
        #expect(child.age == 3)
    }
}

private class Parent: Codable {
    let name: String

    init(name: String) { self.name = name }
}

private final class Child: Parent {
    let age: Int

    private enum Keys: CodingKey { case age }

    init(name: String, age: Int) {
        self.age = age
        super.init(name: name)
    }

    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        age = try container.decode(Int.self, forKey: .age)
        try super.init(from: container.superDecoder())
    }

    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(age, forKey: .age)
        try super.encode(to: container.superEncoder())
    }
}
