import DagKitCore
import DagKitProviders
import DagKitRuntime
import FoundationEssentials

/// Sends notices as mails, through the connection `smtp_default` or the section `[smtp]`.
struct MailCourier: NoticeCourier {
    private let metadata: any TaskMetadata
    private let settings: any Settings
    private let logs: String

    /// - Parameter logs: The folder in which the logs of attempts are.
    init(metadata: any TaskMetadata, settings: any Settings, logs: String) {
        self.metadata = metadata
        self.settings = settings
        self.logs = logs
    }

    func deliver(_ notice: Notice) async throws {
        do {
            guard let route = try await MailRoute(metadata: metadata, settings: settings) else {
                throw MailCourierError.noServer
            }
            try await route.send(mail(notice, from: route.sender))
        } catch let error as SMTPError where !error.isTransient {
            throw NoticeRefusal("\(error)")
        } catch let error as MailError {
            throw NoticeRefusal("\(error)")
        }
    }

    private func mail(_ notice: Notice, from sender: MailAddress) throws -> MailMessage {
        let host = sender.mailbox.split(separator: "@").last.map(String.init) ?? "localhost"
        return MailMessage(
            from: sender, to: try notice.recipients.flatMap { try MailAddress.list($0) },
            subject: Self.subject(notice), text: text(notice), messageID: "\(notice.id)@\(host)",
            date: notice.at)
    }

    /// `task crypto_data_pipeline/manual__1/load failed`, as mail readers list it.
    static func subject(_ notice: Notice) -> String {
        switch notice.kind {
        case .taskFailed: "task \(notice.task) failed"
        case .taskRetried: "task \(notice.task): try \(notice.tryNumber) of \(notice.lastTry) failed"
        }
    }

    private func text(_ notice: Notice) -> String {
        var lines = [
            Self.subject(notice), "", notice.reason ?? "no reason is known", "",
            "dag         \(notice.task.run.dagID)", "run         \(notice.task.run.runID)",
            "task        \(notice.task.taskID)"
                + (notice.task.mapIndex < 0 ? "" : " [\(notice.task.mapIndex)]"),
            "try         \(notice.tryNumber) of \(notice.lastTry)", "at          \(notice.at.isoText)",
        ]
        if let next = notice.nextTryAt { lines.append("next try    \(next.isoText)") }
        lines += [
            "log         \(logs)/\(AttemptLogPath.path(of: notice.task, tryNumber: notice.tryNumber))"
        ]
        if notice.kind == .taskFailed {
            lines += [
                "", "To run it again once the cause is mended:",
                "dagctl tasks clear \(notice.task.run.dagID) -t '^\(notice.task.taskID)$' -d --run-id \(notice.task.run.runID)",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// Why a mail about a failure cannot be sent now.
enum MailCourierError: DagKitError, Equatable {
    case noServer

    var problem: String { "no mail server is configured" }
    var remedy: String { "add the connection smtp_default, or set smtp.smtp_host" }
}
