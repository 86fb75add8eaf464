import FoundationEssentials

/// Encodes one value and the values within it; each has an encoder of its own, which fills a node.
final class JSONTreeEncoder: Encoder {
    /// What a value has become so far.
    private enum Node {
        case empty
        case value(JSONValue)
        case array([Node])
        case object([String: Node])
        /// A container handed out earlier, that may still be written to.
        case encoder(JSONTreeEncoder)
    }

    let path: JSONPath
    private var node = Node.empty

    var codingPath: [any CodingKey] { path.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(path: JSONPath) { self.path = path }

    /// Encodes a value that may be one of Foundation's, which JSON writes in its own way.
    static func tree(of value: some Encodable, path: JSONPath) throws -> JSONValue {
        if let special = try special(value, path: path) { return special }
        let encoder = JSONTreeEncoder(path: path)
        try value.encode(to: encoder)
        return encoder.result
    }

    /// What was encoded; a value that wrote nothing is an empty object, as in Swift's own encoder.
    var result: JSONValue { Self.resolve(node) ?? .object([:]) }

    private static func special(_ value: some Encodable, path: JSONPath) throws -> JSONValue? {
        switch value {
        case let value as JSONValue: try checked(value, path: path)
        case let value as Date: .string(value.isoText)
        case let value as Duration:
            .array([.integer(value.components.seconds), .integer(value.components.attoseconds)])
        case let value as Decimal: .string(value.description)
        case let value as Data: .string(value.base64EncodedString())
        case let value as URL: .string(value.absoluteString)
        default: nil
        }
    }

    /// Refuses numbers that JSON cannot write, at any depth.
    static func checked(_ value: JSONValue, path: JSONPath) throws -> JSONValue {
        switch value {
        case .number(let number) where !number.isFinite:
            throw JSONCodingError.notFinite("\(number)", path: path)
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                _ = try checked(element, path: path.appending(.index(index)))
            }
        case .object(let members):
            for (key, member) in members { _ = try checked(member, path: path.appending(.key(key))) }
        default: break
        }
        return value
    }

    private static func resolve(_ node: Node) -> JSONValue? {
        switch node {
        case .empty: nil
        case .value(let value): value
        case .array(let nodes): .array(nodes.map { resolve($0) ?? .object([:]) })
        case .object(let nodes): .object(nodes.mapValues { resolve($0) ?? .object([:]) })
        case .encoder(let encoder): encoder.result
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        becomeObject()
        return KeyedEncodingContainer(KeyedContainer<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        becomeArray()
        return UnkeyedContainer(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleContainer(encoder: self) }

    /// Sets the value of this node.
    func put(_ value: JSONValue) throws { node = .value(try Self.checked(value, path: path)) }

    private func becomeObject() {
        if case .object = node { return }
        node = .object([:])
    }

    private func becomeArray() {
        if case .array = node { return }
        node = .array([])
    }

    private func set(_ key: String, _ child: Node) {
        guard case .object(var members) = node else { return }
        node = .empty  // keeps the dictionary unshared while it grows
        members[key] = child
        node = .object(members)
    }

    private func append(_ child: Node) {
        guard case .array(var elements) = node else { return }
        node = .empty  // keeps the array unshared while it grows
        elements.append(child)
        node = .array(elements)
    }

    private var count: Int {
        if case .array(let elements) = node { elements.count } else { 0 }
    }

    private func value(_ value: some Encodable, _ step: JSONPath.Step) throws -> Node {
        .value(try Self.tree(of: value, path: path.appending(step)))
    }
}

// MARK: - Containers

extension JSONTreeEncoder {
    private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoder: JSONTreeEncoder

        var codingPath: [any CodingKey] { encoder.codingPath }

        mutating func encodeNil(forKey key: Key) throws { encoder.set(key.stringValue, .value(.null)) }

        mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            let name = key.stringValue
            encoder.set(name, try encoder.value(value, .key(name)))
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy keyType: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> {
            child(key.stringValue).container(keyedBy: keyType)
        }

        mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            child(key.stringValue).unkeyedContainer()
        }

        mutating func superEncoder() -> any Encoder { child("super") }

        mutating func superEncoder(forKey key: Key) -> any Encoder { child(key.stringValue) }

        private func child(_ name: String) -> JSONTreeEncoder {
            let child = JSONTreeEncoder(path: encoder.path.appending(.key(name)))
            encoder.set(name, .encoder(child))
            return child
        }
    }

    private struct UnkeyedContainer: UnkeyedEncodingContainer {
        let encoder: JSONTreeEncoder

        var codingPath: [any CodingKey] { encoder.codingPath }

        var count: Int { encoder.count }

        mutating func encodeNil() throws { encoder.append(.value(.null)) }

        mutating func encode<T: Encodable>(_ value: T) throws {
            encoder.append(try encoder.value(value, .index(count)))
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy keyType: Nested.Type
        ) -> KeyedEncodingContainer<Nested> {
            child().container(keyedBy: keyType)
        }

        mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }

        mutating func superEncoder() -> any Encoder { child() }

        private func child() -> JSONTreeEncoder {
            let child = JSONTreeEncoder(path: encoder.path.appending(.index(count)))
            encoder.append(.encoder(child))
            return child
        }
    }

    private struct SingleContainer: SingleValueEncodingContainer {
        let encoder: JSONTreeEncoder

        var codingPath: [any CodingKey] { encoder.codingPath }

        mutating func encodeNil() throws { try encoder.put(.null) }
        mutating func encode(_ value: Bool) throws { try encoder.put(.bool(value)) }
        mutating func encode(_ value: String) throws { try encoder.put(.string(value)) }
        mutating func encode(_ value: Double) throws { try encoder.put(.number(value)) }

        // Through the text, so that 0.1 stays 0.1 and does not become 0.10000000149011612.
        mutating func encode(_ value: Float) throws {
            try encoder.put(.number(Double(value.description) ?? Double(value)))
        }

        mutating func encode(_ value: Int) throws { try put(value) }
        mutating func encode(_ value: Int8) throws { try put(value) }
        mutating func encode(_ value: Int16) throws { try put(value) }
        mutating func encode(_ value: Int32) throws { try put(value) }
        mutating func encode(_ value: Int64) throws { try put(value) }
        mutating func encode(_ value: Int128) throws { try put(value) }
        mutating func encode(_ value: UInt) throws { try put(value) }
        mutating func encode(_ value: UInt8) throws { try put(value) }
        mutating func encode(_ value: UInt16) throws { try put(value) }
        mutating func encode(_ value: UInt32) throws { try put(value) }
        mutating func encode(_ value: UInt64) throws { try put(value) }
        mutating func encode(_ value: UInt128) throws { try put(value) }

        mutating func encode<T: Encodable>(_ value: T) throws {
            try encoder.put(JSONTreeEncoder.tree(of: value, path: encoder.path))
        }

        private func put(_ value: some BinaryInteger) throws {
            guard let exact = Int64(exactly: value) else {
                throw JSONCodingError.integerTooLarge("\(value)", path: encoder.path)
            }
            try encoder.put(.integer(exact))
        }
    }
}
