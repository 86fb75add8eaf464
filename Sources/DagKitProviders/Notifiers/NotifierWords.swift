import DagKitCore

/// The words with which a document declares a notifier: an object, or the one value that matters most.
struct NotifierWords {
    private let words: [String: JSONValue]
    private let name: String
    private let keys: Set<String>

    /// - Parameter main: The key that a value stands for which is no object.
    init(_ words: JSONValue, of name: String, keys: Set<String>, main: String) {
        self.words = words.object ?? [main: words]
        self.name = name
        self.keys = keys
    }

    private func value(_ key: String) throws(DeclarationError) -> JSONValue? {
        if let stranger = words.keys.sorted().first(where: { !keys.contains($0) }) {
            throw .unknownKey(stranger, of: name, near: NearMiss.nearest(to: stranger, among: keys))
        }
        return words[key].flatMap { $0.isNull ? nil : $0 }
    }

    func text(_ key: String) throws(DeclarationError) -> String? {
        guard let value = try value(key) else { return nil }
        guard let text = value.string else {
            throw .wrongKind(key: key, found: value.kind, expected: "a text")
        }
        return text
    }

    func requiredText(_ key: String) throws(DeclarationError) -> String {
        guard let text = try text(key), !text.isEmpty else { throw .missingKey(key, of: name) }
        return text
    }

    /// A text, or a list of texts; at least one.
    func texts(_ key: String) throws(DeclarationError) -> [String] {
        guard let value = try value(key) else { throw .missingKey(key, of: name) }
        let texts = value.string.map { [$0] } ?? value.array?.compactMap(\.string) ?? []
        guard !texts.isEmpty, value.array.map({ $0.count == texts.count }) ?? true else {
            throw .wrongKind(key: key, found: value.kind, expected: "a list of texts")
        }
        return texts
    }

    func object(_ key: String) throws(DeclarationError) -> [String: JSONValue]? {
        guard let value = try value(key) else { return nil }
        guard let members = value.object else {
            throw .wrongKind(key: key, found: value.kind, expected: "an object")
        }
        return members
    }
}
