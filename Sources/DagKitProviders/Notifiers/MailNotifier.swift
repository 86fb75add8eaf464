public import DagKitCore
import FoundationEssentials

/// Tells by mail, through the deployment's mail server (``MailRoute``).
///
/// ```swift
/// TaskDefaults(callbacks: [.on(.failure, notify: MailNotifier(to: ["ops@example.org"]))])
/// ```
///
/// The mail says what happened, why, where the log is and how to go on. Its id is that of the notice, so that a mail
/// which comes twice can be told. Subject and text may be templates of one's own, in which `notice` is the notice.
public struct MailNotifier: Notifier {
    public static let notifierName = "mail"

    /// The addresses; each may hold several, parted by commas.
    public let recipients: [String]
    private let subject: String?
    private let text: String?

    /// - Parameters:
    ///   - recipients: The addresses; each may hold several, parted by commas.
    ///   - subject: A template for the subject; what happened if `nil`.
    ///   - text: A template for the text; all that is known of what happened if `nil`.
    public init(to recipients: [String], subject: String? = nil, text: String? = nil) {
        self.recipients = recipients
        self.subject = subject
        self.text = text
    }

    public func notify(_ notice: Notice, in context: TaskContext) async throws {
        do {
            guard let route = try await MailRoute(context) else { throw MailNotifierError.noServer }
            try await route.send(try await mail(notice, from: route.sender, context))
        } catch let error as SMTPError where !error.isTransient {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        } catch let error as MailError {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        }
    }

    private func mail(_ notice: Notice, from sender: MailAddress, _ context: TaskContext) async throws
        -> MailMessage
    {
        let host = sender.mailbox.split(separator: "@").last.map(String.init) ?? "localhost"
        var addresses: [MailAddress] = []
        for one in recipients { addresses += try MailAddress.list(try await context.render(one)) }
        let title = if let subject { try await context.render(subject) } else { notice.title }
        let body = if let text { try await context.render(text) } else { notice.letter(logs: context.logs) }
        return MailMessage(
            from: sender, to: addresses, subject: title, text: body, messageID: "\(notice.id)@\(host)",
            date: notice.at)
    }
}

extension MailNotifier {
    /// Creates the notifier that a document declares: a list of addresses, or an object with `to`, `subject`, `text`.
    ///
    /// - Throws: ``DeclarationError``, or ``MailError`` for an address that is none.
    public init(declaration words: JSONValue) throws {
        let reader = NotifierWords(words, of: Self.notifierName, keys: ["to", "subject", "text"], main: "to")
        let recipients = try reader.texts("to")
        for one in recipients where !one.contains("{{") { _ = try MailAddress.list(one) }
        self.init(to: recipients, subject: try reader.text("subject"), text: try reader.text("text"))
    }
}

/// Why a mail cannot be sent now.
enum MailNotifierError: DagKitError, Equatable {
    case noServer

    var problem: String { "no mail server is configured" }
    var remedy: String { "add the connection smtp_default, or set smtp.smtp_host" }
}

extension TaskContext {
    /// The folder in which the logs of attempts are.
    fileprivate var logs: String? {
        let folder = setting("logging", "base_log_folder") ?? ""
        return folder.isEmpty ? services.home.map { "\($0)/logs" } : folder
    }
}

extension Notice {
    /// All that is known of it, for people.
    func letter(logs: String?) -> String {
        var lines = [title, ""]
        if reason != nil || kind == .taskFailed || kind == .runFailed {
            lines += [reason ?? "no reason is known", ""]
        }
        lines += ["dag         \(run.dagID)", "run         \(run.runID)"]
        if let task {
            lines.append("task        \(task.taskID)" + (task.mapIndex < 0 ? "" : " [\(task.mapIndex)]"))
            if tryNumber > 0 { lines.append("try         \(tryNumber) of \(lastTry)") }
        }
        lines.append("at          \(at.isoText)")
        if let nextTryAt { lines.append("next try    \(nextTryAt.isoText)") }
        if let task, let logs, tryNumber > 0 {
            lines.append("log         \(logs)/\(AttemptLogPath.path(of: task, tryNumber: tryNumber))")
        }
        if let task, kind == .taskFailed {
            lines += [
                "", "To run it again once the cause is mended:",
                "dagctl tasks clear \(run.dagID) -t '^\(task.taskID)$' -d --run-id \(run.runID)",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
