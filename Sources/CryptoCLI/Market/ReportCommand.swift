import CryptoDags
import DagKit
import DagKitCLI

/// `crypto report`.
enum ReportCommand {
    /// How a report is written.
    enum Format: String, CaseIterable, Sendable {
        case text, html, json
    }

    private static let day = CommandArgument<String?>.optional(
        "date", "The day of the report, such as 2025-10-25; the last one unless given."
    ) { text throws(ParameterError) in try MarketAccess.day(text) }
    private static let format = CommandOption<Format>.choice(
        "output", short: "o", "FORMAT", default: .text, "How the report is written."
    ).aliased("format")
    private static let language = CommandOption<Language?>.value(
        "language", "LANG", "The language of text and page: fr or en; that of crypto.language unless given."
    ) { text throws(ParameterError) in
        guard let language = Language(rawValue: text) else {
            throw ParameterError(text, remedy: "write fr or en")
        }
        return language
    }

    static let command = CLICommand(
        "report", "Prints a daily report.",
        examples: [
            .init("crypto report 2025-10-25", "the report of that day"),
            .init("crypto report -o html > report.html", "the last one as a page with charts"),
        ],
        arguments: [day], options: [format, language], exitCodes: [.notFound]
    ) { call in
        try await MarketAccess.reading(call) { store in
            let source = try await MarketAccess.source(store)
            let date: String
            if let asked = call[day] {
                date = asked
            } else {
                let last: String? = try await store.database.query(
                    "select max(date) from reports where source = \(source)")[0][0]
                date = last ?? call.workspace.now.ds
            }
            guard let report = try await store.report(date: date, source: source) else {
                throw MarketCommandError.noReport(date: date)
            }
            let language = try call[language] ?? MarketAccess.settings(call).language
            switch call[format] {
            case .text: try call.console.print(report.text(language))
            case .html: try call.console.write(report.html(language))
            case .json: try call.console.print(try report.json())
            }
            return .success
        }
    }
}
