import CCurl
public import DagKitCore

/// Hands mails to a mail server.
///
/// ```swift
/// let client = SMTPClient(.init(host: "mail.example.org", user: "bot", password: password))
/// try await client.send(mail)
/// ```
///
/// When ``send(_:)`` returns, the server has taken the mail over for all recipients. A cancelled task ends at once; whether
/// the server took the mail is then not known.
public struct SMTPClient: Sendable {
    private let configuration: Configuration
    // A connection to a mail server is not kept: servers end idle ones, and mails are rare.
    private let pool = CurlPool(keeping: 0)

    /// Creates a client.
    public init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// Sends a mail to all its recipients, or to none.
    ///
    /// - Throws: ``SMTPError``, ``MailError/noRecipient``, or `CancellationError`.
    public func send(_ mail: MailMessage) async throws {
        let recipients = mail.recipients
        guard !recipients.isEmpty else { throw MailError.noRecipient }
        let envelope = SMTPTransfer(
            configuration: configuration, sender: mail.from.mailbox, recipients: recipients,
            message: mail.rendered)
        try await pool.run { try envelope.run(on: $0, perform: $1) }
    }
}

extension SMTPClient {
    /// How the connection to a mail server is protected.
    public enum Security: String, Hashable, Sendable, CaseIterable {
        /// TLS from the first byte, as on port 465.
        case tls
        /// A plain connection that must turn to TLS before anything is told, as on port 587.
        case startTLS = "starttls"
        /// TLS if the server offers it; a login is never sent without.
        case startTLSIfOffered = "starttls_if_offered"
        /// No TLS, not even for a login: for servers on this machine.
        case none
    }

    /// Where a mail server is and how to reach it.
    public struct Configuration: Hashable, Sendable, CustomStringConvertible {
        /// The host.
        public var host: String

        /// The port.
        public var port: Int

        /// How the connection is protected.
        public var security: Security

        /// The user to log in as; `nil` for no login.
        public var user: String?

        /// The user's password; never shown.
        public var password: String?

        /// A file of certificates (PEM) to trust in place of the system's.
        public var caFile: String?

        /// How long a connection may take.
        public var connectTimeout: Duration

        /// How long it may take to hand over one mail.
        public var timeout: Duration

        /// Creates a configuration.
        public init(
            host: String, port: Int = 587, security: Security = .startTLS, user: String? = nil,
            password: String? = nil, caFile: String? = nil, connectTimeout: Duration = .seconds(10),
            timeout: Duration = .seconds(60)
        ) {
            self.host = host
            self.port = port
            self.security = security
            self.user = user
            self.password = password
            self.caFile = caFile
            self.connectTimeout = connectTimeout
            self.timeout = timeout
        }

        /// Host and port; the password is left out.
        public var description: String { "\(host):\(port) (\(security.rawValue))" }
    }
}

extension SMTPClient.Configuration: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: ["server": description]) }
}

extension SMTPClient.Configuration {
    /// The mail server of a connection, such as `smtp_default`.
    ///
    /// The extras know `security` (`tls`, `starttls`, `starttls_if_offered`, `none`), `ca_file` and `timeout` in seconds, and
    /// Airflow's `disable_ssl` and `disable_tls`. Without them port 465 means TLS and every other STARTTLS.
    ///
    /// - Throws: ``SMTPError/badConnection(_:reason:)``.
    public init(_ connection: Connection) throws(SMTPError) {
        guard let host = connection.host, !host.isEmpty else {
            throw .badConnection(connection.id, reason: "it has no host")
        }
        let extras: JSONValue
        do {
            extras = try JSONValue(parsing: connection.extra.flatMap { $0.isEmpty ? nil : $0 } ?? "{}")
        } catch {
            throw .badConnection(connection.id, reason: "its extras are not JSON")
        }
        let port = connection.port ?? (extras["disable_ssl"]?.bool == false ? 465 : 587)
        self.init(
            host: host, port: port, security: try Self.security(extras, port: port, of: connection.id),
            user: connection.login, password: connection.password, caFile: extras["ca_file"]?.string)
        if let seconds = extras["timeout"]?.number, seconds > 0 { timeout = .seconds(seconds) }
    }

    private static func security(
        _ extras: JSONValue, port: Int, of id: String
    ) throws(SMTPError) -> SMTPClient.Security {
        if let text = extras["security"]?.string {
            guard let security = SMTPClient.Security(rawValue: text) else {
                let known = SMTPClient.Security.allCases.map(\.rawValue).joined(separator: ", ")
                throw .badConnection(id, reason: "its security \"\(text)\" is none of \(known)")
            }
            return security
        }
        if port == 465 || extras["disable_ssl"]?.bool == false { return .tls }
        return extras["disable_tls"]?.bool == true ? .none : .startTLS
    }
}
