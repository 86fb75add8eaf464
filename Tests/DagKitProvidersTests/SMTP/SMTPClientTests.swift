import DagKitCore
import DagKitProviders
import Testing

@Suite struct SMTPClientTests {
    @Test func `a mail with all parts arrives as it was written`() async throws {
        var mail = try MailMessage.fixture(
            to: ["a@example.org", "Équipe Données <b@example.org>"],
            subject: "Rapport quotidien : données de marché à jour, 1000 cryptomonnaies chargées ✓",
            text: "Été = 100 %\n.seul\nfin \n", html: "<h1>Été</h1><img src=\"cid:chart1\">")
        mail.cc = [try MailAddress("c@example.org")]
        mail.bcc = [try MailAddress("hidden@example.org")]
        mail.images = [MailImage(id: "chart1", type: "image/png", bytes: [0x89, 0x50, 0x4E, 0x47, 0, 255])]
        mail.attachments = [
            MailAttachment(name: "données \"1\".csv", type: "text/csv", bytes: Array("a,b\r\n1,2\n".utf8))
        ]

        let got = try await MailServer.running(.startTLS, needsLogin: true) { server in
            try await SMTPClient(server.configuration(.startTLS, password: "pa:ss word")).send(mail)
            return try await server.received()
        }

        #expect(got["from"] == "bot@example.org")
        #expect(got["to"] == ["a@example.org", "b@example.org", "c@example.org", "hidden@example.org"])
        #expect(got["tls"] == true)
        #expect(got["login"] == true)
        #expect(got["headers"]?["Subject"]?.string == mail.subject)
        #expect(got["headers"]?["To"] == "a@example.org, Équipe Données <b@example.org>")
        #expect(got["headers"]?["Cc"] == "c@example.org")
        #expect(got["headers"]?["Bcc"] == nil)
        #expect(got["headers"]?["Date"] == "Sat, 25 Oct 2025 21:59:51 +0000")
        #expect(got["headers"]?["Message-ID"] == "<run-42@example.org>")
        #expect((got["longest"]?.integer ?? 999) <= 76)
        #expect(
            got["body"] == [
                "type": "multipart/mixed",
                "parts": [
                    [
                        "type": "multipart/alternative",
                        "parts": [
                            ["type": "text/plain", "text": "Été = 100 %\n.seul\nfin \n"],
                            [
                                "type": "multipart/related",
                                "parts": [
                                    ["type": "text/html", "text": "<h1>Été</h1><img src=\"cid:chart1\">\n"],
                                    [
                                        "type": "image/png", "base64": "iVBORwD/",
                                        "Content-Disposition": "inline",
                                        "Content-ID": "<chart1>",
                                    ],
                                ],
                            ],
                        ],
                    ],
                    [
                        "type": "text/csv", "base64": "YSxiDQoxLDIK", "filename": "données \"1\".csv",
                        "Content-Disposition": got["body"]?["parts"]?[1]?["Content-Disposition"] ?? .null,
                    ],
                ],
            ])
    }

    @Test func `a mail goes out over TLS from the first byte`() async throws {
        let got = try await MailServer.running(.tls) { server in
            try await SMTPClient(server.configuration(.tls)).send(.fixture())
            return try await server.received()
        }

        #expect(got["tls"] == true)
        #expect(got["body"] == ["type": "text/plain", "text": "All is well.\n"])
    }

    @Test(arguments: [SMTPClient.Security.none, .startTLSIfOffered])
    func `a server without TLS takes mails where that is allowed`(security: SMTPClient.Security) async throws
    {
        let got = try await MailServer.running { server in
            try await SMTPClient(server.configuration(security)).send(.fixture())
            return try await server.received()
        }

        #expect(got["tls"] == false)
    }

    @Test func `TLS is used where it is offered`() async throws {
        let got = try await MailServer.running(.startTLS) { server in
            try await SMTPClient(server.configuration(.startTLSIfOffered)).send(.fixture())
            return try await server.received()
        }

        #expect(got["tls"] == true)
    }

    @Test(arguments: [SMTPClient.Security.startTLS, .startTLSIfOffered])
    func `a login is never sent without TLS`(security: SMTPClient.Security) async throws {
        try await MailServer.running(needsLogin: true) { server in
            await #expect(throws: SMTPError.noTLS(server: "localhost:\(server.port)")) {
                try await SMTPClient(server.configuration(security, password: "pa:ss word")).send(.fixture())
            }
        }
    }

    @Test func `a wrong password is refused for good, and not shown`() async throws {
        try await MailServer.running(.startTLS, needsLogin: true) { server in
            let error = await #expect(throws: SMTPError.self) {
                try await SMTPClient(server.configuration(.startTLS, password: "wr0ng")).send(.fixture())
            }

            guard case .loginRefused(_, let reply) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reply.hasPrefix("535 "))
            #expect(error?.isTransient == false)
            #expect(error?.description.contains("wr0ng") == false)
        }
    }

    @Test func `a server that wants a login refuses a mail without`() async throws {
        try await MailServer.running(.startTLS, needsLogin: true) { server in
            let error = await #expect(throws: SMTPError.self) {
                try await SMTPClient(server.configuration(.startTLS)).send(.fixture())
            }

            guard case .refused(_, let reply) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reply.hasPrefix("530 "))
        }
    }

    @Test func `a certificate that nobody vouches for is refused`() async throws {
        try await MailServer.running(.startTLS) { server in
            let error = await #expect(throws: SMTPError.self) {
                try await SMTPClient(server.configuration(.startTLS, trusted: false)).send(.fixture())
            }

            guard case .tls = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: [
        ("unknown@example.org", "550 5.1.1 no such user here", false),
        ("busy@example.org", "451 4.3.0 mailbox is busy", true),
    ])
    func `a refused recipient is told with the server's words`(
        recipient: String, reply: String, isTransient: Bool
    ) async throws {
        try await MailServer.running { server in
            let error = await #expect(throws: SMTPError.self) {
                try await SMTPClient(server.configuration(.none)).send(
                    .fixture(to: ["a@example.org", recipient]))
            }

            #expect(error == .refused(server: "localhost:\(server.port)", reply: reply))
            #expect(error?.isTransient == isTransient)
        }
    }

    @Test func `a server that does not listen cannot be connected to`() async throws {
        let configuration = try await MailServer.running { $0.configuration(.none) }

        let error = await #expect(throws: SMTPError.self) {
            try await SMTPClient(configuration).send(.fixture())
        }

        guard case .cannotConnect = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.isTransient == true)
    }

    @Test func `a server that says nothing is a timeout`() async throws {
        let server = SilentServer()
        let configuration = SMTPClient.Configuration(
            host: "127.0.0.1", port: server.port, security: .none, timeout: .milliseconds(200))

        let error = await #expect(throws: SMTPError.self) {
            try await SMTPClient(configuration).send(.fixture())
        }

        #expect(error == .timeout(server: "127.0.0.1:\(server.port)", limit: .milliseconds(200)))
        #expect(error?.isTransient == true)
    }

    @Test func `a mail without a recipient is not sent`() async throws {
        let client = SMTPClient(.init(host: "nowhere.invalid"))

        await #expect(throws: MailError.noRecipient) { try await client.send(.fixture(to: [])) }
    }
}
