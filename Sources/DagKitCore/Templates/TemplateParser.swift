/// Parses one expression, from behind its `{{` to behind its `}}`.
struct TemplateParser {
    /// How many parts an expression may have; bounds the depth of the tree.
    static let limit = 200

    /// Whether the expression ends with `-}}`.
    private(set) var trimsAfter = false
    private var lexer: TemplateLexer
    private var token: TemplateToken
    private var parts = 0
    private let opened: Int

    /// - Parameter opened: The offset of the `{{`, for the error that says it is never closed.
    init(_ scalars: [Unicode.Scalar], from position: Int, opened: Int) throws(TemplateError) {
        lexer = TemplateLexer(scalars, from: position)
        token = try lexer.next()
        self.opened = opened
    }

    /// The offset behind the expression, once it is parsed.
    var end: Int { lexer.position }

    mutating func parse() throws(TemplateError) -> TemplateNode {
        let node = try expression()
        guard case .close(let trims) = token.kind else { throw unexpected("\"|\" or \"}}\"") }
        trimsAfter = trims
        return node
    }

    // MARK: Grammar

    private mutating func expression() throws(TemplateError) -> TemplateNode {
        var node = try postfix()
        while try accept("|") {
            let place = self.place
            let name = try name("the name of a filter")
            guard let filter = TemplateFilter(named: name) else {
                throw .unknownFilter(name, nearest: TemplateFilter.nearest(to: name), at: place)
            }
            let arguments = try accept("(") ? try arguments() : []
            node = try made(.filter(node, filter, arguments), at: place)
        }
        return node
    }

    private mutating func postfix() throws(TemplateError) -> TemplateNode {
        var node = try primary()
        while true {
            let place = self.place
            if try accept(".") {
                let memberPlace = self.place
                let member = try name("the name of a member")
                if try accept("(") {
                    node = try made(.call(node, method: member, try arguments()), at: memberPlace)
                } else {
                    node = try made(.member(node, member), at: memberPlace)
                }
            } else if try accept("[") {
                let index = try expression()
                try expect("]")
                node = try made(.index(node, index), at: place)
            } else if token.kind == .symbol("(") {
                throw .notCallable(node.text, at: place)
            } else {
                return node
            }
        }
    }

    private mutating func primary() throws(TemplateError) -> TemplateNode {
        let place = self.place
        switch token.kind {
        case .literal(let value):
            try advance()
            return try made(.literal(value), at: place)
        case .name(let name):
            try advance()
            return try made(try Self.kind(ofName: name, at: place), at: place)
        case .symbol("["):
            try advance()
            return try made(.list(try list()), at: place)
        case .symbol("("):
            try advance()
            parts += 1
            guard parts <= Self.limit else { throw .tooLong(limit: Self.limit, at: place) }
            let node = try expression()
            try expect(")")
            return node
        default: throw unexpected("a value")
        }
    }

    private static func kind(
        ofName name: String, at place: TemplateLocation
    ) throws(TemplateError) -> TemplateNode.Kind {
        switch name {
        case "true", "True": return .literal(true)
        case "false", "False": return .literal(false)
        case "none", "None": return .literal(nil)
        default:
            guard let known = TemplateName(rawValue: name) else {
                throw .unknownName(name, nearest: TemplateName.nearest(to: name), at: place)
            }
            return .name(known)
        }
    }

    private mutating func list() throws(TemplateError) -> [TemplateNode] {
        parts += 1
        guard parts <= Self.limit else { throw .tooLong(limit: Self.limit, at: place) }
        var elements: [TemplateNode] = []
        while token.kind != .symbol("]") {
            elements.append(try expression())
            if try !accept(",") { break }
        }
        try expect("]")
        return elements
    }

    private mutating func arguments() throws(TemplateError) -> [TemplateArgument] {
        parts += 1
        guard parts <= Self.limit else { throw .tooLong(limit: Self.limit, at: place) }
        var arguments: [TemplateArgument] = []
        while token.kind != .symbol(")") {
            let label = try label()
            arguments.append(TemplateArgument(label: label, value: try expression()))
            if try !accept(",") { break }
        }
        try expect(")")
        return arguments
    }

    /// The `key=` in front of an argument, if there is one.
    private mutating func label() throws(TemplateError) -> String? {
        guard case .name(let name) = token.kind else { return nil }
        var ahead = lexer
        guard try ahead.next().kind == .symbol("=") else { return nil }
        lexer = ahead
        try advance()
        return name
    }

    // MARK: Tokens

    private var place: TemplateLocation { lexer.location(of: token.offset) }

    private mutating func advance() throws(TemplateError) { token = try lexer.next() }

    private mutating func accept(_ symbol: Unicode.Scalar) throws(TemplateError) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        try advance()
        return true
    }

    private mutating func expect(_ symbol: Unicode.Scalar) throws(TemplateError) {
        guard try accept(symbol) else { throw unexpected("\"\(symbol)\"") }
    }

    private mutating func name(_ what: String) throws(TemplateError) -> String {
        guard case .name(let name) = token.kind else { throw unexpected(what) }
        try advance()
        return name
    }

    private func unexpected(_ expected: String) -> TemplateError {
        guard token.kind != .end else {
            return .unfinished(opening: "{{", closing: "}}", at: lexer.location(of: opened))
        }
        return .unexpected(found: token.text, expected: expected, at: place)
    }

    private mutating func made(
        _ kind: TemplateNode.Kind, at place: TemplateLocation
    ) throws(TemplateError) -> TemplateNode {
        parts += 1
        guard parts <= Self.limit else { throw .tooLong(limit: Self.limit, at: place) }
        return TemplateNode(kind: kind, place: place)
    }
}
