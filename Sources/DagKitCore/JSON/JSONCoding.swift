/// Turns `Codable` values into JSON and back, the same way everywhere: XComs, params, events, REST bodies.
///
/// Keys are sorted, whole numbers of 64 bits stay exact, `Date` is ISO 8601 in UTC with microseconds,
/// `Decimal` a string (a JSON number would lose digits), `Data` base64, `URL` its text, `Duration` a pair of
/// seconds and attoseconds (Swift's own pair does not fit 64 bits from 10 s on). A number that is infinite or not a number is refused.
///
/// ```swift
/// let text = try JSONCoding.encode(["price": 0.5])  // {"price":0.5}
/// let prices = try JSONCoding.decode([String: Double].self, from: text)
/// ```
public enum JSONCoding {
    /// Encodes a value as compact JSON with sorted keys.
    ///
    /// - Throws: ``JSONCodingError``, or what the value's own `encode(to:)` throws.
    public static func encode<Value: Encodable>(_ value: Value) throws -> String {
        try tree(of: value).text
    }

    /// Encodes a value as a ``JSONValue``.
    ///
    /// - Throws: ``JSONCodingError``, or what the value's own `encode(to:)` throws.
    public static func tree<Value: Encodable>(of value: Value) throws -> JSONValue {
        try JSONTreeEncoder.tree(of: value, path: JSONPath())
    }

    /// Decodes a value from JSON text.
    ///
    /// - Throws: ``JSONError`` if the text is no JSON, ``JSONCodingError`` if it does not fit the type.
    public static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try decode(type, from: JSONValue(parsing: text))
    }

    /// Decodes a value from a ``JSONValue``.
    ///
    /// - Throws: ``JSONCodingError``, or what the type's own `init(from:)` throws.
    public static func decode<Value: Decodable>(_ type: Value.Type, from value: JSONValue) throws -> Value {
        do {
            return try JSONTreeDecoder.decode(type, from: value, path: JSONPath())
        } catch DecodingError.dataCorrupted(let context) {
            throw JSONCodingError.unreadable(
                type: "\(type)", reason: context.debugDescription,
                path: JSONPath(codingPath: context.codingPath))
        }
    }
}

/// Why a value cannot be written as JSON or read from it; `path` is where in the value.
public enum JSONCodingError: DagKitError, Equatable {
    case notFinite(String, path: JSONPath)
    case integerTooLarge(String, path: JSONPath)
    case wrongKind(found: String, expected: String, path: JSONPath)
    case outOfRange(String, type: String, path: JSONPath)
    case missingKey(String, path: JSONPath)
    case missingElement(Int, path: JSONPath)
    case unreadable(type: String, reason: String, path: JSONPath)

    public var location: String? {
        let text = path.description
        return text.isEmpty ? nil : text
    }

    /// Where in the value it is.
    public var path: JSONPath {
        switch self {
        case .notFinite(_, let path), .integerTooLarge(_, let path), .wrongKind(_, _, let path),
            .outOfRange(_, _, let path), .missingKey(_, let path), .missingElement(_, let path),
            .unreadable(_, _, let path):
            path
        }
    }

    public var problem: String {
        switch self {
        case .notFinite(let value, _): "\"\(value)\" is no number that JSON can hold"
        case .integerTooLarge(let value, _): "\"\(value)\" does not fit a signed 64-bit number"
        case .wrongKind(let found, let expected, _): "found \"\(found)\" where \(expected) belongs"
        case .outOfRange(let value, let type, _): "\"\(value)\" does not fit \(type)"
        case .missingKey(let key, _): "key \"\(key)\" is missing"
        case .missingElement(let index, _): "element \"\(index)\" is missing"
        case .unreadable(let type, let reason, _): "a value of type \"\(type)\" cannot be read (\(reason))"
        }
    }

    public var remedy: String {
        switch self {
        case .notFinite: "leave it out or use null"
        case .integerTooLarge: "write it as a string"
        case .wrongKind(_, let expected, _): "write \(expected)"
        case .outOfRange: "write a value within its range"
        case .missingKey: "add it"
        case .missingElement: "add it to the array"
        case .unreadable: "write it as its type does"
        }
    }
}

extension JSONPath {
    init(codingPath: [any CodingKey]) {
        self.init(codingPath.map { Step($0) })
    }
}

extension JSONPath.Step {
    init(_ key: any CodingKey) {
        self = key is JSONIndexKey ? .index(key.intValue ?? 0) : .key(key.stringValue)
    }
}

/// The coding key of an array's element.
struct JSONIndexKey: CodingKey {
    let index: Int

    init(_ index: Int) { self.index = index }

    init?(stringValue: String) {
        guard let index = Int(stringValue) else { return nil }
        self.index = index
    }

    init?(intValue: Int) { index = intValue }

    var stringValue: String { String(index) }

    var intValue: Int? { index }
}

extension JSONPath {
    /// The path as Swift's coders speak of it.
    var codingPath: [any CodingKey] {
        steps.map { step in
            switch step {
            case .key(let key): JSONNameKey(key)
            case .index(let index): JSONIndexKey(index)
            }
        }
    }
}

/// The coding key of an object's member.
struct JSONNameKey: CodingKey {
    let stringValue: String

    init(_ name: String) { stringValue = name }

    init?(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }

    var intValue: Int? { nil }
}
