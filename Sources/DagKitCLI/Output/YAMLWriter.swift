import DagKitCore

/// Writes rows as a YAML list of mappings.
struct YAMLWriter {
    func text(of rows: [[String: JSONValue]], columns: [String]) -> String {
        guard !rows.isEmpty else { return "[]\n" }
        return rows.map { row in
            let members = columns.map { ($0, row[$0] ?? .null) }
            return item(mapping(members, indent: 2))
        }.joined()
    }

    /// Puts the dash of a list item over the indentation of its first line.
    private func item(_ block: String) -> String { "- " + block.dropFirst(2) }

    private func mapping(_ members: [(String, JSONValue)], indent: Int) -> String {
        guard !members.isEmpty else { return pad(indent) + "{}\n" }
        return members.map { key, value in
            pad(indent) + scalar(.string(key)) + ":" + nested(value, indent: indent)
        }.joined()
    }

    private func nested(_ value: JSONValue, indent: Int) -> String {
        switch value {
        case .object(let members) where !members.isEmpty:
            "\n" + mapping(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, indent: indent + 2)
        case .array(let elements) where !elements.isEmpty:
            "\n" + elements.map { element($0, indent: indent) }.joined()
        default: " " + scalar(value) + "\n"
        }
    }

    private func element(_ value: JSONValue, indent: Int) -> String {
        guard case .object(let members) = value, !members.isEmpty else {
            return pad(indent) + "-" + nested(value, indent: indent + 2)
        }
        let sorted = members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return pad(indent) + "- " + mapping(sorted, indent: indent + 2).dropFirst(indent + 2)
    }

    private func scalar(_ value: JSONValue) -> String {
        // A JSON string is a YAML string, so whatever could be read as something else is quoted as JSON.
        guard case .string(let text) = value else { return value.text }
        return isPlain(text) ? text : value.text
    }

    /// Whether YAML reads the bare text as this very string.
    private func isPlain(_ text: String) -> Bool {
        let safe = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "_-./@".utf8.contains(byte)
            }
        }
        guard safe, let first = text.utf8.first,
            (0x41...0x5A).contains(first) || (0x61...0x7A).contains(first)
        else { return false }
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "none", "nan", "inf"]
        return !words.contains(text.lowercased())
    }

    private func pad(_ count: Int) -> String { String(repeating: " ", count: count) }
}
