/// A place in a template: both numbers start at 1.
public struct TemplateLocation: Hashable, Sendable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int

    /// The column in Unicode scalars, from 1.
    public let column: Int

    /// Creates a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public var description: String { "template:\(line):\(column)" }
}

/// Why a text is no template, or a template cannot be rendered.
///
/// No case carries the value of a variable, a connection or an output.
public enum TemplateError: DagKitError, Equatable {
    /// A `{{`, a `{#` or a quote that nothing closes.
    case unfinished(opening: String, closing: String, at: TemplateLocation)
    /// A `{% … %}`.
    case statement(at: TemplateLocation)
    case unexpected(found: String, expected: String, at: TemplateLocation)
    case tooLong(limit: Int, at: TemplateLocation)
    case unknownName(String, nearest: String?, at: TemplateLocation)
    case unknownFilter(String, nearest: String?, at: TemplateLocation)
    case unknownMember(String, of: String, nearest: String?, at: TemplateLocation)
    case notCallable(String, at: TemplateLocation)
    case wrongArguments(usage: String, at: TemplateLocation)
    /// A filter, call or index got a value of a kind that it does not take.
    case wrongKind(found: String, by: String, expected: String, at: TemplateLocation)
    /// An object such as `ti` stands where only one of its members has a text.
    case notText(String, at: TemplateLocation)
    case noVariable(String, at: TemplateLocation)
    case variableNotJSON(String, at: TemplateLocation)
    case noConnection(String, at: TemplateLocation)
    case noOutput(task: String, key: String, at: TemplateLocation)
    case noDataInterval(at: TemplateLocation)
    case noNotice(at: TemplateLocation)
    case unknownDirective(String, format: String, at: TemplateLocation)
    case notADate(format: String, at: TemplateLocation)
    case dateOutOfRange(at: TemplateLocation)

    public var location: String? { place.description }

    /// Where in the template it is.
    public var place: TemplateLocation {
        switch self {
        case .unfinished(_, _, let at), .statement(let at), .unexpected(_, _, let at), .tooLong(_, let at),
            .unknownName(_, _, let at), .unknownFilter(_, _, let at), .unknownMember(_, _, _, let at),
            .notCallable(_, let at), .wrongArguments(_, let at), .wrongKind(_, _, _, let at),
            .notText(_, let at), .noVariable(_, let at), .variableNotJSON(_, let at),
            .noConnection(_, let at), .noOutput(_, _, let at), .noDataInterval(let at), .noNotice(let at),
            .unknownDirective(_, _, let at), .notADate(_, let at), .dateOutOfRange(let at):
            at
        }
    }

    public var problem: String {
        switch self {
        case .unfinished(let opening, _, _): "\"\(opening)\" is never closed"
        case .statement: "\"{%\" opens a statement, which templates do not have"
        case .unexpected(let found, let expected, _): "found \"\(found)\" where \(expected) belongs"
        case .tooLong(let limit, _): "an expression has more than \"\(limit)\" parts"
        case .unknownName(let name, _, _): "name \"\(name)\" does not exist"
        case .unknownFilter(let name, _, _): "filter \"\(name)\" does not exist"
        case .unknownMember(let name, let owner, _, _): "\"\(owner)\" has no \"\(name)\""
        case .notCallable(let name, _): "\"\(name)\" cannot be called"
        case .wrongArguments(let usage, _): "the arguments do not fit \"\(usage)\""
        case .wrongKind(let found, let by, let expected, _):
            "\"\(by)\" takes \(expected) and got \"\(found)\""
        case .notText(let name, _): "\"\(name)\" has no text of its own"
        case .noVariable(let key, _): "variable \"\(key)\" does not exist"
        case .variableNotJSON(let key, _): "variable \"\(key)\" is not JSON"
        case .noConnection(let id, _): "connection \"\(id)\" does not exist"
        case .noOutput(let task, let key, _): "task \"\(task)\" has no output \"\(key)\" in this run"
        case .noDataInterval: "the run covers no data interval"
        case .noNotice: "a task is told no notice"
        case .unknownDirective(let directive, let format, _):
            "the format \"\(format)\" has \"\(directive)\", which is no directive"
        case .notADate(let format, _): "the text is no date of the form \"\(format)\""
        case .dateOutOfRange: "the date lies outside the years \"1\" to \"9999\""
        }
    }

    public var remedy: String {
        switch self {
        case .unfinished(let opening, let closing, _):
            "close it with \(closing)" + (opening == "{#" ? ", or write {{ '{#' }} for the characters" : "")
        case .statement: "insert values with {{ … }}, or write {{ '{%' }} for the characters"
        case .unexpected: "write {{ name }}, {{ name.member }} or {{ name | filter }}; there are no operators"
        case .tooLong: "split it"
        case .unknownName(_, let nearest, _): Self.proposal(nearest, else: "see templates.md for the names")
        case .unknownFilter(_, let nearest, _):
            Self.proposal(nearest, else: "use one of \(TemplateFilter.names)")
        case .unknownMember(_, _, let nearest, _):
            Self.proposal(nearest, else: "correct the name, or add | default('…')")
        case .notCallable: "leave out the parentheses"
        case .wrongArguments(let usage, _): "write \(usage)"
        case .wrongKind(_, _, let expected, _): "give it \(expected)"
        case .notText(let name, _): "write \(name).MEMBER"
        case .noVariable(let key, _): "run: dagctl variables set \(key) VALUE, or add | default('…')"
        case .variableNotJSON(let key, _): "store JSON, or read var.value.\(key)"
        case .noConnection(let id, _): "run: dagctl connections add \(id) --conn-uri URI"
        case .noOutput(let task, _, _): "run \"\(task)\" first, or add | default('…')"
        case .noNotice: "use it in a callback"
        case .noDataInterval: "use logical_date, or add | default('…')"
        case .unknownDirective: "use one of \(DateFormat.directives)"
        case .notADate: "write the date in that form"
        case .dateOutOfRange: "add less"
        }
    }

    private static func proposal(_ nearest: String?, else other: String) -> String {
        nearest.map { "did you mean \"\($0)\"?" } ?? other
    }
}
