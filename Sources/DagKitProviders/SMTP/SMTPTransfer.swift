import CCurl

/// One mail on its way to a server.
struct SMTPTransfer: Sendable {
    let configuration: SMTPClient.Configuration
    let sender: String
    let recipients: [String]
    let message: [UInt8]

    /// Sets the transfer up and lets it run; blocks.
    ///
    /// - Throws: ``SMTPError`` or `CancellationError`.
    func run(on transfer: borrowing CurlTransfer, perform: () throws -> Void) throws {
        let lines = CurlLines()
        let source = CurlSource(message)
        do {
            try setUp(transfer)
            try transfer.set(CURLOPT_READFUNCTION, sendBody, for: CURLOPT_READDATA, source)
            try transfer.set(CURLOPT_HEADERFUNCTION, receiveSMTPLine, for: CURLOPT_HEADERDATA, lines)
            try withExtendedLifetime((lines, source)) { try perform() }
        } catch let failure as CurlFailure {
            throw SMTPError(failure, replies: lines.lines, configuration)
        }
    }

    private func setUp(_ transfer: borrowing CurlTransfer) throws(CurlFailure) {
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        let scheme = configuration.security == .tls ? "smtps" : "smtp"
        try transfer.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        try transfer.set(CURLOPT_URL, "\(scheme)://\(host):\(configuration.port)")
        try transfer.set(CURLOPT_PROXY, "")
        try transfer.set(CURLOPT_CONNECTTIMEOUT_MS, min(configuration.connectTimeout, configuration.timeout))
        try transfer.set(CURLOPT_TIMEOUT_MS, configuration.timeout)
        try transfer.set(CURLOPT_USE_SSL, useSSL)
        if let caFile = configuration.caFile { try transfer.set(CURLOPT_CAINFO, caFile) }
        if let user = configuration.user, !user.isEmpty {
            try transfer.set(CURLOPT_USERNAME, user)
            try transfer.set(CURLOPT_PASSWORD, configuration.password ?? "")
        }
        try transfer.set(CURLOPT_MAIL_FROM, "<\(sender)>")
        try transfer.set(CURLOPT_MAIL_RCPT, list: recipients.map { "<\($0)>" })
        try transfer.set(CURLOPT_UPLOAD, 1)
        try transfer.set(CURLOPT_INFILESIZE_LARGE, size: message.count)
    }

    private var useSSL: Int {
        switch configuration.security {
        case .none: Int(CURLUSESSL_NONE.rawValue)
        case .startTLSIfOffered where configuration.user == nil: Int(CURLUSESSL_TRY.rawValue)
        case .tls, .startTLS, .startTLSIfOffered: Int(CURLUSESSL_ALL.rawValue)
        }
    }
}

extension SMTPError {
    /// The class of a failed transfer, with the last line in which the server refused something.
    init(_ failure: CurlFailure, replies: [String], _ configuration: SMTPClient.Configuration) {
        let server = "\(configuration.host):\(configuration.port)"
        var reply = replies.last { $0.hasPrefix("4") || $0.hasPrefix("5") }
        if let secret = configuration.password, !secret.isEmpty {
            reply = reply?.replacing(secret, with: "***")
        }
        self =
            switch failure.code {
            case CURLE_COULDNT_RESOLVE_HOST: .cannotResolve(server: server)
            case CURLE_COULDNT_CONNECT: .cannotConnect(server: server, reason: failure.reason)
            case CURLE_OPERATION_TIMEDOUT: .timeout(server: server, limit: configuration.timeout)
            case CURLE_LOGIN_DENIED: .loginRefused(server: server, reply: reply ?? failure.reason)
            case CURLE_USE_SSL_FAILED: .noTLS(server: server)
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
                CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
                .tls(server: server, reason: failure.reason)
            default:
                if let reply {
                    .refused(server: server, reply: reply)
                } else {
                    .connectionLost(server: server, reason: failure.reason)
                }
            }
    }
}
