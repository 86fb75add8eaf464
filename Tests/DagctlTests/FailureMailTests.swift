import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// Mails about failed tasks, from dags.json to a real mail server.
@Suite struct FailureMailTests {
    @Test func `who is named in dags json gets a mail when a task has failed`() async throws {
        let deployment = try Deployment(
            dags: """
                {"dags": {"teller": {"paused": false,
                    "defaults": {"email_on_failure": ["ana@example.org", "ben@example.org"]},
                    "tasks": [{"id": "tell", "command": "echo no; exit 3"}]}}}
                """)
        let server = try deployment.startMailServer(log: "mails")
        #expect(try await deployment.waits(for: "port ", in: "mails"))
        let port = try deployment.text(of: "mails").split(separator: "\n")[0].dropFirst("port ".count)
        let settings = [
            "DAGKIT__SMTP__SMTP_HOST": "127.0.0.1", "DAGKIT__SMTP__SMTP_PORT": String(port),
            "DAGKIT__SMTP__SMTP_STARTTLS": "False",
        ]

        let trigger = try await deployment.dagctl("dags trigger teller -r mine --unpause")
        let end = try await deployment.dagctl("scheduler --once", environment: settings)
        server.send(SIGTERM)
        _ = try await server.wait()

        #expect(trigger.status == 0, "\(trigger)")
        #expect(end.status == 0, "\(end)")
        let mails = try deployment.text(of: "mails")
        #expect(mails.contains("to ana@example.org, ben@example.org"), "\(mails)")
        #expect(mails.contains("subject task teller/mine/tell failed"))
        #expect(mails.contains("exit"))
        #expect(mails.contains("dagctl tasks clear teller -t '^tell$' -d --run-id mine"))
        #expect(mails.split(separator: "\n").count { $0.hasPrefix("subject ") } == 1)
    }

    @Test func `a crypto task that failed puts its mail into the outbox of the market, once for its run`()
        async throws
    {
        let deployment = try Deployment(
            dags: #"{"settings": {"crypto": {"recipients": "ops@example.org", "language": "en"}}}"#,
            environment: [:])
        let trigger = try await deployment.dagctl("dags trigger crypto_data_pipeline -r mine --unpause")

        let end = try await deployment.dagctl("scheduler --once")

        #expect(trigger.status == 0 && end.status == 0, "\(trigger)\(end)")
        let mails: String? = try await deployment.value(
            "select count(*) || state || ' ' || recipient || ' ' || subject from outbox where run_id = 'mine'",
            in: "crypto.db")
        #expect(
            mails == "1pending ops@example.org [Crypto] check_coincap_api failed in crypto_data_pipeline")
    }

    @Test func `without a mail server the mail waits, and the next scheduler with one sends it`() async throws
    {
        let deployment = try Deployment(
            dags: """
                {"dags": {"teller": {"paused": false, "defaults": {"email_on_failure": ["ana@example.org"]},
                    "tasks": [{"id": "tell", "command": "exit 3"}]}}}
                """)
        _ = try await deployment.dagctl("dags trigger teller -r mine --unpause")

        let end = try await deployment.dagctl("scheduler --once")

        #expect(end.status == 0)
        #expect(end.errors.contains("no mail server is configured"), "\(end)")
        let state: String? = try await deployment.value(
            "select state || failures || kind from notice", in: "dagkit.db")
        #expect(state == "pending1task_failed")
    }
}

extension Deployment {
    /// Starts a mail server that writes what it gets to a file of the folder.
    fileprivate func startMailServer(log: String) throws -> ChildProcess {
        let script = """
            import asyncio, email, email.policy, signal, sys
            from aiosmtpd.smtp import SMTP

            class Handler:
                async def handle_DATA(self, server, session, envelope):
                    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
                    print("to", mail["To"])
                    print("subject", mail["Subject"])
                    print(mail.get_content(), flush=True)
                    return "250 OK"

            async def main():
                loop = asyncio.get_running_loop()
                server = await loop.create_server(lambda: SMTP(Handler(), hostname="localhost"), "127.0.0.1", 0)
                print("port", server.sockets[0].getsockname()[1], flush=True)
                ended = asyncio.Event()
                loop.add_signal_handler(signal.SIGTERM, ended.set)
                await ended.wait()

            asyncio.run(main())
            """
        let venv = ProcessInfo.processInfo.environment["DAGKIT_TEST_VENV"] ?? ""
        return try start(
            ["\(venv)/bin/python3", "-c", script], output: "\(folder)/\(log)", errors: "\(folder)/\(log)")
    }

    fileprivate func text(of file: String) throws -> String { try FileSystem.readText("\(folder)/\(file)") }
}
