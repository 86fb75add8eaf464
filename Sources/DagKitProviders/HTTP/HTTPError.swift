public import DagKitCore

/// Why a request has no good answer.
///
/// Texts name the origin (scheme, host, port) alone: paths, queries and headers may hold secrets.
public enum HTTPError: DagKitError, Equatable {
    case badURL(String, reason: String)
    case cannotResolve(origin: String)
    case cannotConnect(origin: String, reason: String)
    case tls(origin: String, reason: String)
    /// No connection within `limit`.
    case connectTimeout(origin: String, limit: Duration)
    /// No complete answer within `limit`.
    case timeout(origin: String, limit: Duration)
    /// The connection ended before the answer was whole.
    case truncated(origin: String)
    /// The body, once decompressed, is over the limit.
    case tooLarge(origin: String, limit: Int)
    case tooManyRedirects(origin: String, limit: Int)
    /// The answer is not HTTP, or its compression is damaged.
    case malformed(origin: String, reason: String)
    /// The server answered with a status that is no success; only ``HTTPClient/Response/requireSuccess()`` throws it.
    case status(Int, origin: String, excerpt: String, retryAfter: Duration?)
    case other(origin: String, reason: String)

    /// Whether the same request may succeed later.
    public var isTransient: Bool {
        switch self {
        case .cannotResolve, .cannotConnect, .tls, .connectTimeout, .timeout, .truncated: true
        case .status(let status, _, _, _):
            [408, 425, 429].contains(status) || (500...599).contains(status) && status != 501 && status != 505
        case .badURL, .tooLarge, .tooManyRedirects, .malformed, .other: false
        }
    }

    /// How long the server asked to wait; `nil` if it did not.
    public var retryAfter: Duration? {
        if case .status(_, _, _, let delay) = self { delay } else { nil }
    }

    public var problem: String {
        switch self {
        case .badURL(let url, let reason): "the URL \"\(url)\" cannot be used: \(Self.lowered(reason))"
        case .cannotResolve(let origin): "the host of \"\(origin)\" cannot be found"
        case .cannotConnect(let origin, let reason):
            "cannot connect to \"\(origin)\": \(Self.lowered(reason))"
        case .tls(let origin, let reason): "no secure connection to \"\(origin)\": \(Self.lowered(reason))"
        case .connectTimeout(let origin, let limit): "no connection to \"\(origin)\" within \(limit)"
        case .timeout(let origin, let limit): "no complete answer from \"\(origin)\" within \(limit)"
        case .truncated(let origin): "the answer of \"\(origin)\" was cut off"
        case .tooLarge(let origin, let limit):
            "the answer of \"\(origin)\" is over the limit of \"\(limit)\" bytes"
        case .tooManyRedirects(let origin, let limit): "\"\(origin)\" redirects more than \"\(limit)\" times"
        case .malformed(let origin, let reason):
            "the answer of \"\(origin)\" is damaged: \(Self.lowered(reason))"
        case .status(let status, let origin, let excerpt, _):
            "\"\(origin)\" answered \"\(status)\"" + (excerpt.isEmpty ? "" : ": \(excerpt)")
        case .other(let origin, let reason): "the request to \"\(origin)\" failed: \(Self.lowered(reason))"
        }
    }

    public var remedy: String {
        switch self {
        case .badURL: "write it as https://host/path"
        case .cannotResolve: "check the host name and the network"
        case .cannotConnect: "check that the server runs and that the port is right"
        case .tls: "check the server's certificate, or name its authority in a CA file"
        case .connectTimeout, .timeout: "try again later, or allow more time"
        case .truncated: "try again"
        case .tooLarge: "ask for less, or raise the limit"
        case .tooManyRedirects: "use the address that it leads to"
        case .malformed: "check that the address is that of the service"
        case .status(401, _, _, _), .status(403, _, _, _): "check the credentials and what they permit"
        case .status(429, _, _, let delay): delay.map { "try again in \($0)" } ?? "send fewer requests"
        case .status(500..., _, _, _): "try again later"
        case .status: "check the request"
        case .other: "look at the reason, and try again"
        }
    }

    /// The library's reasons begin with a capital letter, which may be that of an abbreviation.
    private static func lowered(_ reason: String) -> String {
        let second = reason.dropFirst().first
        guard second?.isLowercase == true else { return reason }
        return reason.prefix(1).lowercased() + reason.dropFirst()
    }
}
