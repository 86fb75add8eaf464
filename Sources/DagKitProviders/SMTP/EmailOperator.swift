public import DagKitCore
public import FoundationEssentials

/// Sends a mail.
///
/// ```swift
/// dag.task("send_report", run: EmailOperator(
///     to: ["team@example.org"], subject: "Report of {{ ds }}", html: .output(report)))
/// ```
///
/// The server is that of the connection, `smtp_default`; the sender is ``from``, else `from_email` of the connection's extras,
/// else the setting `smtp.smtp_mail_from`. Addresses, subject and the two texts are templates; outputs of other tasks stand
/// as they are. The mail's id is the same in every try, so that a mail which is sent twice can be told.
public struct EmailOperator: Operator {
    /// The addresses; each may hold several, parted by commas.
    public var to: [String]

    /// The addresses that get a copy.
    public var cc: [String]

    /// The addresses that get a copy unseen.
    public var bcc: [String]

    /// The sender.
    public var from: String?

    /// The subject.
    public var subject: Input<String>

    /// The text for readers that show no HTML.
    public var text: Input<String>?

    /// The text in HTML.
    public var html: Input<String>?

    /// The id of the connection.
    public var connection: String

    private let now: @Sendable () -> Date

    /// Creates the operator.
    ///
    /// - Parameter now: Gives the date of the mail.
    public init(
        to: [String], cc: [String] = [], bcc: [String] = [], from: String? = nil, subject: Input<String>,
        text: Input<String>? = nil, html: Input<String>? = nil, connection: String = "smtp_default",
        now: @escaping @Sendable () -> Date = { .now }
    ) {
        self.to = to
        self.cc = cc
        self.bcc = bcc
        self.from = from
        self.subject = subject
        self.text = text
        self.html = html
        self.connection = connection
        self.now = now
    }

    public var inputs: [any AnyInput] { [subject] + [text, html].compactMap { $0 } }

    public var templates: [TemplateField] {
        let lists = [("to", to), ("cc", cc), ("bcc", bcc)].filter { !$0.1.isEmpty }
            .map { TemplateField($0.0, $0.1.joined(separator: ", ")) }
        return lists
            + [subject.template("subject"), text?.template("text"), html?.template("html")].compactMap { $0 }
    }

    public func execute(in context: TaskContext) async throws -> None {
        do {
            let connection = try await context.connection(connection)
            let client = SMTPClient(try SMTPClient.Configuration(connection))
            let mail = try await mail(in: context, over: connection)
            try await client.send(mail)
            context.logger.info("mail \(mail.messageID) sent to \(mail.recipients.count) recipients")
        } catch let error as SMTPError where !error.isTransient {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        } catch let error as MailError {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        }
        return None()
    }

    /// The mail that the operator would send.
    func mail(in context: TaskContext, over connection: Connection) async throws -> MailMessage {
        let sender = try MailAddress(try await context.render(try sender(in: context, over: connection)))
        let host = sender.mailbox.split(separator: "@").last.map(String.init) ?? "localhost"
        let plain = if let text { try await context.text(of: text) } else { "" }
        let page: String? = if let html { try await context.text(of: html) } else { nil }
        var mail = MailMessage(
            from: sender, to: try await addresses(to, in: context),
            subject: try await context.text(of: subject),
            text: plain, html: page, messageID: "\(context.idempotencyKey)@\(host)", date: now())
        mail.cc = try await addresses(cc, in: context)
        mail.bcc = try await addresses(bcc, in: context)
        return mail
    }

    private func addresses(_ texts: [String], in context: TaskContext) async throws -> [MailAddress] {
        var result: [MailAddress] = []
        for text in texts { result += try MailAddress.list(try await context.render(text)) }
        return result
    }

    private func sender(in context: TaskContext, over connection: Connection) throws -> String {
        if let from { return from }
        let extras = try? JSONValue(parsing: connection.extra ?? "{}")
        if let sender = extras?["from_email"]?.string ?? context.setting("smtp", "smtp_mail_from") {
            return sender
        }
        throw TaskFailure.noRetry(
            "the mail has no sender",
            remedy: "set smtp.smtp_mail_from, or from_email in the extras of \"\(connection.id)\"")
    }
}
