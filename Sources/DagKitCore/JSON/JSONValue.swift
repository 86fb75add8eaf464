/// A JSON value: what XComs, run configurations, params, dags.json and the REST interface are made of.
///
/// Whole numbers that fit 64 bits are kept exact as ``integer(_:)``; all others are ``number(_:)``.
/// The two are different values, so what is printed and parsed again is equal to what it was.
///
/// ```swift
/// let conf: JSONValue = ["symbols": ["BTC", "ETH"], "limit": 10]
/// conf["symbols"]?[0]?.string  // "BTC"
/// conf.text                    // {"limit":10,"symbols":["BTC","ETH"]}
/// ```
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Parses a JSON text.
    ///
    /// A byte order mark is skipped; a key that an object holds twice, a lone surrogate and a number beyond
    /// `Double` are refused. A whole number beyond 64 bits becomes the nearest ``number(_:)``.
    ///
    /// - Throws: ``JSONError`` with the line and column of the first mistake.
    public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }

    /// Parses a JSON text from its UTF-8 bytes.
    ///
    /// - Throws: ``JSONError`` with the line and column of the first mistake.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var parser = JSONParser(bytes, limits: limits, recordsOffsets: false)
        self = try parser.parse()
    }
}

/// How much of a JSON text a parser accepts.
public struct JSONLimits: Hashable, Sendable {
    /// How deep arrays and objects may nest.
    public var depth: Int

    /// How many bytes the text may have; `nil` for any number.
    public var bytes: Int?

    /// Creates limits; 64 levels and any size unless told otherwise.
    public init(depth: Int = 64, bytes: Int? = nil) {
        self.depth = depth
        self.bytes = bytes
    }
}

// MARK: - Reading

extension JSONValue {
    /// The member of an object; `nil` for a missing key and for anything but an object.
    ///
    /// Setting a member of ``null`` makes it an object; setting one of any other value does nothing.
    public subscript(key: String) -> JSONValue? {
        get {
            guard case .object(let members) = self else { return nil }
            return members[key]
        }
        set {
            switch self {
            case .object(var members):
                members[key] = newValue
                self = .object(members)
            case .null:
                self = newValue.map { .object([key: $0]) } ?? .null
            default: break
            }
        }
    }

    /// The element of an array; `nil` beyond its ends and for anything but an array.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The truth value, if this is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The whole number, if this is one; `2.0` counts as 2.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// The number, whole or not, if this is one.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The string, if this is one.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements, if this is an array.
    public var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, if this is an object.
    public var object: [String: JSONValue]? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The kind of value in the words of JSON Schema: `integer`, `object` and so on.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

// MARK: - Literals

extension JSONValue: ExpressibleByNilLiteral {
    public init(nilLiteral: ()) { self = .null }
}

extension JSONValue: ExpressibleByBooleanLiteral {
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension JSONValue: ExpressibleByFloatLiteral {
    public init(floatLiteral value: Double) { self = .number(value) }
}

extension JSONValue: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
    /// - Precondition: no key stands twice.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(uniqueKeysWithValues: elements))
    }
}
