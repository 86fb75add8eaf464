import DagKit
import FoundationEssentials

/// The mail about anomalies: `send_alert_if_needed`.
struct Alerting: Sendable {
    let step: PipelineStep

    /// Alerts about what was not alerted before, and sends what waits in the outbox.
    ///
    /// - Throws: `TaskSkip` if there is nothing to tell.
    func run(_ detected: DetectedAnomalies) async throws -> (MailDelivery, PipelineStep.Note?) {
        // An earlier try may have stored the alert and died: its memory of it must not skip the delivery.
        if try await !step.store.hasMail(.alert, run: step.run) { try await makeAlert(detected) }
        let delivery = try await MailDelivery.run(step)
        return (delivery, delivery.note)
    }

    private func makeAlert(_ detected: DetectedAnomalies) async throws {
        guard !detected.anomalies.isEmpty else { throw TaskSkip("no anomaly") }
        guard !step.settings.recipients.isEmpty else { throw TaskSkip("crypto.recipients is empty") }
        let now = step.now
        let last = try await step.store.lastAlerts(source: detected.source, before: detected.snapshotID)
        let due = AlertPolicy(cooldown: step.settings.alertCooldown / .seconds(1)).due(
            detected.anomalies, last: last, now: now)
        guard !due.isEmpty else {
            throw TaskSkip("all \(detected.anomalies.count) anomalies were alerted before")
        }
        let first = try await step.store.rows(of: detected.snapshotID, to: 10).first
        let mail = CryptoMail.alert(
            due, date: first?.dateImport ?? now.ds, time: first?.heureImport ?? "",
            marketMedian: try await step.store.summary(of: detected.snapshotID).medianChange,
            language: step.settings.language)
        try await step.store.enqueueAlert(
            mail, about: due, source: detected.source, run: step.run,
            recipients: step.settings.recipients.map(\.mailbox), now: now)
        step.context.logger.warning("alert about \(due.count) of \(detected.anomalies.count) anomalies")
    }
}
