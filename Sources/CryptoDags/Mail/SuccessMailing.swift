import DagKit
import FoundationEssentials

/// The mail of a green run: `send_success_email`.
struct SuccessMailing: Sendable {
    let step: PipelineStep

    /// Puts the day's mail into the outbox, if it is due, and sends what waits there.
    func run(_ report: StoredReport) async throws -> (MailDelivery, PipelineStep.Note?) {
        if let refusal = try await reasonAgainst() {
            step.context.logger.info("no new mail: \(refusal)")
        } else if let content = try await step.store.report(date: report.date, source: report.source) {
            try await step.store.enqueue(
                .success(content, language: step.settings.language), run: step.run,
                recipients: step.settings.recipients.map(\.mailbox), now: step.now)
        }
        let delivery = try await MailDelivery.run(step)
        return (delivery, delivery.note)
    }

    private func reasonAgainst() async throws -> String? {
        if step.settings.recipients.isEmpty { return "crypto.recipients is empty" }
        switch step.settings.successMail {
        case .always: return nil
        case .never: return "crypto.success_mail is never"
        case .daily:
            let calendar = try step.context.marketCalendar(step.settings)
            let last = try await step.store.lastMail(.success)
            guard let last, calendar.day(of: last) == calendar.day(of: step.now) else { return nil }
            return "the mail of the day was made at \(last.isoText)"
        }
    }
}
