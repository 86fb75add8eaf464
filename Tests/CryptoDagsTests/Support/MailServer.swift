import DagKit
import FoundationEssentials
import Glibc

/// A real mail server (aiosmtpd) with STARTTLS and a login, which writes each mail, as Python's own reader parses it, as
/// a line of JSON into a file.
final class MailServer: Sendable {
    let port: Int
    let certificate: String
    private let folder: TemporaryFolder
    private let process: Int32
    /// The address of the pipe that the server writes to, which only `deinit` uses again.
    private let output: UInt

    /// The connection `smtp_default` to it.
    func connection(password: String = "pa:ss word") -> Connection {
        Connection(
            "smtp_default", type: "smtp", host: "localhost", login: "bot", password: password, port: port,
            extra: """
                {"from_email": "bot@example.org", "security": "starttls", "ca_file": "\(certificate)"}
                """)
    }

    /// The mails that have arrived.
    func mails() throws -> [JSONValue] {
        let data = FileManager.default.contents(atPath: "\(folder.path)/mails") ?? Data()
        return try String(decoding: data, as: UTF8.self).split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
    }

    init() throws {
        folder = try TemporaryFolder()
        certificate = "\(folder.path)/certificate.pem"
        let script = try folder.write(Array(Self.script.utf8), to: "server.py")
        let root = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let venv = getenv("DAGKIT_TEST_VENV").map { String(cString: $0) } ?? "\(root)/.build/venv"
        let line = """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
            -addext subjectAltName=DNS:localhost -keyout '\(folder.path)/key.pem' -out '\(certificate)' 2>/dev/null
            exec '\(venv)/bin/python' '\(script)' '\(folder.path)' 2>'\(folder.path)/log'
            """
        guard let pipe = popen(line, "r") else { throw PythonError.cannotStart }
        // The first line is the process and the port that it listens on.
        var buffer = [CChar](repeating: 0, count: 64)
        guard fgets(&buffer, 64, pipe) != nil else {
            pclose(pipe)
            let log = FileManager.default.contents(atPath: "\(folder.path)/log") ?? Data()
            throw PythonError.failed(String(decoding: log, as: UTF8.self))
        }
        let firstLine = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let words = String(decoding: firstLine, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .compactMap { Int($0) }
        process = Int32(words.first ?? 0)
        port = words.last ?? 0
        output = UInt(bitPattern: pipe)
    }

    deinit {
        if process > 0 { kill(process, SIGKILL) }
        pclose(UnsafeMutablePointer(bitPattern: output))
    }

    private static let script = """
        import asyncio, base64, email, email.policy, json, os, ssl, sys, warnings
        from aiosmtpd.smtp import SMTP, AuthResult

        warnings.simplefilter("ignore")
        folder = sys.argv[1]
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder + "/certificate.pem", folder + "/key.pem")

        def parts(message):
            for part in message.walk():
                if part.is_multipart():
                    continue
                name = part.get_filename()
                text = part.get_payload(decode=True).decode("utf-8")
                yield {"type": part.get_content_type(), "filename": name, "text": text.replace("\\r\\n", "\\n")}

        class Handler:
            async def handle_DATA(self, server, session, envelope):
                message = email.message_from_bytes(envelope.content, policy=email.policy.default)
                entry = {
                    "to": envelope.rcpt_tos, "tls": session.ssl is not None, "login": session.authenticated,
                    "headers": {name: str(value) for name, value in message.items()},
                    "raw_subject": [line for line in envelope.content.decode("ascii").split("\\r\\n")
                                    if line.startswith("Subject:")],
                    "type": message.get_content_type(), "parts": list(parts(message)),
                    "defects": [str(defect) for part in message.walk() for defect in part.defects]}
                with open(folder + "/mails", "a") as file:
                    file.write(json.dumps(entry) + "\\n")
                return "250 OK"

        def authenticate(server, session, envelope, mechanism, data):
            good = data.login == b"bot" and data.password == b"pa:ss word"
            return AuthResult(success=good, handled=good)

        async def main():
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: SMTP(
                Handler(), hostname="localhost", tls_context=context, require_starttls=True, auth_required=True,
                auth_require_tls=True, authenticator=authenticate), "127.0.0.1", 0)
            print(os.getpid(), server.sockets[0].getsockname()[1], flush=True)
            await asyncio.sleep(600)

        asyncio.run(main())
        """
}
