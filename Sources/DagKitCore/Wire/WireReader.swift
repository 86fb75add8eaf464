/// Reads what a ``WireWriter`` wrote; nothing that the bytes hold can make it read beyond them.
package struct WireReader: Sendable {
    private let bytes: [UInt8]
    private var position: Int
    private var end: Int
    private var depth = 0

    /// How deep values may hold each other.
    private static let deepest = 200

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    /// Whether nothing is left, of the record that is read or of all.
    package var isAtEnd: Bool { position == end }

    package mutating func byte() throws(WireError) -> UInt8 {
        guard position < end else { throw .cutOff }
        defer { position += 1 }
        return bytes[position]
    }

    package mutating func flag() throws(WireError) -> Bool { try byte() != 0 }

    package mutating func unsigned() throws(WireError) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try byte()
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        throw .malformed("number")
    }

    package mutating func integer() throws(WireError) -> Int64 {
        let raw = try unsigned()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    package mutating func int() throws(WireError) -> Int { Int(try integer()) }

    package mutating func double() throws(WireError) -> Double {
        var bits: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bits |= UInt64(try byte()) << shift }
        return Double(bitPattern: bits)
    }

    package mutating func text() throws(WireError) -> String {
        let count = try length()
        defer { position += count }
        return String(decoding: bytes[position..<position + count], as: UTF8.self)
    }

    package mutating func value<Value: WireCodable>(_ type: Value.Type = Value.self) throws(WireError)
        -> Value
    {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest else { throw .malformed("nesting") }
        return try Value(from: &self)
    }

    package mutating func optional<Value: WireCodable>(_ type: Value.Type = Value.self) throws(WireError)
        -> Value?
    {
        try flag() ? try value(type) : nil
    }

    package mutating func list<Value: WireCodable>(of type: Value.Type = Value.self) throws(WireError)
        -> [Value]
    {
        // Each value takes a byte at least, which bounds what is reserved.
        let count = try length()
        var values: [Value] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try value()) }
        return values
    }

    /// Reads fields that were written as a record, and skips those that a later version added.
    package mutating func record<Value>(
        _ body: (inout WireReader) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        var count = 0
        for shift in stride(from: 0, to: 32, by: 8) { count |= Int(try byte()) << shift }
        guard count <= end - position else { throw .cutOff }
        let outerEnd = end
        end = position + count
        let value = try body(&self)
        position = end
        end = outerEnd
        return value
    }

    /// How many bytes or values follow, each of which takes a byte at least.
    package mutating func length() throws(WireError) -> Int {
        let count = try unsigned()
        guard count <= UInt64(end - position) else { throw .cutOff }
        return Int(count)
    }
}

/// Why bytes cannot be read as a message.
package enum WireError: DagKitError, Equatable {
    case cutOff
    case malformed(String)
    case unknown(String, tag: UInt8)

    package var problem: String {
        switch self {
        case .cutOff: "a message ends in the middle of a value"
        case .malformed(let what): "a message holds a \"\(what)\" that cannot be"
        case .unknown(let what, let tag): "a message holds a \"\(what)\" of the unknown kind \"\(tag)\""
        }
    }

    package var remedy: String { "run the same version of the program on both sides" }
}
