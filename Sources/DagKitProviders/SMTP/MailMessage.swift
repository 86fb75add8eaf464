public import FoundationEssentials

/// A mail, before it is put into the form in which it travels.
///
/// ```swift
/// var mail = MailMessage(
///     from: try MailAddress("CryptoDags <bot@example.org>"), to: [try MailAddress("team@example.org")],
///     subject: "Rapport du 25 octobre", text: "…", html: "<h1>…</h1>",
///     messageID: "run-42@example.org", date: now)
/// mail.attachments = [MailAttachment(name: "report.csv", type: "text/csv", bytes: csv)]
/// ```
public struct MailMessage: Hashable, Sendable {
    /// Who sends it.
    public var from: MailAddress

    /// To whom it is addressed.
    public var to: [MailAddress]

    /// Who gets a copy.
    public var cc: [MailAddress] = []

    /// Who gets a copy that the others do not see.
    public var bcc: [MailAddress] = []

    /// Where answers go, if not to the sender.
    public var replyTo: MailAddress?

    /// The subject; any characters, one line.
    public var subject: String

    /// The text for readers that show no HTML; may be empty if there is HTML.
    public var text: String

    /// The same in HTML; images are named as `cid:` and their id.
    public var html: String?

    /// Pictures that the HTML shows.
    public var images: [MailImage] = []

    /// Files that come with it.
    public var attachments: [MailAttachment] = []

    /// The mail's id, `unique@host`: the same id again tells a reader that it is the same mail.
    public var messageID: String

    /// When it was written.
    public var date: Date

    /// Creates a mail.
    public init(
        from: MailAddress, to: [MailAddress], subject: String, text: String, html: String? = nil,
        messageID: String, date: Date
    ) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.messageID = messageID
        self.date = date
    }

    /// The addresses that the server is to deliver to, each once.
    public var recipients: [String] {
        var seen: Set<String> = []
        return (to + cc + bcc).map(\.mailbox).filter { seen.insert($0.lowercased()).inserted }
    }
}

extension MailMessage {
    /// The mail as it travels (MIME): ASCII, lines ended by CR LF; the same mail always gives the same bytes.
    public var rendered: [UInt8] { MailRenderer.render(self) }
}

/// A file that comes with a mail.
public struct MailAttachment: Hashable, Sendable {
    /// The name under which it is saved.
    public var name: String

    /// Its media type: `text/csv`.
    public var type: String

    /// Its content.
    public var bytes: [UInt8]

    /// Creates an attachment.
    public init(name: String, type: String, bytes: [UInt8]) {
        self.name = name
        self.type = type
        self.bytes = bytes
    }
}

/// A picture that the HTML of a mail shows as `<img src="cid:ID">`.
public struct MailImage: Hashable, Sendable {
    /// The id; letters, digits, `-`, `_` and `.`.
    public var id: String

    /// Its media type: `image/png`.
    public var type: String

    /// Its content.
    public var bytes: [UInt8]

    /// Creates a picture.
    public init(id: String, type: String, bytes: [UInt8]) {
        self.id = id
        self.type = type
        self.bytes = bytes
    }
}
