import DagKit
import DagKitSQL
public import FoundationEssentials

/// Mails on their way: stored before they are sent, sent at least once.
extension MarketStore {
    /// Puts a mail into the outbox, once for each run, kind and recipient.
    public func enqueue(_ mail: CryptoMail, run: PipelineRun, recipients: [String], now: Date) async throws {
        try await database.transaction { transaction in
            try Self.enqueue(mail, run: run, recipients: recipients, now: now, transaction)
        }
    }

    static func enqueue(
        _ mail: CryptoMail, run: PipelineRun, recipients: [String], now: Date,
        _ transaction: any SQLTransaction
    ) throws {
        for recipient in recipients {
            let id = OutboxMail.messageID(run: run, kind: mail.kind, recipient: recipient)
            try transaction.execute(
                """
                insert into outbox (message_id, dag_id, run_id, kind, recipient, subject, text, html, attachment,
                    attachment_name, state, attempts, created_at)
                values (\(id), \(run.dagID), \(run.runID), \(mail.kind.rawValue), \(recipient), \(mail.subject),
                    \(mail.text), \(mail.html), \((mail.attachment?.text).sqlValue),
                    \((mail.attachment?.name).sqlValue), 'pending', 0, \(now.databaseText))
                on conflict (dag_id, run_id, kind, recipient) do nothing
                """)
        }
    }

    /// The mails that wait, oldest first.
    public func pendingMails(limit: Int = 100) async throws -> [OutboxMail] {
        try await database.query(
            "select * from outbox where state = 'pending' order by created_at, message_id limit \(limit)"
        ).map(OutboxMail.init)
    }

    /// Records that the server took a mail.
    public func markSent(_ messageID: String, now: Date) async throws {
        try await database.execute(
            """
            update outbox set state = 'sent', attempts = attempts + 1, sent_at = \(now.databaseText), last_error = null
            where message_id = \(messageID) and state <> 'sent'
            """)
    }

    /// Records that a mail was not taken; it waits on, unless the refusal is permanent.
    public func markFailed(_ messageID: String, error: String, isPermanent: Bool) async throws {
        let state = isPermanent ? "failed" : "pending"
        try await database.execute(
            """
            update outbox set state = \(state), attempts = attempts + 1, last_error = \(error)
            where message_id = \(messageID) and state <> 'sent'
            """)
    }
}

/// A mail in the outbox.
public struct OutboxMail: Hashable, Sendable {
    /// The Message-ID, without its brackets: equal for every attempt, so that a reader can drop a double.
    public let messageID: String

    /// The recipient.
    public let recipient: String

    /// What it says.
    public let mail: CryptoMail

    /// How often it was tried.
    public let attempts: Int

    /// When it was put into the outbox.
    public let createdAt: Date

    init(_ row: SQLRow) throws {
        messageID = try row["message_id"]
        recipient = try row["recipient"]
        // Kinds are written by this type only; an unknown one is shown as a failure rather than lost.
        let kind = CryptoMail.Kind(rawValue: try row["kind"]) ?? .failure
        let attached: String? = try row["attachment"]
        let name: String? = try row["attachment_name"]
        mail = CryptoMail(
            kind: kind, subject: try row["subject"], text: try row["text"], html: try row["html"],
            attachment: attached.map { CryptoMail.Attachment(name: name ?? "report.json", text: $0) })
        attempts = try row["attempts"]
        createdAt = try Date(isoText: try row["created_at"] as String)
    }

    static func messageID(run: PipelineRun, kind: CryptoMail.Kind, recipient: String) -> String {
        "\(SHA256.hex("\(run.dagID)\n\(run.runID)\n\(kind.rawValue)\n\(recipient)").prefix(32))@cryptodags"
    }
}
