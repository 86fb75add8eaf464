/// Charts as inline SVG, for mails and pages: no script, no picture to load, readable without colour.
enum SVGChart {
    /// A line through values over time, with its first, last, lowest and highest in the title.
    ///
    /// - Returns: `nil` for fewer than two values.
    static func line(_ values: [Double], title: String, width: Int = 560, height: Int = 120) -> String? {
        guard values.count > 1, let low = values.min(), let high = values.max() else { return nil }
        let span = high > low ? high - low : 1
        var svg = open(width, height, title)
        svg += "<polyline fill=\"none\" stroke=\"#0b5cad\" stroke-width=\"2\" points=\""
        for (index, value) in values.enumerated() {
            let x = 4 + Double(index) / Double(values.count - 1) * Double(width - 8)
            let y = 4 + (high > low ? (high - value) / span : 0.5) * Double(height - 8)
            if index > 0 { svg += " " }
            svg += rounded(x)
            svg += ","
            svg += rounded(y)
        }
        return svg + "\"/></svg>\n"
    }

    /// Bars to the right for rises and to the left for falls, each with its label and value as text.
    ///
    /// - Returns: `nil` without bars.
    static func bars(_ bars: [Bar], title: String, width: Int = 560) -> String? {
        guard !bars.isEmpty else { return nil }
        let rowHeight = 22
        let middle = Double(width) * 0.55
        let reach = Double(width) * 0.3
        let largest = max(bars.map { abs($0.value) }.max() ?? 0, 1e-9)
        var svg = open(width, rowHeight * bars.count + 4, title)
        for (index, bar) in bars.enumerated() {
            let y = index * rowHeight + 2
            let length = abs(bar.value) / largest * reach
            let x = bar.value < 0 ? middle - length : middle
            let text = bar.value < 0 ? middle - length - 4 : middle + length + 4
            svg +=
                "<text x=\"0\" y=\"\(y + 15)\" font-size=\"12\">\(HTMLPage.escaped(bar.label))</text>"
                + "<rect x=\"\(rounded(x))\" y=\"\(y + 3)\" width=\"\(rounded(max(length, 1)))\" height=\"15\" "
                + "fill=\"\(bar.value < 0 ? "#b3261e" : "#1b7f3b")\"/>"
                + "<text x=\"\(rounded(text))\" y=\"\(y + 15)\" font-size=\"12\""
                + "\(bar.value < 0 ? " text-anchor=\"end\"" : "")>\(HTMLPage.escaped(bar.text))</text>"
        }
        return svg + "</svg>\n"
    }

    /// Parts of a whole as one bar, with a legend that names each share.
    ///
    /// - Returns: `nil` without a part above zero.
    static func shares(_ parts: [Bar], title: String, width: Int = 560) -> String? {
        let total = parts.reduce(0) { $0 + max(0, $1.value) }
        guard total > 0 else { return nil }
        let legendRows = (parts.count + 2) / 3
        var svg = open(width, 34 + 18 * legendRows, title)
        var x = 0.0
        for (index, part) in parts.enumerated() {
            let length = max(0, part.value) / total * Double(width)
            let color = palette[index % palette.count]
            let column = index % 3 * (width / 3)
            let row = 46 + index / 3 * 18
            svg +=
                "<rect x=\"\(rounded(x))\" y=\"2\" width=\"\(rounded(length))\" height=\"24\" fill=\"\(color)\" "
                + "stroke=\"#fff\"/><rect x=\"\(column)\" y=\"\(row - 10)\" width=\"10\" height=\"10\" fill=\"\(color)\"/>"
                + "<text x=\"\(column + 14)\" y=\"\(row)\" font-size=\"12\">"
                + "\(HTMLPage.escaped("\(part.label) \(part.text)"))</text>"
            x += length
        }
        return svg + "</svg>\n"
    }

    /// A label with its value, and the value as it is shown.
    struct Bar {
        let label: String
        let value: Double
        let text: String
    }

    private static let palette = [
        "#0b5cad", "#e07b00", "#1b7f3b", "#8e44ad", "#b3261e", "#117a8b", "#7a6a00", "#5c4033", "#c2185b",
        "#455a64", "#9e9e9e",
    ]

    private static func open(_ width: Int, _ height: Int, _ title: String) -> String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
            + "viewBox=\"0 0 \(width) \(height)\" role=\"img\" font-family=\"sans-serif\">"
            + "<title>\(HTMLPage.escaped(title))</title>"
    }

    /// One decimal, which is finer than a pixel.
    private static func rounded(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        var text = tenths < 0 ? "-" : ""
        text += String(abs(tenths) / 10)
        text += "."
        text += String(abs(tenths) % 10)
        return text
    }
}

/// A line of block characters: the shape of a series where only text is shown.
public enum Sparkline {
    private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// The values as blocks from the lowest to the highest, at most `width` of them; neighbours are averaged.
    public static func text(_ values: [Double], width: Int = 60) -> String {
        guard width > 0, let low = values.min(), let high = values.max() else { return "" }
        let size = max(1, (values.count + width - 1) / width)
        let shown = stride(from: 0, to: values.count, by: size).map { first in
            let group = values[first..<min(first + size, values.count)]
            return group.reduce(0, +) / Double(group.count)
        }
        return String(
            shown.map { value in
                guard high > low else { return blocks[3] }
                return blocks[min(7, Int((value - low) / (high - low) * 8))]
            })
    }
}
