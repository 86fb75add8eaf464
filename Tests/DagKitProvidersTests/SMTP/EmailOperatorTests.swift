import DagKitCore
import DagKitProviders
import FoundationEssentials
import Testing

@Suite struct EmailOperatorTests {
    private func connection(_ server: MailServer, from: String? = "bot@example.org") -> Connection {
        var extras: JSONValue = ["security": "none"]
        extras["from_email"] = from.map { .string($0) }
        return Connection(
            "smtp_default", type: "smtp", host: "localhost", port: server.port, extra: extras.text)
    }

    @Test func `a mail goes to all with the report of another task`() async throws {
        let work = EmailOperator(
            to: ["a@example.org, B <b@example.org>"], bcc: ["c@example.org"], subject: "Report",
            html: .output(OperatorRun.other), now: { Date(timeIntervalSince1970: 0) })

        let (got, id) = try await MailServer.running { server in
            let run = try OperatorRun(connections: [connection(server)], output: "<p>all well</p>")
            _ = try await run(work)
            return (try await server.received(), run.context.idempotencyKey)
        }

        #expect(got["to"] == ["a@example.org", "b@example.org", "c@example.org"])
        #expect(got["from"] == "bot@example.org")
        #expect(got["body"] == ["type": "text/html", "text": "<p>all well</p>\n"])
        #expect(got["headers"]?["Message-ID"]?.string == "<\(id)@example.org>")
        #expect(got["headers"]?["Date"] == "Thu, 01 Jan 1970 00:00:00 +0000")
        #expect(work.inputs.compactMap(\.producer) == ["other"])
    }

    @Test func `a refusal for good is not tried again`() async throws {
        try await MailServer.running { server in
            let error = await #expect(throws: TaskFailure.self) {
                try await OperatorRun(connections: [connection(server)])(
                    EmailOperator(to: ["unknown@example.org"], subject: "x", text: "y"))
            }

            #expect(error?.isRetryable == false)
            #expect(error?.problem.hasSuffix("550 5.1.1 no such user here") == true)
        }
    }

    @Test func `a refusal in passing is tried again`() async throws {
        try await MailServer.running { server in
            await #expect(throws: SMTPError.self) {
                try await OperatorRun(connections: [connection(server)])(
                    EmailOperator(to: ["busy@example.org"], subject: "x", text: "y"))
            }
        }
    }

    @Test func `without a sender it says where to set one`() async throws {
        let connection = Connection("smtp_default", type: "smtp", host: "localhost")

        let error = await #expect(throws: TaskFailure.self) {
            try await OperatorRun(connections: [connection])(EmailOperator(to: ["a@x.org"], subject: "x"))
        }

        #expect(
            error?.description == "the mail has no sender; "
                + "set smtp.smtp_mail_from, or from_email in the extras of \"smtp_default\"")
    }
}
