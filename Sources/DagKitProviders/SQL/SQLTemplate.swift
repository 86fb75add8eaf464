public import DagKitCore
import DagKitSQL

/// The text of a statement whose `{{ … }}` become bound values: no value can change what the statement means.
///
/// `where day = {{ ds }}` and Airflow's `where day = '{{ ds }}'` both bind one value. Inside of a longer literal, a comment or
/// a quoted name nothing can be bound, and a template there is refused.
struct SQLTemplate {
    /// A part of the text, or a template to be rendered and bound.
    enum Part: Equatable {
        case text(String)
        case value(String)
    }

    private(set) var parts: [Part] = []

    /// - Throws: ``SQLTemplateError``.
    init(_ text: String) throws(SQLTemplateError) {
        var rest = text[...]
        var literal = ""
        while let character = rest.first {
            if rest.hasPrefix("{{") {
                try take(&rest, after: &literal)
            } else if let end = Self.end(of: character, in: rest) {
                let quoted = rest[..<end]
                if let template = Self.wholeTemplate(quoted) {
                    add(&literal, template)
                } else if quoted.contains("{{") {
                    throw .cannotBind(String(quoted))
                } else {
                    literal += quoted
                }
                rest = rest[end...]
            } else {
                literal.append(character)
                rest.removeFirst()
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
    }

    /// The statement with every value that `render` gives bound to its place.
    func statement(_ render: (String) async throws -> String) async throws -> SQLStatement {
        var statement = SQLStatement(verbatim: "")
        for part in parts {
            switch part {
            case .text(let text): statement += SQLStatement(verbatim: text)
            case .value(let template):
                let value = try await render(template)
                // A number binds as one, so that it compares as one.
                if let number = Int64(value), "\(number)" == value {
                    statement += "\(number)"
                } else {
                    statement += "\(value)"
                }
            }
        }
        return statement
    }

    private mutating func add(_ literal: inout String, _ template: String) {
        if !literal.isEmpty { parts.append(.text(literal)) }
        literal = ""
        parts.append(.value(template))
    }

    private mutating func take(_ rest: inout Substring, after literal: inout String) throws(SQLTemplateError)
    {
        guard let close = rest.firstRange(of: "}}") else { throw .notClosed(String(rest.prefix(40))) }
        // A value beside a letter or digit would be part of a name.
        let isInName =
            Self.isNameCharacter(literal.last) || Self.isNameCharacter(rest[close.upperBound...].first)
        guard !isInName else { throw .cannotBind(literal.suffix(20) + String(rest[..<close.upperBound])) }
        add(&literal, String(rest[..<close.upperBound]))
        rest = rest[close.upperBound...]
    }

    private static func isNameCharacter(_ character: Character?) -> Bool {
        character.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "\"" || $0 == "{" } ?? false
    }

    /// Where a literal, quoted name or comment that starts here ends; `nil` if none does.
    private static func end(of first: Character, in rest: Substring) -> Substring.Index? {
        switch first {
        case "'", "\"", "`":
            // Quotes inside of quotes that belong to a template do not count.
            var index = rest.index(after: rest.startIndex)
            while index < rest.endIndex {
                if rest[index...].hasPrefix("{{"), let close = rest[index...].firstRange(of: "}}") {
                    index = close.upperBound
                } else if rest[index] == first {
                    return rest.index(after: index)
                } else {
                    index = rest.index(after: index)
                }
            }
            return rest.endIndex
        case "-" where rest.hasPrefix("--"): return rest.firstIndex(where: \.isNewline) ?? rest.endIndex
        case "/" where rest.hasPrefix("/*"): return rest.firstRange(of: "*/")?.upperBound ?? rest.endIndex
        default: return nil
        }
    }

    /// The template, if it is all that a literal holds.
    private static func wholeTemplate(_ quoted: Substring) -> String? {
        guard quoted.first == "'", quoted.last == "'", quoted.count > 5 else { return nil }
        let inner = quoted.dropFirst().dropLast()
        guard inner.hasPrefix("{{"), inner.hasSuffix("}}"),
            inner.firstRange(of: "}}")?.upperBound == inner.endIndex
        else { return nil }
        return String(inner)
    }
}

/// Why the templates of a statement cannot become bound values.
public enum SQLTemplateError: DagKitError, Equatable {
    case cannotBind(String)
    case notClosed(String)

    public var problem: String {
        switch self {
        case .cannotBind(let text): "the template in \"\(text)\" stands where no value can be bound"
        case .notClosed(let text): "the template \"\(text)\" has no end"
        }
    }

    public var remedy: String {
        switch self {
        case .cannotBind: "let it stand for a whole value, such as where day = {{ ds }}"
        case .notClosed: "end it with }}"
        }
    }
}
