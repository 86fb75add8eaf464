/// An SQL text with the values that are bound to it.
///
/// What is interpolated is bound, never spliced in, so no value can change what the text means:
///
/// ```swift
/// let statement: SQLStatement = "select state from dag_run where dag_id = \(dagID) and run_id = \(runID)"
/// statement.text    // select state from dag_run where dag_id = $1 and run_id = $2
/// ```
///
/// A statement interpolated into another brings its values along, which builds conditions piece by piece:
///
/// ```swift
/// var condition: SQLStatement = "true"
/// if let state { condition += " and state = \(state)" }
/// let all: SQLStatement = "select run_id from dag_run where \(condition)"
/// ```
public struct SQLStatement: Hashable, Sendable {
    /// The texts around the values: one more than there are values.
    private var fragments: [String]

    /// The values, in the order of their placeholders.
    public private(set) var values: [SQLValue]

    /// Creates a statement from a text that is taken as it is, for example from a user's file.
    ///
    /// The caller vouches for the text: never build it from values.
    public init(verbatim text: String) {
        fragments = [text]
        values = []
    }

    /// Creates the statement of a command with its values.
    ///
    /// - Precondition: There are as many values as the command has placeholders.
    public init(_ command: SQLCommand, _ values: [SQLValue]) {
        precondition(values.count == command.fragments.count - 1, "the command takes other values")
        self.init(fragments: command.fragments, values: values)
    }

    init(fragments: [String], values: [SQLValue]) {
        self.fragments = fragments
        self.values = values
    }

    /// The text with numbered placeholders `$1`, `$2`, …, which SQLite and PostgreSQL both read.
    public var text: String {
        guard fragments.count > 1 else { return fragments[0] }
        var text = ""
        text.reserveCapacity(fragments.reduce(4 * fragments.count) { $0 + $1.utf8.count })
        for (index, fragment) in fragments.enumerated() {
            if index > 0 { text += "$\(index)" }
            text += fragment
        }
        return text
    }

    /// Adds a text or a condition, with its values, at the end.
    public static func += (statement: inout SQLStatement, addition: SQLStatement) {
        statement.append(addition)
    }

    /// Joins statements with a separator, for lists of conditions or values.
    public static func joined(_ statements: [SQLStatement], separator: String) -> SQLStatement {
        var result = SQLStatement(verbatim: "")
        for (index, statement) in statements.enumerated() {
            if index > 0 { result.append(text: separator) }
            result.append(statement)
        }
        return result
    }

    /// The values as a list between parentheses, for `in`; an empty list matches nothing.
    public static func list(_ values: some Sequence<some SQLConvertible>) -> SQLStatement {
        var result = SQLStatement(verbatim: "(")
        for (index, value) in values.enumerated() {
            if index > 0 { result.append(text: ", ") }
            result.append(value: value.sqlValue)
        }
        if result.values.isEmpty { result.append(text: "null") }
        result.append(text: ")")
        return result
    }

    private mutating func append(text: String) { fragments[fragments.count - 1] += text }

    private mutating func append(value: SQLValue) {
        values.append(value)
        fragments.append("")
    }

    private mutating func append(_ other: SQLStatement) {
        append(text: other.fragments[0])
        fragments.append(contentsOf: other.fragments.dropFirst())
        values.append(contentsOf: other.values)
    }
}

extension SQLStatement: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) { self.init(verbatim: text) }

    public init(stringInterpolation: Interpolation) { self = stringInterpolation.statement }

    /// Collects the texts and the bound values of an interpolated literal.
    public struct Interpolation: StringInterpolationProtocol {
        fileprivate var statement = SQLStatement(verbatim: "")

        public init(literalCapacity: Int, interpolationCount: Int) {
            statement.values.reserveCapacity(interpolationCount)
            statement.fragments.reserveCapacity(interpolationCount + 1)
        }

        public mutating func appendLiteral(_ literal: String) { statement.append(text: literal) }

        /// Binds a value.
        public mutating func appendInterpolation(_ value: some SQLConvertible) {
            statement.append(value: value.sqlValue)
        }

        /// Binds a value, or NULL for `nil`.
        public mutating func appendInterpolation<Value: SQLConvertible>(_ value: Value?) {
            statement.append(value: value?.sqlValue ?? .null)
        }

        /// Inserts another statement with its values.
        public mutating func appendInterpolation(_ other: SQLStatement) { statement.append(other) }

        /// Inserts a checked name, quoted.
        public mutating func appendInterpolation(_ identifier: SQLIdentifier) {
            statement.append(text: identifier.quoted)
        }
    }
}

/// The text without its values, so that a statement can stand in a log.
extension SQLStatement: CustomStringConvertible {
    public var description: String { text }
}
