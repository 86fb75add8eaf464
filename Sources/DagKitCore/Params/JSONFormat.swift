import FoundationEssentials

/// The forms of text that a ``JSONSchema`` can ask for.
enum JSONFormat: String, CaseIterable, Sendable {
    case date, email, uri, uuid
    case dateTime = "date-time"

    /// What the form is called in a message.
    var name: String {
        switch self {
        case .date: "date"
        case .dateTime: "instant"
        case .email: "mail address"
        case .uri: "URI"
        case .uuid: "UUID"
        }
    }

    /// A text of the form.
    var example: String {
        switch self {
        case .date: "2026-01-31"
        case .dateTime: "2026-01-31T12:00:00+00:00"
        case .email: "ada@example.org"
        case .uri: "https://example.org/data"
        case .uuid: "123e4567-e89b-12d3-a456-426614174000"
        }
    }

    /// Whether a text has the form.
    func admits(_ text: String) -> Bool {
        switch self {
        case .date: text.utf8.count == 10 && (try? Date(isoText: text)) != nil
        case .dateTime: text.utf8.count > 10 && (try? Date(isoText: text)) != nil
        case .email: Self.isAddress(text)
        case .uri: Self.isURI(text)
        case .uuid: UUID(uuidString: text) != nil
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."),
            !text.contains(where: \.isWhitespace)
        else {
            return false
        }
        return parts[1].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
    }

    private static func isURI(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex,
            !text.contains(where: \.isWhitespace), text.index(after: colon) < text.endIndex
        else { return false }
        let scheme = text[..<colon].utf8
        let isLetter: (UInt8) -> Bool = { ($0 | 32) >= 97 && ($0 | 32) <= 122 }
        return scheme.first.map(isLetter) == true
            && scheme.allSatisfy { isLetter($0) || ($0 >= 48 && $0 <= 57) || [43, 45, 46].contains($0) }
    }
}
