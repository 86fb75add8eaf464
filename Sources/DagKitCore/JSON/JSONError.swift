/// A place in a text, as editors count: both numbers start at 1.
public struct JSONLocation: Hashable, Sendable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int

    /// The column in Unicode scalars, from 1.
    public let column: Int

    /// Creates a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public var description: String { "\(line):\(column)" }
}

/// Why a text is not JSON that we accept; ``location`` is `line:column`.
public enum JSONError: DagKitError, Equatable {
    case unexpected(found: String, expected: String, at: JSONLocation)
    case unfinished(expected: String, at: JSONLocation)
    case invalidUTF8(at: JSONLocation)
    case invalidEscape(String, at: JSONLocation)
    case controlCharacter(UInt8, at: JSONLocation)
    case invalidNumber(String, at: JSONLocation)
    case numberOutOfRange(String, at: JSONLocation)
    case duplicateKey(String, at: JSONLocation)
    case tooDeep(limit: Int, at: JSONLocation)
    case tooLarge(bytes: Int, limit: Int)

    /// Where the mistake is; `nil` if the text as a whole was refused.
    public var place: JSONLocation? {
        switch self {
        case .unexpected(_, _, let place), .unfinished(_, let place), .invalidUTF8(let place),
            .invalidEscape(_, let place), .controlCharacter(_, let place), .invalidNumber(_, let place),
            .numberOutOfRange(_, let place), .duplicateKey(_, let place), .tooDeep(_, let place):
            place
        case .tooLarge: nil
        }
    }

    public var location: String? { place?.description }

    public var problem: String {
        switch self {
        case .unexpected(let found, _, _): "unexpected \(found)"
        case .unfinished: "the JSON text ends too early"
        case .invalidUTF8: "a string is not UTF-8"
        case .invalidEscape(let escape, _): "invalid escape \"\(escape)\" in a string"
        case .controlCharacter(let code, _): "control character \"\(Self.escape(code))\" in a string"
        case .invalidNumber(let text, _): "invalid number \"\(text)\""
        case .numberOutOfRange(let text, _): "number \"\(text)\" is out of range"
        case .duplicateKey(let key, _): "key \"\(key)\" stands twice in one object"
        case .tooDeep(let limit, _): "arrays and objects nest deeper than \"\(limit)\" levels"
        case .tooLarge(let bytes, let limit): "the JSON text has \"\(bytes)\" bytes, over \(limit)"
        }
    }

    public var remedy: String {
        switch self {
        case .unexpected(_, let expected, _), .unfinished(let expected, _): "write \(expected) here"
        case .invalidUTF8: "save the text as UTF-8"
        case .invalidEscape: "use one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t or a paired \\uXXXX"
        case .controlCharacter(let code, _): "write it as \(Self.escape(code))"
        case .invalidNumber: "write it like 12, -0.5 or 6.02e23"
        case .numberOutOfRange: "write it as a string"
        case .duplicateKey: "remove one of the two"
        case .tooDeep: "make it flatter"
        case .tooLarge: "make it smaller"
        }
    }

    private static func escape(_ code: UInt8) -> String {
        let digits = String(code, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
