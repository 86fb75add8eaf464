/// The name of a table, a column or a schema that may stand in an SQL text.
///
/// Names cannot be bound like values, so they are checked: letters, digits and `_`, not opening with a
/// digit, at most 63 characters; a table may be written `schema.table`.
///
/// ```swift
/// let table: SQLIdentifier = "crypto_historique"
/// let statement: SQLStatement = "select count(*) from \(table)"
/// ```
public struct SQLIdentifier: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name as it was given, without quotes.
    public let name: String

    /// Creates a name that comes from outside the program.
    ///
    /// - Throws: ``SQLError`` of kind ``SQLError/Kind/syntax`` if the name breaks the rule.
    public init(checking name: String) throws(SQLError) {
        guard Self.isValid(name) else {
            throw SQLError(.syntax, message: "\"\(name)\" is no name for a table or column")
        }
        self.name = name
    }

    /// Creates a name that stands in the source.
    ///
    /// - Precondition: The name keeps the rule.
    public init(stringLiteral name: String) {
        precondition(Self.isValid(name), "\"\(name)\" is no name for a table or column")
        self.name = name
    }

    /// The name between double quotes, as it stands in an SQL text.
    public var quoted: String {
        name.split(separator: ".").map { "\"\($0)\"" }.joined(separator: ".")
    }

    public var description: String { name }

    private static func isValid(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.allSatisfy(isValidPart)
    }

    private static func isValidPart(_ part: Substring.UTF8View) -> Bool {
        guard let first = part.first, part.count <= 63 else { return false }
        return !isDigit(first) && part.allSatisfy { isLetter($0) || isDigit($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
    }
}
