import DagKitCore
import DagKitProviders

/// A real mail server (aiosmtpd) that tells what arrived, as Python's own mail reader sees it.
struct MailServer: Sendable {
    enum Protection: String {
        case none
        case startTLS = "starttls"
        case tls
    }

    let port: Int
    let certificate: TestCertificate
    private let process: ScriptProcess

    /// The next mail that arrives.
    func received() async throws -> JSONValue { try await process.next() }

    func configuration(
        _ security: SMTPClient.Security, password: String? = nil, trusted: Bool = true
    ) -> SMTPClient.Configuration {
        SMTPClient.Configuration(
            host: "localhost", port: port, security: security, user: password == nil ? nil : "bot",
            password: password, caFile: trusted ? certificate.certificate : nil, timeout: .seconds(20))
    }

    /// Runs a server while `body` runs. With `needsLogin` it takes mails of user `bot` only, password `pa:ss word`.
    @discardableResult
    static func running<Value>(
        _ protection: Protection = .none, needsLogin: Bool = false, _ body: (MailServer) async throws -> Value
    ) async throws -> Value {
        let certificate = try await TestCertificate()
        let process = try ScriptProcess.start(
            script,
            [
                "tls": .string(protection.rawValue), "login": .bool(needsLogin),
                "certificate": .string(certificate.certificate), "key": .string(certificate.key),
            ])
        do {
            let port = Int(try await process.next()["port"]?.integer ?? 0)
            let value = try await body(MailServer(port: port, certificate: certificate, process: process))
            try await process.stop()
            return value
        } catch {
            try await process.stop()
            throw error
        }
    }

    private static let script = """
        import asyncio, base64, email, email.policy, json, ssl, sys, warnings
        from aiosmtpd.smtp import SMTP, AuthResult

        warnings.simplefilter("ignore")
        options = json.loads(sys.argv[1])
        context = None
        if options["tls"] != "none":
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(options["certificate"], options["key"])

        def tell(value):
            print(json.dumps(value), flush=True)

        def part(message):
            entry = {"type": message.get_content_type()}
            if message.is_multipart():
                entry["parts"] = [part(inner) for inner in message.iter_parts()]
            elif message.get_content_maintype() == "text" and message.get_content_disposition() is None:
                entry["text"] = message.get_content().replace("\\r\\n", "\\n")
            else:
                entry["base64"] = base64.b64encode(message.get_payload(decode=True)).decode()
            for name in ("Content-Disposition", "Content-ID"):
                if message[name]:
                    entry[name] = str(message[name])
            if message.get_filename():
                entry["filename"] = message.get_filename()
            if message.defects:
                entry["defects"] = [str(defect) for defect in message.defects]
            return entry

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                if address.startswith("unknown@"):
                    return "550 5.1.1 no such user here"
                if address.startswith("busy@"):
                    return "451 4.3.0 mailbox is busy"
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server, session, envelope):
                message = email.message_from_bytes(envelope.content, policy=email.policy.default)
                tell({
                    "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None or options["tls"] == "tls",
                    "login": session.authenticated, "headers": {name: str(value) for name, value in message.items()},
                    "longest": max(len(line) for line in envelope.content.split(b"\\r\\n")), "body": part(message)})
                return "250 OK"

        def authenticate(server, session, envelope, mechanism, data):
            good = data.login == b"bot" and data.password == b"pa:ss word"
            return AuthResult(success=good, handled=good)

        def make():
            return SMTP(
                Handler(), hostname="localhost", tls_context=context if options["tls"] == "starttls" else None,
                require_starttls=options["tls"] == "starttls", auth_required=options["login"],
                auth_require_tls=options["tls"] == "starttls", authenticator=authenticate)

        async def main():
            loop = asyncio.get_running_loop()
            server = await loop.create_server(
                make, "127.0.0.1", 0, ssl=context if options["tls"] == "tls" else None)
            tell({"port": server.sockets[0].getsockname()[1]})
            await loop.run_in_executor(None, sys.stdin.read)

        asyncio.run(main())
        """
}
