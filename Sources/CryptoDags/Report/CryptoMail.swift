/// A mail of the crypto workflows: what it says, not yet to whom.
///
/// ```swift
/// let mail = CryptoMail.success(report, language: .french)
/// try await store.enqueue(mail, runID: runID, recipients: recipients, now: now)
/// ```
public struct CryptoMail: Hashable, Sendable {
    /// Why it is sent.
    public enum Kind: String, Hashable, Sendable {
        case success, failure, alert
    }

    /// Why it is sent.
    public let kind: Kind

    /// The subject, on one line.
    public let subject: String

    /// The plain text.
    public let text: String

    /// The same as a page.
    public let html: String

    /// A file that comes with a mail.
    public struct Attachment: Hashable, Sendable {
        /// Its name, which ends in `.json`.
        public let name: String

        /// Its text.
        public let text: String

        /// Creates an attachment.
        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// The file that comes with it; `nil` for none.
    public let attachment: Attachment?

    /// Creates a mail; line feeds in the subject become spaces.
    public init(kind: Kind, subject: String, text: String, html: String, attachment: Attachment? = nil) {
        self.kind = kind
        self.subject = subject.split(whereSeparator: \.isNewline).joined(separator: " ")
        self.text = text
        self.html = html
        self.attachment = attachment
    }
}

extension CryptoMail {
    /// The mail of a finished run, with the report.
    public static func success(_ report: DailyReport, language: Language) -> CryptoMail {
        let subject = language.pick(
            fr: "[Crypto] Rapport quotidien du \(report.date)", en: "[Crypto] Daily report of \(report.date)")
        let json = try? report.json()
        return CryptoMail(
            kind: .success, subject: subject, text: report.text(language), html: report.html(language),
            attachment: json.map { Attachment(name: "crypto-\(report.date).json", text: $0) })
    }

    /// The mail of a run that failed.
    ///
    /// - Parameter error: The one line of the error, without secrets.
    public static func failure(
        dagID: String, runID: String, taskID: String, tryNumber: Int, error: String, language: Language
    ) -> CryptoMail {
        let subject = language.pick(
            fr: "[Crypto] Échec de \(taskID) dans \(dagID)", en: "[Crypto] \(taskID) failed in \(dagID)")
        let facts = [
            ["DAG", dagID], [language.pick(fr: "Exécution", en: "Run"), runID],
            [language.pick(fr: "Tâche", en: "Task"), taskID],
            [language.pick(fr: "Essai", en: "Try"), "\(tryNumber)"],
            [language.pick(fr: "Erreur", en: "Error"), error],
        ]
        var page = HTMLPage(subject, language: language)
        page.table(
            [language.pick(fr: "Champ", en: "Field"), language.pick(fr: "Valeur", en: "Value")], facts)
        let lines = facts.map { "\($0[0]): \($0[1])" }
        let hint =
            language.pick(fr: "Voir : dagctl tasks logs", en: "See: dagctl tasks logs")
            + " \(dagID) \(taskID) \(runID)"
        page.paragraph(hint)
        let text = ([subject, ""] + lines + ["", hint]).joined(separator: "\n")
        return CryptoMail(kind: .failure, subject: subject, text: text, html: page.document)
    }

    /// The mail about anomalies, grouped by severity, with the market's median beside them.
    public static func alert(
        _ anomalies: [Anomaly], date: String, time: String, marketMedian: Double?, language: Language
    ) -> CryptoMail {
        let count = anomalies.count
        let subject = language.pick(
            fr: "[Crypto] \(count) \(count > 1 ? "anomalies" : "anomalie") le \(date) à \(time)",
            en: "[Crypto] \(count) \(count == 1 ? "anomaly" : "anomalies") on \(date) at \(time)")
        let median =
            language.pick(fr: "Variation médiane du marché : ", en: "Median change of the market: ")
            + language.numbers.percent(marketMedian)
        var page = HTMLPage(subject, language: language)
        page.paragraph(median)
        var lines = [subject, "", median]
        for severity in AnomalySeverity.allCases.reversed() {
            let group = anomalies.filter { $0.severity == severity }
            guard !group.isEmpty else { continue }
            let title =
                language.pick(fr: "Gravité ", en: "Severity: ") + AnomalyTable.severity(severity, language)
            page.heading(title)
            page.table(AnomalyTable.header(language), AnomalyTable.rows(group, language))
            lines +=
                ["", title]
                + AnomalyTable.rows(group, language).map { $0.dropFirst().joined(separator: " | ") }
        }
        return CryptoMail(
            kind: .alert, subject: subject, text: lines.joined(separator: "\n"), html: page.document)
    }
}
