/// Parts a template into text and expressions.
struct TemplateReader {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var text = ""
    private var found: [TemplatePiece] = []

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func pieces() throws(TemplateError) -> [TemplatePiece] {
        while position < scalars.count {
            switch opening {
            case "{{": try readExpression()
            case "{#": try skipComment()
            case "{%": throw .statement(at: scalars.location(of: position))
            default:
                text.unicodeScalars.append(scalars[position])
                position += 1
            }
        }
        endText()
        return found
    }

    /// The two scalars ahead, if they may open something.
    private var opening: String? {
        guard scalars[position] == "{", position + 1 < scalars.count else { return nil }
        return "{\(scalars[position + 1])"
    }

    private mutating func readExpression() throws(TemplateError) {
        let start = position
        position += 2
        trimBeforeMark()
        var parser = try TemplateParser(scalars, from: position, opened: start)
        let node = try parser.parse()
        position = parser.end
        endText()
        found.append(.value(node))
        if parser.trimsAfter { skipSpace() }
    }

    private mutating func skipComment() throws(TemplateError) {
        let start = position
        position += 2
        trimBeforeMark()
        while position + 1 < scalars.count {
            if scalars[position] == "#", scalars[position + 1] == "}" {
                let trims = scalars[position - 1] == "-" && position - 1 >= start + 2
                position += 2
                if trims { skipSpace() }
                return
            }
            position += 1
        }
        throw .unfinished(opening: "{#", closing: "#}", at: scalars.location(of: start))
    }

    /// Obeys the dash of `{{-`, which takes the white space before it away.
    private mutating func trimBeforeMark() {
        guard position < scalars.count, scalars[position] == "-" else { return }
        position += 1
        while let last = text.unicodeScalars.last, last.properties.isWhitespace {
            text.unicodeScalars.removeLast()
        }
    }

    private mutating func skipSpace() {
        while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 }
    }

    private mutating func endText() {
        if !text.isEmpty { found.append(.text(text)) }
        text = ""
    }
}

extension [Unicode.Scalar] {
    /// The line and column of an offset.
    func location(of offset: Int) -> TemplateLocation {
        let before = self[..<Swift.min(offset, count)]
        let line = before.count { $0 == "\n" } + 1
        let start = before.lastIndex(of: "\n").map { $0 + 1 } ?? 0
        return TemplateLocation(line: line, column: before.endIndex - start + 1)
    }
}
