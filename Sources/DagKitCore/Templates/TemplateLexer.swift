/// A word of an expression, with the offset at which it starts.
struct TemplateToken: Hashable {
    enum Kind: Hashable {
        case name(String)
        case literal(JSONValue)
        case symbol(Unicode.Scalar)
        /// `}}`, or `-}}`, which takes away the white space after it.
        case close(trims: Bool)
        case end
    }

    let kind: Kind
    let offset: Int

    /// The token as the template shows it.
    var text: String {
        switch kind {
        case .name(let name): name
        case .literal(let value): value.string ?? value.text
        case .symbol(let symbol): String(symbol)
        case .close: "}}"
        case .end: "the end of the text"
        }
    }
}

/// Reads the words of an expression.
struct TemplateLexer {
    private let scalars: [Unicode.Scalar]
    private(set) var position: Int

    init(_ scalars: [Unicode.Scalar], from position: Int) {
        self.scalars = scalars
        self.position = position
    }

    func location(of offset: Int) -> TemplateLocation { scalars.location(of: offset) }

    mutating func next() throws(TemplateError) -> TemplateToken {
        while let scalar = ahead, scalar.properties.isWhitespace { position += 1 }
        let start = position
        return TemplateToken(kind: try kind(), offset: start)
    }

    private mutating func kind() throws(TemplateError) -> TemplateToken.Kind {
        guard let scalar = ahead else { return .end }
        switch scalar {
        case "}" where after(1) == "}": return close(length: 2, trims: false)
        case "-" where after(1) == "}" && after(2) == "}": return close(length: 3, trims: true)
        case "'", "\"": return .literal(.string(try string(quote: scalar)))
        case "0"..."9": return .literal(try number())
        case "-" where after(1).map(Self.isDigit) ?? false: return .literal(try number())
        case let other where Self.isLetter(other):
            return .name(word { Self.isLetter($0) || Self.isDigit($0) })
        default:
            position += 1
            return .symbol(scalar)
        }
    }

    private var ahead: Unicode.Scalar? { after(0) }

    private func after(_ distance: Int) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    private mutating func close(length: Int, trims: Bool) -> TemplateToken.Kind {
        position += length
        return .close(trims: trims)
    }

    private mutating func word(while belongs: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = ahead, belongs(scalar) {
            text.append(scalar)
            position += 1
        }
        return String(text)
    }

    private mutating func number() throws(TemplateError) -> JSONValue {
        let start = position
        var text = ""
        if ahead == "-" {
            text = "-"
            position += 1
        }
        text += word(while: Self.isDigit)
        if ahead == ".", after(1).map(Self.isDigit) ?? false {
            position += 1
            text += "." + word(while: Self.isDigit)
            if let value = Double(text) { return .number(value) }
        } else if let value = Int64(text) {
            return .integer(value)
        }
        throw .unexpected(found: text, expected: "a number of 64 bits", at: location(of: start))
    }

    /// A string in Python's notation: the escapes that Python does not know stand for themselves.
    private mutating func string(quote: Unicode.Scalar) throws(TemplateError) -> String {
        let start = position
        var text = String.UnicodeScalarView()
        position += 1
        while let scalar = ahead {
            position += 1
            if scalar == quote { return String(text) }
            guard scalar == "\\", let escaped = ahead else {
                text.append(scalar)
                continue
            }
            position += 1
            switch escaped {
            case "n": text.append("\n")
            case "r": text.append("\r")
            case "t": text.append("\t")
            case "\\", "'", "\"": text.append(escaped)
            default: text.append(contentsOf: [scalar, escaped])
            }
        }
        throw .unfinished(opening: String(quote), closing: String(quote), at: location(of: start))
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }
}
