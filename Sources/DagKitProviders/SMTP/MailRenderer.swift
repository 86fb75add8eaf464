import DagKitCore
import FoundationEssentials

/// Puts a mail into the form in which it travels (MIME), in ASCII with lines ended by CR LF.
///
/// The same mail always gives the same bytes. The parts are `mixed(related(alternative(text, html), images), attachments)`,
/// where a level that would have one part is left out.
enum MailRenderer {
    /// The bytes of a mail.
    static func render(_ mail: MailMessage) -> [UInt8] {
        Array((header(of: mail) + content(of: mail).text).utf8)
    }

    /// A part with its own header fields, and what follows them.
    private struct Part {
        var fields: [String]
        var body: String

        var text: String { fields.joined() + "\r\n" + body }
    }

    private static func header(of mail: MailMessage) -> String {
        var lines = [
            MailText.field("Date", words: [date(mail.date)]),
            MailText.field(
                "Message-ID", words: ["<\(MailText.oneLine(mail.messageID).filter { !"<> ".contains($0) })>"]),
            addresses("From", [mail.from]), addresses("To", mail.to), addresses("Cc", mail.cc),
        ]
        if let replyTo = mail.replyTo { lines.append(addresses("Reply-To", [replyTo])) }
        lines.append(MailText.field("Subject", text: mail.subject))
        lines.append("MIME-Version: 1.0\r\n")
        return lines.joined()
    }

    private static func addresses(_ name: String, _ list: [MailAddress]) -> String {
        guard !list.isEmpty else { return "" }
        var words: [String] = []
        for (index, address) in list.enumerated() {
            var part = MailText.words(of: address)
            if index < list.count - 1 { part[part.count - 1] += "," }
            words += part
        }
        return MailText.field(name, words: words)
    }

    private static func content(of mail: MailMessage) -> Part {
        let body = bodyPart(of: mail)
        guard !mail.attachments.isEmpty else { return body }
        return multipart("mixed", [body] + mail.attachments.map(part(of:)))
    }

    private static func bodyPart(of mail: MailMessage) -> Part {
        guard let html = mail.html else { return text(mail.text, type: "plain") }
        var page = text(html, type: "html")
        if !mail.images.isEmpty { page = multipart("related", [page] + mail.images.map(part(of:))) }
        return mail.text.isEmpty ? page : multipart("alternative", [text(mail.text, type: "plain"), page])
    }

    private static func text(_ text: String, type: String) -> Part {
        Part(
            fields: [
                "Content-Type: text/\(type); charset=utf-8\r\n",
                "Content-Transfer-Encoding: quoted-printable\r\n",
            ], body: MailText.quotedPrintable(text))
    }

    private static func part(of attachment: MailAttachment) -> Part {
        let name = MailText.parameter("filename", attachment.name)
        return binary(attachment.bytes, type: attachment.type, disposition: ["attachment;", name], id: nil)
    }

    private static func part(of image: MailImage) -> Part {
        binary(image.bytes, type: image.type, disposition: ["inline"], id: image.id)
    }

    private static func binary(_ bytes: [UInt8], type: String, disposition: [String], id: String?) -> Part {
        var fields = [
            MailText.field("Content-Type", words: [MailText.oneLine(type)]),
            "Content-Transfer-Encoding: base64\r\n",
            MailText.field("Content-Disposition", words: disposition),
        ]
        if let id { fields.append(MailText.field("Content-ID", words: ["<\(MailText.oneLine(id))>"])) }
        return Part(fields: fields, body: MailText.base64(bytes))
    }

    /// Neither of the two encodings of parts can hold "=_", so these boundaries occur nowhere else.
    private static func multipart(_ kind: String, _ parts: [Part]) -> Part {
        let boundary = "=_dagkit_\(kind)"
        let body = parts.map { "--\(boundary)\r\n\($0.text)\r\n" }.joined()
        return Part(
            fields: ["Content-Type: multipart/\(kind); boundary=\"\(boundary)\"\r\n"],
            body: "\(body)--\(boundary)--\r\n")
    }

    /// `Sat, 25 Oct 2025 21:59:51 +0000`.
    private static func date(_ instant: Date) -> String {
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let reading = CivilDateTime(secondsSinceEpoch: Int64(instant.timeIntervalSince1970.rounded(.down)))
        let date = reading.date
        let time = [reading.hour, reading.minute, reading.second].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return
            "\(days[date.weekday]), \(date.day < 10 ? "0" : "")\(date.day) \(months[date.month - 1]) \(date.year) "
            + "\(time.joined(separator: ":")) +0000"
    }
}
