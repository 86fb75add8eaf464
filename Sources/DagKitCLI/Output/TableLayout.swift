/// Lays out cells under headers, in the manner of Airflow's tables.
struct TableLayout {
    let header: [String]
    let rows: [[String]]
    let showsHeaders: Bool

    init(header: [String], rows: [[String]], showsHeaders: Bool) {
        self.header = header
        // A cell is one line: a table with line breaks in it can neither be read nor cut into columns.
        self.rows = rows.map { $0.map(Self.oneLine) }
        self.showsHeaders = showsHeaders
    }

    /// Columns parted by ` | ` under a rule of `=`; cells are cut where `width` columns do not hold them.
    func text(width: Int?) -> String {
        let widths = fitted(natural(), into: width)
        var lines = rows.map { line($0, widths, separator: " | ") }
        if showsHeaders {
            lines.insert(widths.map { String(repeating: "=", count: $0) }.joined(separator: "=+="), at: 0)
            lines.insert(line(header, widths, separator: " | "), at: 0)
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Columns parted by two spaces, never cut.
    var plainText: String {
        let widths = natural()
        let all = showsHeaders ? [header] + rows : rows
        return all.map { line($0, widths, separator: "  ") + "\n" }.joined()
    }

    private func natural() -> [Int] {
        header.indices.map { column in
            let cells = rows.map { $0[column].displayWidth }.max() ?? 0
            return showsHeaders ? max(cells, header[column].displayWidth) : cells
        }
    }

    /// Takes columns away from the widest until all fit, and leaves each at least 8.
    private func fitted(_ natural: [Int], into width: Int?) -> [Int] {
        guard let width else { return natural }
        var widths = natural
        var excess = widths.reduce(0, +) + 3 * max(widths.count - 1, 0) - width
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 8
        {
            let second = widths.indices.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
            let step = max(1, min(excess, widths[widest] - max(second, 8)))
            widths[widest] -= step
            excess -= step
        }
        return widths
    }

    private func line(_ cells: [String], _ widths: [Int], separator: String) -> String {
        let padded = zip(cells, widths).map { cell, width in
            let cut = cell.cut(to: width)
            return cut + String(repeating: " ", count: width - cut.displayWidth)
        }
        let text = padded.joined(separator: separator)
        return String(
            text.prefix(upTo: text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex))
    }

    private static func oneLine(_ cell: String) -> String {
        guard cell.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return cell }
        return cell.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\n": text += "\\n"
            case "\t": text += " "
            case "\0"..<" ", "\u{7F}": text += "?"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension String {
    /// How many columns of a terminal the text takes.
    var displayWidth: Int {
        utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + $1.displayWidth }
    }

    /// The text itself, or its start with an ellipsis, so that it takes at most `width` columns.
    func cut(to width: Int) -> String {
        guard displayWidth > width else { return self }
        var kept = ""
        var used = 0
        for character in self {
            guard used + character.displayWidth < width else { break }
            kept.append(character)
            used += character.displayWidth
        }
        return kept + "…"
    }
}

extension Character {
    /// One column, or two for wide characters of East Asia and for emoji.
    fileprivate var displayWidth: Int {
        guard let scalar = unicodeScalars.first, !isASCII else { return 1 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1FAFF,
            0x20000...0x3FFFD:
            return 2
        default:
            return unicodeScalars.contains { $0.value == 0xFE0F } ? 2 : 1
        }
    }
}
