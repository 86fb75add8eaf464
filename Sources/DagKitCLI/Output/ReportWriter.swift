import DagKitCore

/// Turns a ``Report`` into text; the same report and options give the same text.
package struct ReportWriter {
    package var format = OutputFormat.table
    /// The columns to show, in this order; `nil` shows those of the report.
    package var columns: [String]?
    package var showsHeaders = true
    /// Tables are cut to this width; `nil` leaves them whole.
    package var width: Int?

    package init(
        format: OutputFormat = .table, columns: [String]? = nil, showsHeaders: Bool = true, width: Int? = nil
    ) {
        self.format = format
        self.columns = columns
        self.showsHeaders = showsHeaders
        self.width = width
    }

    /// The text, with a line break at its end unless it is empty.
    package func text(of report: Report) -> String {
        let shown = shownColumns(of: report)
        switch format {
        case .json: return JSONText.array(report.rows, shown) + "\n"
        case .ndjson: return report.rows.map { JSONText.object($0, shown) + "\n" }.joined()
        case .yaml: return YAMLWriter().text(of: report.rows, columns: shown)
        case .csv: return DelimitedText(showsHeaders: showsHeaders).text(of: report.rows, columns: shown)
        case .table, .wide, .plain: return table(of: report, shown)
        }
    }

    /// The names in ``columns`` that the report does not have.
    package func unknownColumns(of report: Report) -> [String] {
        let known = Set(report.columns.map(\.key))
        return (columns ?? []).filter { !known.contains($0) }
    }

    private func shownColumns(of report: Report) -> [String] {
        let known = Set(report.columns.map(\.key))
        if let columns { return columns.filter(known.contains) }
        let showsWide = format != .table && format != .plain
        return report.columns.filter { showsWide || !$0.isWide }.map(\.key)
    }

    private func table(of report: Report, _ shown: [String]) -> String {
        var header = shown
        var cells = report.rows.map { row in shown.map { cell(row[$0] ?? .null) } }
        if report.isUpright, let only = cells.first {
            header = ["property_name", "property_value"]
            cells = zip(shown, only).map { [$0, $1] }
        }
        let layout = TableLayout(header: header, rows: cells, showsHeaders: showsHeaders)
        return format == .plain ? layout.plainText : layout.text(width: format == .wide ? nil : width)
    }

    /// A value as Airflow's tables show it.
    private func cell(_ value: JSONValue) -> String {
        switch value {
        case .null: format == .plain ? "" : "None"
        case .bool(let flag): flag ? "True" : "False"
        case .string(let text): text
        case .array(let elements) where elements.allSatisfy({ $0.string != nil }):
            elements.compactMap(\.string).joined(separator: ", ")
        default: value.text
        }
    }
}

/// JSON that keeps the order of the columns, which a dictionary would lose.
private enum JSONText {
    static func array(_ rows: [[String: JSONValue]], _ columns: [String]) -> String {
        "[" + rows.map { object($0, columns) }.joined(separator: ", ") + "]"
    }

    static func object(_ row: [String: JSONValue], _ columns: [String]) -> String {
        let members = columns.map { "\(JSONValue.string($0).text): \((row[$0] ?? .null).text)" }
        return "{" + members.joined(separator: ", ") + "}"
    }
}

/// Comma-separated values as RFC 4180 quotes them, with plain line feeds.
private struct DelimitedText {
    let showsHeaders: Bool

    func text(of rows: [[String: JSONValue]], columns: [String]) -> String {
        let header = showsHeaders ? [columns.map(quote)] : []
        let body = rows.map { row in columns.map { quote(field(row[$0] ?? .null)) } }
        return (header + body).map { $0.joined(separator: ",") + "\n" }.joined()
    }

    private func field(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        default: value.text
        }
    }

    private func quote(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else {
            return text
        }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }
}
