public import DagKitCore

/// Why a mail was not taken over by its server.
public enum SMTPError: DagKitError, Equatable {
    case badConnection(String, reason: String)
    case cannotResolve(server: String)
    case cannotConnect(server: String, reason: String)
    case timeout(server: String, limit: Duration)
    case tls(server: String, reason: String)
    /// TLS is demanded and the server offers none.
    case noTLS(server: String)
    case loginRefused(server: String, reply: String)
    /// The server refused the sender, a recipient or the mail; `reply` is its line.
    case refused(server: String, reply: String)
    case connectionLost(server: String, reason: String)

    /// Whether the same mail may be taken later.
    public var isTransient: Bool {
        switch self {
        case .cannotResolve, .cannotConnect, .timeout, .tls, .connectionLost: true
        case .refused(_, let reply), .loginRefused(_, let reply): reply.hasPrefix("4")
        case .badConnection, .noTLS: false
        }
    }

    public var problem: String {
        switch self {
        case .badConnection(let id, let reason): "connection \"\(id)\" is no mail server: \(reason)"
        case .cannotResolve(let server): "the mail server \"\(server)\" cannot be found"
        case .cannotConnect(let server, let reason):
            "cannot connect to the mail server \"\(server)\": \(reason)"
        case .timeout(let server, let limit):
            "the mail server \"\(server)\" did not take the mail within \(limit)"
        case .tls(let server, let reason): "no secure connection to the mail server \"\(server)\": \(reason)"
        case .noTLS(let server): "the mail server \"\(server)\" offers no TLS"
        case .loginRefused(let server, let reply): "the mail server \"\(server)\" refused the login: \(reply)"
        case .refused(let server, let reply): "the mail server \"\(server)\" refused the mail: \(reply)"
        case .connectionLost(let server, let reason): "the connection to \"\(server)\" was lost: \(reason)"
        }
    }

    public var remedy: String {
        switch self {
        case .badConnection: "correct it with dagctl connections"
        case .cannotResolve: "check the host name and the network"
        case .cannotConnect: "check that the server runs and that the port is right"
        case .timeout, .connectionLost: "try again later"
        case .tls: "check the server's certificate, or name its authority in a CA file"
        case .noTLS: "choose another port, or allow a connection without TLS"
        case .loginRefused: "check user and password"
        case .refused(_, let reply) where reply.hasPrefix("4"): "try again later"
        case .refused(_, let reply) where reply.hasPrefix("530"): "add a login or TLS to the connection"
        case .refused: "check sender and recipients"
        }
    }
}
