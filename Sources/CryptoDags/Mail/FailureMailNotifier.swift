public import DagKit
import FoundationEssentials

/// Mails a task of the crypto workflows that failed for good, whatever it failed of: an error, its timeout, the death of
/// its process.
///
/// The mail goes through the outbox of the market store, once for each run and recipient. If the store cannot be opened,
/// it is sent all the same. `crypto.recipients`, `crypto.failure_mail` and `crypto.language` say to whom, whether and how.
///
/// ```swift
/// TaskDefaults(callbacks: [.on(.failure, notify: FailureMailNotifier())])
/// ```
public struct FailureMailNotifier: Notifier {
    public static let notifierName = "crypto_failure_mail"

    /// Creates the notifier.
    public init() {}

    /// Stores and sends the mail.
    ///
    /// - Throws: What the store throws, or what the mail server says where there is no store to keep the mail in: the
    ///   notice is told again later.
    public func notify(_ notice: Notice, in context: TaskContext) async throws {
        let settings = try context.cryptoSettings()
        guard settings.failureMail == .always, !settings.recipients.isEmpty else { return }
        let mail = Self.mail(about: notice, language: settings.language)
        let mailboxes = settings.recipients.map(\.mailbox)
        var isOpen = false
        do {
            try await context.withMarketStore { store in
                isOpen = true
                let step = PipelineStep(context: context, settings: settings, store: store)
                try await store.enqueue(mail, run: step.run, recipients: mailboxes, now: step.now)
                _ = try await MailDelivery.run(step)
            }
        } catch  where !isOpen {
            guard let route = try await MailRoute(context) else { throw error }
            context.logger.warning("the mail goes past the outbox: \(error)")
            for mailbox in mailboxes { try await route.send(mail, to: mailbox, of: context) }
        }
    }

    private static func mail(about notice: Notice, language: Language) -> CryptoMail {
        .failure(
            dagID: notice.run.dagID.rawValue, runID: notice.run.runID.rawValue,
            taskID: notice.task?.taskID.rawValue ?? "", tryNumber: notice.tryNumber,
            error: notice.reason ?? "no reason is known", language: language)
    }
}

extension MailRoute {
    /// Sends a mail that no store can keep, under the id that it would have there.
    fileprivate func send(_ mail: CryptoMail, to recipient: String, of context: TaskContext) async throws {
        let run = PipelineRun(dagID: context.dagID.rawValue, runID: context.runID.rawValue)
        let id = OutboxMail.messageID(run: run, kind: mail.kind, recipient: recipient)
        try await send(mail, to: recipient, id: id, date: context.now)
    }
}
