import DagKitSQL

/// What libpq says about a connection that failed: the code, if the server gave one, and one line.
struct ConnectionWords {
    let sqlState: String?
    let message: String

    /// - Parameter text: Lines such as `connection to server at "db", port 5432 failed: FATAL:  28P01: password …`.
    init(_ text: String) {
        // The last line that speaks; hints and places of the server's source follow it, indented or by name.
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        let line =
            lines.first { $0.contains("failed: ") || $0.contains(":  ") } ?? lines.first ?? "no reason given"
        let (state, words) = Self.parted(line)
        sqlState = state
        message = words
    }

    /// Finds `SEVERITY:  28P01: words`; the name of the severity is in the language of the server.
    private static func parted(_ line: String) -> (String?, String) {
        guard let mark = line.firstRange(of: ":  ") else { return (nil, line) }
        let rest = line[mark.upperBound...]
        let code = rest.prefix(5)
        guard code.utf8.count == 5, rest.dropFirst(5).hasPrefix(": "),
            code.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
        else { return (nil, String(rest)) }
        return (String(code), String(rest.dropFirst(7)))
    }

    /// Why a server did not let us in, with what can be done about it.
    func refusal(database: String, needsPassword: Bool, encryption: Bool) -> SQLError {
        let kind: SQLError.Kind
        var advice: String?
        switch sqlState {
        case "28P01":
            (kind, advice) = (.accessDenied, "correct the connection's login and password")
        case "28000":
            (kind, advice) = (.accessDenied, "correct the connection's login, or let it in (pg_hba.conf)")
        case "3D000":
            (kind, advice) = (.unknownDatabase, "create it (createdb), or correct the connection's schema")
        case "53300":
            (kind, advice) = (.tooManyConnections, "close other clients, or raise max_connections")
        case let state?: kind = SQLError.Kind(sqlState: state) ?? .cannotOpen
        case nil where needsPassword:
            (kind, advice) = (.accessDenied, "give the connection a password")
        case nil:
            kind = .cannotOpen
            let isAboutTLS = ["SSL", "TLS", "certificate"].contains { message.contains($0) }
            advice =
                isAboutTLS
                ? "check sslmode and sslrootcert of the connection, and the server's certificate"
                : "start PostgreSQL there, or correct the connection's host and port"
        }
        return SQLError(kind, sqlState: sqlState, message: message, database: database, advice: advice)
    }
}
