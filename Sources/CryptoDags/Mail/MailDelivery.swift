import DagKit
import FoundationEssentials

/// What became of the mails that waited in the outbox.
///
/// A mail is stored before it is sent and marked afterwards: after a crash it goes out again under the same
/// Message-ID.
/// A mail that cannot go out never fails a run: it waits.
public struct MailDelivery: Codable, Hashable, Sendable {
    /// How many the server took.
    public var sent = 0

    /// How many wait on.
    public var waiting = 0

    /// How many were refused for good.
    public var refused = 0

    /// Why mails wait or were refused; `nil` if all went out.
    public var reason: String?

    /// Sends what waits in the outbox, as far as there is a mail server.
    static func run(_ step: PipelineStep) async throws -> MailDelivery {
        let waiting = try await step.store.pendingMailCount()
        guard waiting > 0 else { return MailDelivery() }
        let delivery: MailDelivery
        do {
            if let route = try await MailRoute(step.context) {
                delivery = try await send(try await step.store.pendingMails(), over: route, step)
            } else {
                delivery = MailDelivery(waiting: waiting, reason: MailRoute.none)
            }
        } catch let error as any DagKitError where error is SMTPError || error is MailError {
            delivery = MailDelivery(waiting: waiting, reason: "\(error)")
        }
        delivery.tell(step.context.logger)
        return delivery
    }

    private static func send(
        _ mails: [OutboxMail], over route: MailRoute, _ step: PipelineStep
    ) async throws -> MailDelivery {
        var delivery = MailDelivery()
        for mail in mails {
            do {
                try await route.send(mail)
                try await step.store.markSent(mail.messageID, now: step.now)
                delivery.sent += 1
            } catch let error as any DagKitError where error is SMTPError || error is MailError {
                // A bad login or address is mended in the configuration: only the refusal of this mail is
                // final.
                let isPermanent = isFinal(error)
                try await step.store.markFailed(mail.messageID, error: "\(error)", isPermanent: isPermanent)
                delivery.reason = "\(error)"
                if isPermanent { delivery.refused += 1 } else { delivery.waiting += 1 }
            }
        }
        return delivery
    }

    /// Whether the server refused this very mail and will do so again.
    private static func isFinal(_ error: any DagKitError) -> Bool {
        guard case SMTPError.refused(_, let reply)? = error as? SMTPError else { return error is MailError }
        return reply.hasPrefix("5") && !reply.hasPrefix("530")
    }

    private func tell(_ logger: TaskLogger) {
        if sent > 0 { logger.info("\(Self.mails(sent)) sent") }
        if waiting > 0 { logger.warning("\(Self.mails(waiting)) in the outbox: \(reason ?? "not sent")") }
        if refused > 0 { logger.error("\(Self.mails(refused)) refused: \(reason ?? "not sent")") }
    }

    private static func mails(_ count: Int) -> String { count == 1 ? "1 mail" : "\(count) mails" }

    /// The line for `pipeline_logs`.
    var note: PipelineStep.Note {
        var detail: [String: JSONValue] = [
            "sent": .integer(Int64(sent)), "waiting": .integer(Int64(waiting)),
            "refused": .integer(Int64(refused)),
        ]
        if let reason { detail["reason"] = .string(reason) }
        return .init(
            records: sent, status: waiting + refused > 0 ? .warning : .success, detail: .object(detail))
    }
}

extension MailRoute {
    /// What is said where no mail server is configured.
    static let none = "no mail server is configured; add the connection smtp_default or set [smtp] smtp_host"

    func send(_ mail: OutboxMail) async throws {
        try await send(mail.mail, to: mail.recipient, id: mail.messageID, date: mail.createdAt)
    }

    /// Sends a mail that could not be stored first, or that was stored at `date`.
    func send(_ mail: CryptoMail, to recipient: String, id: String, date: Date) async throws {
        var message = MailMessage(
            from: sender, to: [try MailAddress(recipient)], subject: mail.subject, text: mail.text,
            html: mail.html, messageID: id, date: date)
        if let attachment = mail.attachment {
            message.attachments = [
                MailAttachment(
                    name: attachment.name, type: "application/json", bytes: Array(attachment.text.utf8))
            ]
        }
        try await send(message)
    }
}
