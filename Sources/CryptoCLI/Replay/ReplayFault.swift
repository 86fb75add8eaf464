public import DagKit
import DagKitHTTPServer
import FoundationEssentials

/// What goes wrong on purpose in a ``ReplayServer``.
///
/// ```swift
/// try ReplayFault("slow:5")  // .slow(.seconds(5))
/// ```
public enum ReplayFault: Hashable, Sendable {
    /// 429 with `Retry-After`.
    case rateLimit(retryAfter: Int)
    /// 500 or 503.
    case serverError(Int)
    /// Half of the body, then the end of the connection.
    case truncated
    /// A page for people, as a proxy sends it, with status 200.
    case html
    /// What v2 has answered since it was retired.
    case retired
    /// An answer without a single asset.
    case empty
    /// The right answer, too late.
    case slow(Duration)

    /// Reads `429`, `500`, `503`, `truncated`, `html`, `retired`, `empty` or `slow`; `429:SECONDS` and
    /// `slow:SECONDS` set a time.
    ///
    /// - Throws: ``ReplayFaultError``.
    public init(_ text: String) throws(ReplayFaultError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let seconds = parts.count == 2 ? Int(parts[1]) : nil
        guard parts.count == 1 || seconds.map({ (0...86_400).contains($0) }) == true else {
            throw ReplayFaultError(text: text)
        }
        switch (parts.first, seconds) {
        case ("429", let seconds): self = .rateLimit(retryAfter: seconds ?? 30)
        case ("slow", let seconds): self = .slow(.seconds(seconds ?? 45))
        case ("500", nil): self = .serverError(500)
        case ("503", nil): self = .serverError(503)
        case ("truncated", nil): self = .truncated
        case ("html", nil): self = .html
        case ("retired", nil): self = .retired
        case ("empty", nil): self = .empty
        default: throw ReplayFaultError(text: text)
        }
    }

    /// The words that ``init(_:)`` reads, without times.
    public static let names = ["429", "500", "503", "truncated", "html", "retired", "empty", "slow"]

    /// Whether the answer is the fault's own; else it is the right one, spoiled.
    var replacesAnswer: Bool {
        switch self {
        case .truncated, .slow: false
        case .rateLimit, .serverError, .html, .retired, .empty: true
        }
    }

    /// The answer of a fault that has one of its own.
    func response(now: Date) -> HTTPResponse {
        switch self {
        case .rateLimit(let seconds):
            var response = HTTPResponse.json(
                Self.envelope(error: "You exceeded your request limit", now: now), status: 429)
            response.headers["Retry-After"] = "\(seconds)"
            return response
        case .serverError(let status):
            return .json(Self.envelope(error: Self.reason(status), now: now), status: status)
        case .html:
            return .text(
                "<!DOCTYPE html><html><head><title>One moment</title></head><body>Checking</body></html>",
                type: "text/html; charset=utf-8")
        case .retired:
            return .json(Self.document(["message": .string(Self.retirement)], now: now), status: 429)
        case .empty: return .json(Self.document([], now: now))
        case .truncated, .slow: return HTTPResponse()
        }
    }

    /// The right answer, cut off or late.
    func spoiled(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        switch self {
        case .truncated:
            // Uncompressed, so that the cut falls into the text; the length of the whole is declared.
            response.headers["Content-Encoding"] = "identity"
            guard case .bytes(let bytes) = response.body else { return response }
            response.fault = HTTPFault(bytesSent: bytes.count / 2)
        case .slow(let delay): response.fault = HTTPFault(delay: delay)
        case .rateLimit, .serverError, .html, .retired, .empty: break
        }
        return response
    }

    private static let retirement = """
        We are deprecating this version of the CoinCap API on March 31, 2025. Sign up for our new V3 API at \
        https://pro.coincap.io/dashboard
        """

    private static func reason(_ status: Int) -> String {
        status == 503 ? "service under maintenance" : "internal server error"
    }

    /// CoinCap's envelope of an error.
    static func envelope(error: String, now: Date) -> String {
        JSONValue.object(["error": .string(error), "timestamp": .integer(milliseconds(now))]).text
    }

    private static func document(_ data: JSONValue, now: Date) -> String {
        JSONValue.object(["data": data, "timestamp": .integer(milliseconds(now))]).text
    }

    private static func milliseconds(_ now: Date) -> Int64 {
        Int64((now.timeIntervalSince1970 * 1_000).rounded(.down))
    }
}

/// A text that names no ``ReplayFault``.
public struct ReplayFaultError: DagKitError, Equatable {
    /// The text.
    public let text: String

    public var problem: String { "there is no fault \"\(text)\"" }
    public var remedy: String { "write one of \(ReplayFault.names.joined(separator: ", "))" }
}
