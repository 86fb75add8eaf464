package import FoundationEssentials

/// Reads the keys of a declared task's operator; a null counts as absent.
///
/// ```swift
/// let reader = DeclarationReader(declaration)
/// let path = try reader.required("path", reader.text)
/// ```
package struct DeclarationReader {
    private let declaration: JSONValue

    package init(_ declaration: JSONValue) { self.declaration = declaration }

    /// What `read` finds under a key.
    ///
    /// - Throws: ``DeclarationError/missing(key:operator:)`` if that is nothing.
    package func required<Value>(
        _ key: String, _ read: (String) throws(DeclarationError) -> Value?
    ) throws(DeclarationError) -> Value {
        guard let value = try read(key) else {
            throw .missing(key: key, operator: declaration["operator"]?.string ?? "")
        }
        return value
    }

    /// Whether something stands under a key.
    package func has(_ key: String) -> Bool { declaration[key].map { !$0.isNull } ?? false }

    package func text(_ key: String) throws(DeclarationError) -> String? {
        try typed(key, "a text") { $0.string }
    }

    package func bool(_ key: String) throws(DeclarationError) -> Bool? {
        try typed(key, "true or false") { $0.bool }
    }

    /// Seconds, or a span such as `"5m"`.
    package func span(_ key: String) throws(DeclarationError) -> Duration? {
        try typed(key, "seconds, or a span such as \"5m\"", FieldReader.duration)
    }

    /// An ISO 8601 instant.
    package func instant(_ key: String) throws(DeclarationError) -> Date? {
        try typed(key, "an instant such as \"2026-01-31T18:00:00Z\"") {
            $0.string.flatMap { try? Date(isoText: $0) }
        }
    }

    /// A text, or a list of texts.
    package func texts(_ key: String) throws(DeclarationError) -> [String]? {
        try typed(key, "a text or a list of texts") { value in
            if let one = value.string { return [one] }
            let texts = value.array?.compactMap(\.string)
            return texts?.count == value.array?.count ? texts : nil
        }
    }

    /// An object of texts.
    package func members(_ key: String) throws(DeclarationError) -> [String: String]? {
        try typed(key, "an object of texts") { value in
            let texts = value.object?.compactMapValues(\.string)
            return texts?.count == value.object?.count ? texts : nil
        }
    }

    /// One of the values of an enumeration with text values.
    package func choice<Value: RawRepresentable & CaseIterable>(_ key: String) throws(DeclarationError)
        -> Value?
    where Value.RawValue == String {
        try typed(key, Self.list(of: Value.self)) { $0.string.flatMap(Value.init) }
    }

    /// Some of the values of an enumeration with text values.
    package func choices<Value: RawRepresentable & CaseIterable & Hashable>(
        _ key: String
    ) throws(DeclarationError) -> Set<Value>? where Value.RawValue == String {
        guard let texts = try texts(key) else { return nil }
        var values: Set<Value> = []
        for text in texts {
            guard let value = Value(rawValue: text) else {
                throw .wrongKind(key: key, found: "\"\(text)\"", expected: Self.list(of: Value.self))
            }
            values.insert(value)
        }
        return values
    }

    private static func list<Value: RawRepresentable & CaseIterable>(of: Value.Type) -> String
    where Value.RawValue == String {
        "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))"
    }

    private func typed<Value>(
        _ key: String, _ expected: String, _ read: (JSONValue) -> Value?
    ) throws(DeclarationError) -> Value? {
        guard let value = declaration[key], !value.isNull else { return nil }
        if let read = read(value) { return read }
        let found =
            switch value {
            case .array, .object, .null: value.kind
            case .string(let text): "\"\(text.prefix(60))\""
            default: "\"\(value.text)\""
            }
        throw .wrongKind(key: key, found: found, expected: expected)
    }
}

extension SensorOptions {
    /// The keys by which a document says how a sensor waits.
    package static let declarationKeys: Set<String> = [
        "mode", "poke_interval", "timeout", "soft_fail", "exponential_backoff", "max_wait",
    ]

    /// Reads how a declared sensor waits.
    package init(_ reader: DeclarationReader) throws(DeclarationError) {
        self.init()
        mode = try reader.choice("mode") ?? mode
        pokeInterval = try reader.span("poke_interval") ?? pokeInterval
        timeout = try reader.span("timeout") ?? timeout
        softFail = try reader.bool("soft_fail") ?? softFail
        let cap = try reader.span("max_wait")
        if try reader.bool("exponential_backoff") == true { backoff = .exponential(cap: cap) }
    }
}
