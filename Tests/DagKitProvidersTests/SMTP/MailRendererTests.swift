import DagKitProviders
import Testing

@Suite struct MailRendererTests {
    /// The mail as text with bare line feeds, after a check that every line is ended by CR LF and all is ASCII.
    private func text(_ mail: MailMessage) -> String {
        let bytes = mail.rendered
        #expect(bytes.allSatisfy { $0 < 0x80 })
        #expect(bytes.indices.allSatisfy { bytes[$0] != 0x0A || ($0 > 0 && bytes[$0 - 1] == 0x0D) })
        return String(decoding: bytes.filter { $0 != 0x0D }, as: UTF8.self)
    }

    private func body(of mail: MailMessage) -> String? {
        let text = text(mail)
        return text.firstRange(of: "\n\n").map { String(text[$0.upperBound...]) }
    }

    private func header(_ name: String, of mail: MailMessage) -> String? {
        let head = text(mail).split(separator: "\n\n")[0].replacing("\n ", with: "⏎ ")
        return head.split(separator: "\n").first { $0.hasPrefix("\(name): ") || $0.hasPrefix("\(name):⏎") }
            .map(String.init)
    }

    @Test func `a plain mail has one part`() throws {
        #expect(
            text(try .fixture()) == """
                Date: Sat, 25 Oct 2025 21:59:51 +0000
                Message-ID: <run-42@example.org>
                From: CryptoDags <bot@example.org>
                To: a@example.org
                Subject: Report
                MIME-Version: 1.0
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                All is well.

                """)
    }

    @Test func `HTML, picture and attachment nest as readers expect`() throws {
        var mail = try MailMessage.fixture(html: "<img src=\"cid:c\">")
        mail.images = [MailImage(id: "c", type: "image/png", bytes: [1, 2, 3])]
        mail.attachments = [MailAttachment(name: "a.csv", type: "text/csv", bytes: [])]

        let body = text(mail).split(separator: "MIME-Version: 1.0\n")[1]

        #expect(
            body == """
                Content-Type: multipart/mixed; boundary="=_dagkit_mixed"

                --=_dagkit_mixed
                Content-Type: multipart/alternative; boundary="=_dagkit_alternative"

                --=_dagkit_alternative
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                All is well.

                --=_dagkit_alternative
                Content-Type: multipart/related; boundary="=_dagkit_related"

                --=_dagkit_related
                Content-Type: text/html; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                <img src=3D"cid:c">

                --=_dagkit_related
                Content-Type: image/png
                Content-Transfer-Encoding: base64
                Content-Disposition: inline
                Content-ID: <c>

                AQID

                --=_dagkit_related--

                --=_dagkit_alternative--

                --=_dagkit_mixed
                Content-Type: text/csv
                Content-Transfer-Encoding: base64
                Content-Disposition: attachment; filename="a.csv"


                --=_dagkit_mixed--

                """)
    }

    @Test func `HTML without text is one part`() throws {
        let mail = try MailMessage.fixture(text: "", html: "<p>")

        #expect(text(mail).contains("\nContent-Type: text/html; charset=utf-8\n"))
        #expect(!text(mail).contains("multipart"))
    }

    @Test(arguments: [
        ("plain", "Subject: plain"), ("Été", "Subject: =?UTF-8?B?w4l0w6k=?="),
        ("a\r\nBcc: x@y", "Subject: a Bcc: x@y"),
        ("=?UTF-8?B?eA==?=", "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?="),
        (
            String(repeating: "é", count: 30),
            "Subject: =?UTF-8?B?w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6k=?=⏎ =?UTF-8?B?w6nDqcOpw6nDqcOpw6nDqcOpw6nDqQ==?="
        ),
    ])
    func `a subject is one line of ASCII words`(subject: String, line: String) throws {
        #expect(
            header("Subject", of: try .fixture(subject: subject))
                == line)
    }

    @Test func `a long subject is folded between its words`() throws {
        let subject = (1...30).map { "word\($0)" }.joined(separator: " ")

        let line = try #require(header("Subject", of: try .fixture(subject: subject)))

        #expect(line.split(separator: "⏎").allSatisfy { $0.utf8.count <= 76 })
        #expect(line.replacing("⏎", with: "") == "Subject: " + subject)
    }

    @Test(arguments: [
        ("Plain Name <a@x.org>", "To: Plain Name <a@x.org>"),
        ("Doe, Jane <a@x.org>", "To: \"Doe, Jane\" <a@x.org>"),
        ("Élise <a@x.org>", "To: =?UTF-8?B?w4lsaXNl?= <a@x.org>"),
    ])
    func `a name is quoted or encoded where it must`(address: String, line: String) throws {
        #expect(header("To", of: try .fixture(to: [address])) == line)
    }

    @Test func `a message id cannot end its line`() throws {
        var mail = try MailMessage.fixture()
        mail.messageID = "a@b>\r\nBcc: x@y"

        #expect(header("Message-ID", of: mail) == "Message-ID: <a@bBcc:x@y>")
    }

    @Test(arguments: [
        ("a=b", "a=3Db\n"), ("end \n\tx\t", "end=20\n\tx=09\n"), ("a\n\nb\n", "a\n\nb\n"), ("", ""),
        ("x\u{2028}y", "x=E2=80=A8y\n"),
        (String(repeating: "x", count: 76), String(repeating: "x", count: 76) + "\n"),
        (String(repeating: "x", count: 77), String(repeating: "x", count: 75) + "=\nxx\n"),
        (String(repeating: "é", count: 13), String(repeating: "=C3=A9", count: 12) + "=C3=\n=A9\n"),
        ("a\rb\r\nc", "a\nb\nc\n"),
    ])
    func `text is quoted-printable in lines of at most 76`(text: String, quoted: String) throws {
        #expect(body(of: try .fixture(text: text)) == quoted)
    }

    @Test func `attachments are base64 in lines of 76`() throws {
        var mail = try MailMessage.fixture()
        mail.attachments = [MailAttachment(name: "x", type: "a/b", bytes: [UInt8](repeating: 255, count: 58))]

        let lines = text(mail).split(separator: "\n")

        #expect(lines.contains(Substring(String(repeating: "/", count: 76))))
        #expect(lines.contains("/w=="))
    }

    @Test func `the name of an attachment may have any characters`() throws {
        var mail = try MailMessage.fixture()
        mail.attachments = [MailAttachment(name: "é\"\r\n.csv", type: "text/csv", bytes: [])]

        #expect(
            text(mail).replacing("\n ", with: " ").contains(
                "attachment; filename*=UTF-8''%C3%A9%22%20%20.csv\n"))
    }

    @Test func `the same mail gives the same bytes`() throws {
        #expect(try MailMessage.fixture(html: "<p>").rendered == MailMessage.fixture(html: "<p>").rendered)
    }
}
