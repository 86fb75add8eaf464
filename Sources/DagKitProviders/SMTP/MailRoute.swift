public import DagKitCore
import FoundationEssentials

/// The way to a deployment's mail server: the connection that `email.email_conn_id` names (`smtp_default`), else the
/// section `[smtp]` of its settings.
public struct MailRoute: Sendable {
    private let client: SMTPClient

    /// The sender: `from_email` of the connection's extras, else `email.from_email`, else `smtp.smtp_mail_from`.
    public let sender: MailAddress

    /// - Returns: `nil` if the deployment names no mail server.
    /// - Throws: ``SMTPError/badConnection(_:reason:)``, ``MailError`` for a sender that is none, and what reading the
    ///   connection throws.
    public init?(metadata: any TaskMetadata, settings: any Settings) async throws {
        let value = { (section: String, key: String) in
            settings.value(section, key).flatMap { $0.isEmpty ? nil : $0 }
        }
        var extras: JSONValue?
        if let connection = try await metadata.connection(value("email", "email_conn_id") ?? "smtp_default") {
            client = SMTPClient(try SMTPClient.Configuration(connection))
            extras = connection.extra.flatMap { try? JSONValue(parsing: $0) }
        } else if let configuration = SMTPClient.Configuration(settings) {
            client = SMTPClient(configuration)
        } else {
            return nil
        }
        let sender =
            extras?["from_email"]?.string ?? value("email", "from_email") ?? value("smtp", "smtp_mail_from")
        self.sender = try MailAddress(sender ?? "dagkit@localhost")
    }

    /// The way to the mail server of a task's deployment, what was set for its DAG included.
    ///
    /// - Returns: `nil` if the deployment names no mail server.
    public init?(_ context: TaskContext) async throws {
        try await self.init(metadata: context.services.metadata, settings: ContextSettings(context: context))
    }

    /// The settings as a task sees them.
    private struct ContextSettings: Settings {
        let context: TaskContext
        func value(_ section: String, _ key: String) -> String? { context.setting(section, key) }
    }

    /// Sends a mail.
    ///
    /// - Throws: ``SMTPError``.
    public func send(_ mail: MailMessage) async throws { try await client.send(mail) }
}

extension SMTPClient.Configuration {
    /// The mail server of the section `[smtp]`, in Airflow's keys; `nil` if it names none.
    ///
    /// TLS is demanded unless `smtp_starttls` says otherwise.
    init?(_ settings: any Settings) {
        let value = { (key: String) in settings.value("smtp", key).flatMap { $0.isEmpty ? nil : $0 } }
        guard let host = value("smtp_host") else { return nil }
        let isOn = { (key: String) in
            ["true", "t", "1", "yes", "on"].contains(value(key)?.lowercased() ?? "")
        }
        let startsTLS = value("smtp_starttls") == nil || isOn("smtp_starttls")
        self.init(
            host: host, port: value("smtp_port").flatMap { Int($0) } ?? 25,
            security: isOn("smtp_ssl") ? .tls : startsTLS ? .startTLS : .none,
            user: value("smtp_user"), password: value("smtp_password"))
        if let seconds = value("smtp_timeout").flatMap({ Double($0) }), seconds > 0 {
            timeout = .seconds(seconds)
        }
    }
}
