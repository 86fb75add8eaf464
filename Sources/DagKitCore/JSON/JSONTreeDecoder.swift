import FoundationEssentials

/// Decodes one value from its place in a ``JSONValue``.
struct JSONTreeDecoder: Decoder {
    let value: JSONValue
    let path: JSONPath

    var codingPath: [any CodingKey] { path.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Decodes a value that may be one of Foundation's, which JSON writes in its own way.
    static func decode<T: Decodable>(_ type: T.Type, from value: JSONValue, path: JSONPath) throws -> T {
        let decoder = JSONTreeDecoder(value: value, path: path)
        // Each cast is from the very type that `T` was compared with, so it cannot fail.
        if type == Date.self { return try decoder.date() as! T }
        if type == Duration.self { return try decoder.duration() as! T }
        if type == Decimal.self { return try decoder.decimal() as! T }
        if type == Data.self { return try decoder.data() as! T }
        if type == URL.self { return try decoder.url() as! T }
        return try T(from: decoder)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw wrongKind("an object") }
        return KeyedDecodingContainer(KeyedContainer<Key>(members: members, decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw wrongKind("an array") }
        return UnkeyedContainer(elements: elements, decoder: self)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { SingleContainer(decoder: self) }

    func wrongKind(_ expected: String) -> JSONCodingError {
        .wrongKind(found: value.kind, expected: expected, path: path)
    }
}

// MARK: - Scalars

extension JSONTreeDecoder {
    fileprivate func integer<I: FixedWidthInteger>(_ type: I.Type) throws -> I {
        switch value {
        case .integer(let number):
            if let exact = I(exactly: number) { return exact }
        case .number(let number):
            if let exact = I(exactly: number) { return exact }
        default: throw wrongKind("a whole number")
        }
        throw JSONCodingError.outOfRange(value.text, type: "\(type)", path: path)
    }

    fileprivate func number() throws -> Double {
        guard let number = value.number else { throw wrongKind("a number") }
        return number
    }

    fileprivate func string() throws -> String {
        guard case .string(let text) = value else { throw wrongKind("a string") }
        return text
    }

    fileprivate func bool() throws -> Bool {
        guard case .bool(let flag) = value else { throw wrongKind("true or false") }
        return flag
    }

    private func date() throws -> Date {
        let text = try string()
        do {
            return try Date(isoText: text)
        } catch {
            throw JSONCodingError.unreadable(type: "Date", reason: error.problem, path: path)
        }
    }

    private func duration() throws -> Duration {
        guard case .array(let parts) = value, parts.count == 2, case .integer(let seconds) = parts[0],
            case .integer(let attoseconds) = parts[1]
        else { throw wrongKind("a pair of seconds and attoseconds") }
        return Duration(secondsComponent: seconds, attosecondsComponent: attoseconds)
    }

    private func decimal() throws -> Decimal {
        let text = value.number == nil ? try string() : value.text
        guard let decimal = Decimal(string: text) else { throw unreadable("Decimal", text) }
        return decimal
    }

    private func data() throws -> Data {
        let text = try string()
        guard let data = Data(base64Encoded: text) else { throw unreadable("Data", text.prefix(40)) }
        return data
    }

    private func url() throws -> URL {
        let text = try string()
        guard let url = URL(string: text) else { throw unreadable("URL", text) }
        return url
    }

    private func unreadable(_ type: String, _ text: some StringProtocol) -> JSONCodingError {
        .unreadable(type: type, reason: "\"\(text)\"", path: path)
    }
}

// MARK: - Containers

extension JSONTreeDecoder {
    private struct KeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let members: [String: JSONValue]
        let decoder: JSONTreeDecoder

        var codingPath: [any CodingKey] { decoder.codingPath }
        var allKeys: [Key] { members.keys.sorted().compactMap(Key.init(stringValue:)) }

        func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

        func decodeNil(forKey key: Key) throws -> Bool { try member(key).value == .null }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            let member = try member(key)
            return try JSONTreeDecoder.decode(type, from: member.value, path: member.path)
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> {
            try member(key).container(keyedBy: type)
        }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try member(key).unkeyedContainer()
        }

        func superDecoder() throws -> any Decoder {
            JSONTreeDecoder(value: members["super"] ?? .null, path: decoder.path.appending(.key("super")))
        }

        func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }

        private func member(_ key: Key) throws -> JSONTreeDecoder {
            guard let value = members[key.stringValue] else {
                throw JSONCodingError.missingKey(key.stringValue, path: decoder.path)
            }
            return JSONTreeDecoder(value: value, path: decoder.path.appending(.key(key.stringValue)))
        }
    }

    private struct UnkeyedContainer: UnkeyedDecodingContainer {
        let elements: [JSONValue]
        let decoder: JSONTreeDecoder
        private(set) var currentIndex = 0

        init(elements: [JSONValue], decoder: JSONTreeDecoder) {
            self.elements = elements
            self.decoder = decoder
        }

        var codingPath: [any CodingKey] { decoder.codingPath }
        var count: Int? { elements.count }
        var isAtEnd: Bool { currentIndex >= elements.count }

        mutating func decodeNil() throws -> Bool {
            guard try current().value == .null else { return false }
            currentIndex += 1
            return true
        }

        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
            let element = try current()
            let value = try JSONTreeDecoder.decode(type, from: element.value, path: element.path)
            currentIndex += 1
            return value
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) throws -> KeyedDecodingContainer<Nested> {
            let container = try current().container(keyedBy: type)
            currentIndex += 1
            return container
        }

        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            let container = try current().unkeyedContainer()
            currentIndex += 1
            return container
        }

        mutating func superDecoder() throws -> any Decoder {
            let element = try current()
            currentIndex += 1
            return element
        }

        private func current() throws -> JSONTreeDecoder {
            guard elements.indices.contains(currentIndex) else {
                throw JSONCodingError.missingElement(currentIndex, path: decoder.path)
            }
            let path = decoder.path.appending(.index(currentIndex))
            return JSONTreeDecoder(value: elements[currentIndex], path: path)
        }
    }

    private struct SingleContainer: SingleValueDecodingContainer {
        let decoder: JSONTreeDecoder

        var codingPath: [any CodingKey] { decoder.codingPath }

        func decodeNil() -> Bool { decoder.value == .null }
        func decode(_ type: Bool.Type) throws -> Bool { try decoder.bool() }
        func decode(_ type: String.Type) throws -> String { try decoder.string() }
        func decode(_ type: Double.Type) throws -> Double { try decoder.number() }
        func decode(_ type: Float.Type) throws -> Float { Float(try decoder.number()) }
        func decode(_ type: Int.Type) throws -> Int { try decoder.integer(type) }
        func decode(_ type: Int8.Type) throws -> Int8 { try decoder.integer(type) }
        func decode(_ type: Int16.Type) throws -> Int16 { try decoder.integer(type) }
        func decode(_ type: Int32.Type) throws -> Int32 { try decoder.integer(type) }
        func decode(_ type: Int64.Type) throws -> Int64 { try decoder.integer(type) }
        func decode(_ type: Int128.Type) throws -> Int128 { try decoder.integer(type) }
        func decode(_ type: UInt.Type) throws -> UInt { try decoder.integer(type) }
        func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.integer(type) }
        func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.integer(type) }
        func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.integer(type) }
        func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.integer(type) }
        func decode(_ type: UInt128.Type) throws -> UInt128 { try decoder.integer(type) }

        func decode<T: Decodable>(_ type: T.Type) throws -> T {
            try JSONTreeDecoder.decode(type, from: decoder.value, path: decoder.path)
        }
    }
}
