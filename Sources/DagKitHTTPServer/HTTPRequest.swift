public import DagKitCore

/// A request that an ``HTTPServer`` received whole.
///
/// ```swift
/// let request = HTTPRequest(method: "GET", target: "/v3/assets?limit=5")
/// request.path             // "/v3/assets"
/// request.query["limit"]   // "5"
/// ```
public struct HTTPRequest: Sendable {
    /// The method, in capital letters: `GET`.
    public let method: String

    /// Path and query as they were sent, with their escapes.
    public let target: String

    /// The path, decoded; an escaped `/` cannot be told from a plain one here, see ``segments``.
    public let path: String

    /// The parts of the path between its slashes, each decoded by itself; empty ones are left out.
    public let segments: [String]

    /// The parameters behind the `?`.
    public let query: HTTPQuery

    /// The header fields.
    public let headers: HTTPHeaders

    /// The body; empty if there is none.
    public let body: [UInt8]

    /// The client's numeric address, `127.0.0.1`; empty if it is not known.
    public let clientAddress: String

    /// Creates a request, as tests of a handler do.
    public init(
        method: String, target: String, headers: HTTPHeaders = [:], body: [UInt8] = [],
        clientAddress: String = ""
    ) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let rawPath = halves.first ?? ""
        self.method = method
        self.target = target
        path = PercentCoding.decoded(rawPath)
        segments = rawPath.split(separator: "/").map { PercentCoding.decoded($0) }
        query = HTTPQuery(halves.count > 1 ? halves[1] : "")
        self.headers = headers
        self.body = body
        self.clientAddress = clientAddress
    }
}
