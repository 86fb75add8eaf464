import DagKit
import FoundationEssentials

/// The mail of a task that failed for good: made and sent at once.
///
/// What a task cannot tell of itself, such as its own death, is told by the scheduler's log, not here.
struct FailureMailing: Sendable {
    let context: TaskContext

    /// Whether an error leaves no try; skips and ended tasks are no failures.
    func isFinal(_ error: any Error) -> Bool {
        if error is TaskSkip || error is CancellationError { return false }
        if let failure = error as? TaskFailure, !failure.isRetryable { return true }
        return context.tryNumber >= context.attempt.lastTry
    }

    /// Stores and sends the mail; whatever goes wrong here must not hide what failed before.
    func tell(_ error: any Error, step: PipelineStep) async {
        guard isFinal(error), let mail = mail(error, step.settings) else { return }
        do {
            try await step.store.enqueue(
                mail, run: step.run, recipients: step.settings.recipients.map(\.mailbox), now: step.now)
            _ = try await MailDelivery.run(step)
        } catch {
            context.logger.warning("the mail about the failure is not sent: \(error)")
        }
    }

    /// Sends the mail of a failure that left no store to keep it in.
    func tellWithoutStore(_ error: any Error, _ settings: CryptoSettings) async {
        guard isFinal(error), let mail = mail(error, settings) else { return }
        let run = PipelineRun(dagID: context.dagID.rawValue, runID: context.runID.rawValue)
        do {
            guard let route = try await MailRoute(context) else { return }
            for recipient in settings.recipients.map(\.mailbox) {
                let id = OutboxMail.messageID(run: run, kind: .failure, recipient: recipient)
                try await route.send(mail, to: recipient, id: id, date: context.now)
            }
        } catch {
            context.logger.warning("the mail about the failure is not sent: \(error)")
        }
    }

    private func mail(_ error: any Error, _ settings: CryptoSettings) -> CryptoMail? {
        guard settings.failureMail == .always, !settings.recipients.isEmpty else { return nil }
        return .failure(
            dagID: context.dagID.rawValue, runID: context.runID.rawValue, taskID: context.taskID.rawValue,
            tryNumber: context.tryNumber, error: "\(error)", language: settings.language)
    }
}
