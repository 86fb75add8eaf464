/// The header fields of an HTTP message, in order, whose names ignore case.
///
/// A value cannot carry a line break into the message: control characters become spaces.
///
/// ```swift
/// var headers: HTTPHeaders = ["Content-Type": "text/plain"]
/// headers.append("Accept", "application/json")
/// headers["content-type"]  // "text/plain"
/// ```
public struct HTTPHeaders: Hashable, Sendable {
    /// One header field.
    public struct Field: Hashable, Sendable {
        /// The name, as it was written.
        public let name: String

        /// The value, without surrounding white space.
        public let value: String
    }

    /// The fields, in the order in which they were sent.
    public private(set) var fields: [Field] = []

    /// Creates headers without a field.
    public init() {}

    /// The first value of a field; setting it replaces all fields of that name, `nil` removes them.
    public subscript(name: String) -> String? {
        get { fields.first { Self.same($0.name, name) }?.value }
        set {
            let place = fields.firstIndex { Self.same($0.name, name) }
            fields.removeAll { Self.same($0.name, name) }
            guard let newValue else { return }
            fields.insert(Self.field(name, newValue), at: min(place ?? fields.count, fields.count))
        }
    }

    /// All values of a field, in order.
    public func values(of name: String) -> [String] {
        fields.filter { Self.same($0.name, name) }.map(\.value)
    }

    /// Adds a field behind those that are there.
    ///
    /// - Precondition: `name` is a token of HTTP: letters, digits and `` !#$%&'*+-.^_`|~ ``.
    public mutating func append(_ name: String, _ value: String) {
        fields.append(Self.field(name, value))
    }

    /// Whether a text can be the name of a header field.
    public static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isToken)
    }

    private static func field(_ name: String, _ value: String) -> Field {
        precondition(isName(name), "\"\(name)\" is not the name of a header field")
        let bytes = value.utf8.map { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F ? 0x20 : $0 }
        return Field(name: name, value: trimmed(String(decoding: bytes, as: UTF8.self)))
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...last])
    }

    private static func same(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count && zip(one.utf8, other.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }
}
