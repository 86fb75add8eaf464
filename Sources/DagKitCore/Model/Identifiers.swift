/// A name that users give to a DAG, a task or a run, and that stands in URLs, log paths and tables.
///
/// The characters are limited (``IdentifierError``); every door through which a name enters checks it with
/// ``init(checking:)`` or, for DAGs, with the validator of ``DAGSpec``.
public protocol Identifier: RawRepresentable, Hashable, Comparable, Codable, Sendable,
    CustomStringConvertible,
    ExpressibleByStringLiteral
where RawValue == String {
    /// Creates a name without checking it.
    init(_ rawValue: String)

    /// What the name names, for messages: `dag`, `task`, `run`.
    static var noun: String { get }

    /// Whether `byte` may stand in such a name.
    static func admits(_ byte: UInt8) -> Bool

    /// The admitted characters, for messages.
    static var admitted: String { get }
}

extension Identifier {
    public init(rawValue: String) { self.init(rawValue) }

    public init(stringLiteral value: String) { self.init(value) }

    /// Creates a checked name.
    ///
    /// - Throws: ``IdentifierError`` if it is empty, too long, or has a character that such names cannot have.
    public init(checking text: String) throws(IdentifierError) {
        if let error = Self.problem(with: text) { throw error }
        self.init(text)
    }

    /// What is wrong with `text` as such a name; `nil` if nothing is.
    public static func problem(with text: String) -> IdentifierError? {
        let bytes = text.utf8
        if bytes.isEmpty { return .empty(noun: noun) }
        if bytes.count > 250 { return .tooLong(noun: noun, id: text) }
        if !bytes.allSatisfy(admits) { return .badCharacter(noun: noun, id: text, admitted: admitted) }
        let dot = UInt8(ascii: ".")
        let hasDotDot = zip(bytes, bytes.dropFirst()).contains { $0 == dot && $1 == dot }
        return hasDotDot ? .dotDot(noun: noun, id: text) : nil
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public var description: String { rawValue }

    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    /// Letters, digits, `_`, `-` and `.`, all ASCII.
    public static func admits(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
    }

    public static var admitted: String { "letters, digits, '_', '-' and '.'" }
}

/// The name of a DAG: 1 to 250 of `[A-Za-z0-9_.-]`, without `..`.
public struct DAGID: Identifier {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public static var noun: String { "dag" }
}

/// The name of a task within its DAG, with its groups in front: `checks.freshness`.
public struct TaskID: Identifier {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public static var noun: String { "task" }
}

/// The name of a run within its DAG: `scheduled__2024-01-01T00:00:00+00:00`.
public struct RunID: Identifier {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public static var noun: String { "run" }

    public static func admits(_ byte: UInt8) -> Bool {
        TaskID.admits(byte) || byte == UInt8(ascii: "~") || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: "+")
    }

    public static var admitted: String { "letters, digits, '_', '-', '.', '~', ':' and '+'" }
}

/// Why a text cannot be a name.
public enum IdentifierError: DagKitError, Equatable {
    case empty(noun: String)
    case tooLong(noun: String, id: String)
    case badCharacter(noun: String, id: String, admitted: String)
    case dotDot(noun: String, id: String)

    public var problem: String {
        switch self {
        case .empty(let noun): "\(noun) id \"\" is empty"
        case .tooLong(let noun, let id): "\(noun) id \"\(id.prefix(40))…\" has \(id.utf8.count) bytes"
        case .badCharacter(let noun, let id, _): "\(noun) id \"\(id)\" has a character that ids cannot have"
        case .dotDot(let noun, let id): "\(noun) id \"\(id)\" has two dots in a row"
        }
    }

    public var remedy: String {
        switch self {
        case .empty: "give it a name"
        case .tooLong: "use at most 250"
        case .badCharacter(_, _, let admitted): "use \(admitted)"
        case .dotDot: "use one dot at a time"
        }
    }
}
