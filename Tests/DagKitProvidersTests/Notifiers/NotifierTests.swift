import DagKitCore
import DagKitHTTPServer
import DagKitProviders
import FoundationEssentials
import Synchronization
import Testing

@Suite struct NotifierTests {
    @Test func `a webhook gets the notice as a document, with a key by which it tells doubles`() async throws
    {
        let answer = try await asked([
            "webhook": ["connection": "chat", "endpoint": "/hooks/{{ dag.dag_id }}"]
        ])

        let run = NoticeRun()
        #expect(answer.target == "POST /hooks/crypto application/json \(run.notice.id)")
        #expect(try JSONValue(parsing: answer.body) == run.notice.document)
    }

    @Test func `the body of a webhook may be a document of one's own`() async throws {
        let answer = try await asked([
            "webhook": [
                "connection": "chat", "method": "PUT", "headers": ["X-Kind": "{{ notice.kind }}"],
                "body": ["text": "{{ notice.title }}"],
            ]
        ])

        #expect(answer.target.hasPrefix("PUT / application/json "))
        #expect(answer.target.hasSuffix(" task_failed"))
        #expect(answer.body == #"{"text":"task crypto/manual__1/load failed"}"#)
    }

    @Test(arguments: [(404, false), (503, true)])
    func `a webhook that refuses for good is given up, another one is called again`(
        status: Int, isRetryable: Bool
    ) async throws {
        try await serving({ _ in .text("no", status: status) }) { url in
            let run = NoticeRun(connections: [Connection("chat", type: "http", host: url)])
            do {
                try await run(WebhookNotifier(connection: "chat"))
                Issue.record("the webhook was called")
            } catch let failure as TaskFailure {
                #expect(failure.isRetryable == isRetryable)
            } catch {
                #expect(isRetryable)
            }
        }
    }

    @Test func `a command gets what others may choose in its environment alone`() async throws {
        let run = NoticeRun(reason: "$(touch /tmp/never) {{ conn.x.password }} 'quoted'")

        try await run(declared: [
            "command": "echo {{ dag.dag_id }}: $DAGKIT_NOTICE_KIND; echo \"$DAGKIT_NOTICE_REASON\""
        ])

        #expect(
            run.log.lines == [
                "INFO crypto: task_failed", "INFO $(touch /tmp/never) {{ conn.x.password }} 'quoted'",
            ])
    }

    @Test func `a command that fails is called again`() async throws {
        await #expect(throws: ShellError.failed(ending: "exit 99")) {
            try await NoticeRun()(CommandNotifier("exit 99"))
        }
    }

    @Test func `a line goes to the log at its level`() async throws {
        let run = NoticeRun()

        try await run(LogNotifier())
        try await run(declared: ["log": ["text": "{{ notice.title | upper }}", "level": "error"]])

        #expect(
            run.log.lines == [
                #"INFO task crypto/manual__1/load failed: the "market" is closed"#,
                "ERROR TASK CRYPTO/MANUAL__1/LOAD FAILED",
            ])
    }

    @Test func `a mail says what failed, why, where the log is and how to go on`() async throws {
        let (got, id) = try await MailServer.running { server in
            let run = NoticeRun(connections: [
                Connection(
                    "smtp_default", type: "smtp", host: "localhost", port: server.port,
                    extra: #"{"security": "none", "from_email": "bot@example.org"}"#)
            ])
            try await run(declared: ["mail": ["ana@example.org, ben@example.org"]])
            return (try await server.received(), run.notice.id)
        }

        #expect(got["to"] == ["ana@example.org", "ben@example.org"])
        #expect(got["headers"]?["Subject"] == "task crypto/manual__1/load failed")
        #expect(got["headers"]?["Message-ID"]?.string == "<\(id)@example.org>")
        let text = got["body"]?["text"]?.string ?? ""
        #expect(text.contains(#"the "market" is closed"#))
        #expect(text.contains("/deployment/logs/dag_id=crypto/run_id=manual__1/task_id=load/attempt=3.log"))
        #expect(text.contains("dagctl tasks clear crypto -t '^load$' -d --run-id manual__1"))
    }

    @Test(arguments: [
        (#"{"mail": []}"#, #""to" is array, not a list of texts; write a list of texts"#),
        (#"{"mail": {"subject": "x"}}"#, #""mail" needs "to"; add "to""#),
        (
            #"{"webhook": {"conection": "x"}}"#,
            #""webhook" has no key "conection"; did you mean "connection"?"#
        ),
        (#"{"command": {"script": "x", "env": {"A": 1}}}"#, #""env.A" is integer, not a text; write a text"#),
        (
            #"{"log": {"level": "loud"}}"#,
            #""level" is "loud", not debug, info, warning or error; write debug, info, warning or error"#
        ),
        (#"{"maill": "x"}"#, #"notifier "maill" does not exist; did you mean "mail"?"#),
        (#"{}"#, "the callback names nobody who is told; add one of command, log, mail, webhook"),
    ])
    func `words that make no notifier are refused with what to write`(words: String, error: String) throws {
        let found = #expect(throws: DeclarationError.self) {
            try OperatorRegistry.standard.notifier(of: try JSONValue(parsing: words))
        }

        #expect(found?.description == error)
    }

    /// What a webhook was asked.
    private func asked(_ words: JSONValue) async throws -> (target: String, body: String) {
        let seen = Mutex<HTTPRequest?>(nil)
        try await serving({ request in
            seen.withLock { $0 = request }
            return .text("taken")
        }) { url in
            try await NoticeRun(connections: [Connection("chat", type: "http", host: url)])(declared: words)
        }
        let request = try #require(seen.withLock { $0 })
        let fields = ["Content-Type", "Idempotency-Key", "X-Kind"].compactMap { request.headers[$0] }
        return (
            ([request.method, request.target] + fields).joined(separator: " "),
            String(decoding: request.body, as: UTF8.self)
        )
    }
}
