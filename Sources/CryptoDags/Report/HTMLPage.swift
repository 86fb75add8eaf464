/// Builds the HTML of mails and reports; all text is escaped.
struct HTMLPage {
    private let language: Language
    private let title: String
    private var body = ""

    init(_ title: String, language: Language) {
        self.title = title
        self.language = language
        body = "<h1>\(Self.escaped(title))</h1>\n"
    }

    /// Adds a heading.
    mutating func heading(_ text: String) { body += "<h2>\(Self.escaped(text))</h2>\n" }

    /// Adds a paragraph.
    mutating func paragraph(_ text: String) { body += "<p>\(Self.escaped(text))</p>\n" }

    /// Adds a chart, if there is one, under a caption that says it in words.
    mutating func chart(_ svg: String?, caption: String) {
        guard let svg else { return }
        body += "<p>\(Self.escaped(caption))<br>\n\(svg)</p>\n"
    }

    /// Adds a table whose first column is its label.
    mutating func table(_ header: [String], _ rows: [[String]]) {
        let cells = { (tag: String, texts: [String]) in
            texts.map { "<\(tag)>\(Self.escaped($0))</\(tag)>" }.joined()
        }
        body += "<table>\n<thead><tr>\(cells("th", header))</tr></thead>\n<tbody>\n"
        for row in rows { body += "<tr>\(cells("td", row))</tr>\n" }
        body += "</tbody></table>\n"
    }

    /// The whole document.
    var document: String {
        """
        <!DOCTYPE html>
        <html lang="\(language.rawValue)"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title>
        <style>\(Self.style)</style></head>
        <body>
        \(body)</body></html>

        """
    }

    private static let style =
        "body{font-family:sans-serif;margin:1.5em;color:#1a1a1a;background:#fff}"
        + "table{border-collapse:collapse}th,td{padding:.3em .8em;border-bottom:1px solid #ccc;text-align:left}"
        + "td{font-variant-numeric:tabular-nums}"

    /// `"&\'<>`
    private static let special: [UInt8] = [0x22, 0x26, 0x27, 0x3C, 0x3E]

    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { special.contains($0) }) else { return text }
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }
}
