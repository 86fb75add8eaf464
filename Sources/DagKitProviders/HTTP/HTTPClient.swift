public import DagKitCore
import DagKitSystem

/// A client for HTTP: requests with deadlines and limits, verified TLS, and errors by class.
///
/// Connections are kept for later requests. A cancelled task ends its request at once.
///
/// ```swift
/// let client = HTTPClient()
/// let response = try await client.send(.init(url: "https://rest.coincap.io/v3/assets?limit=5"))
/// try response.requireSuccess()
/// print(response.text)
/// ```
public final class HTTPClient: Sendable {
    private let configuration: Configuration
    private let pool = CurlPool(keeping: 8)

    /// Creates a client.
    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    /// Sends a request and returns the answer, whatever its status.
    ///
    /// - Throws: ``HTTPError``, or `CancellationError` if the task is cancelled.
    public func send(_ request: Request) async throws -> Response {
        let clock = ContinuousClock()
        let deadline = clock.now + configuration.timeout
        var hop = Redirect(request)
        while true {
            let address = try HTTPAddress(hop.request.url)
            let left = clock.now.duration(to: deadline)
            guard left > .zero else { throw timeout(address) }
            let answer = try await exchange(hop.request, at: address, within: left)
            guard configuration.redirectLimit > 0, let location = hop.location(in: answer) else {
                return try decoded(answer, from: address, redirects: hop.count)
            }
            guard hop.count < configuration.redirectLimit else {
                throw HTTPError.tooManyRedirects(origin: address.origin, limit: configuration.redirectLimit)
            }
            try hop.follow(location, status: answer.status, from: address)
        }
    }

    /// Fetches a URL.
    ///
    /// - Throws: ``HTTPError``, or `CancellationError` if the task is cancelled.
    public func get(_ url: String, headers: HTTPHeaders = [:]) async throws -> Response {
        try await send(Request(url: url, headers: headers))
    }

    private func exchange(
        _ request: Request, at address: HTTPAddress, within left: Duration
    ) async throws -> RawAnswer {
        let transfer = HTTPTransfer(
            request: request, address: address, configuration: configuration, left: left)
        do {
            return try await pool.run { try transfer.run(on: $0, perform: $1) }
        } catch let failure as CurlFailure {
            throw HTTPError(failure, at: address, configuration)
        }
    }

    private func decoded(_ answer: RawAnswer, from address: HTTPAddress, redirects: Int) throws -> Response {
        var body = answer.body
        if ["gzip", "x-gzip"].contains(answer.headers["Content-Encoding"]?.lowercased()), !body.isEmpty {
            body = try unpacked(body, from: address)
        }
        return Response(
            status: answer.status, headers: answer.headers, body: body, origin: address.origin,
            redirects: redirects, timing: answer.timing)
    }

    private func unpacked(_ body: [UInt8], from address: HTTPAddress) throws(HTTPError) -> [UInt8] {
        do {
            return try Gzip.decompress(body, limit: configuration.bodyLimit)
        } catch {
            switch error {
            case .tooLong(let limit): throw .tooLarge(origin: address.origin, limit: limit)
            case .cutOff: throw .truncated(origin: address.origin)
            case .damaged, .noMemory: throw .malformed(origin: address.origin, reason: error.problem)
            }
        }
    }

    private func timeout(_ address: HTTPAddress) -> HTTPError {
        .timeout(origin: address.origin, limit: configuration.timeout)
    }
}

extension HTTPClient {
    /// How a client connects and what it accepts.
    public struct Configuration: Hashable, Sendable {
        /// How long a connection may take, TLS included.
        public var connectTimeout: Duration

        /// How long a request may take in all, redirects included.
        public var timeout: Duration

        /// How many bytes a body may have, once decompressed.
        public var bodyLimit: Int

        /// How many redirects are followed; with 0 the redirect is the answer.
        public var redirectLimit: Int

        /// A file of certificates (PEM) to trust in place of the system's.
        public var caFile: String?

        /// What the client calls itself.
        public var userAgent: String

        /// Creates a configuration.
        public init(
            connectTimeout: Duration = .seconds(5), timeout: Duration = .seconds(30),
            bodyLimit: Int = 16 << 20,
            redirectLimit: Int = 5, caFile: String? = nil,
            userAgent: String = "dagkit/\(DagKitVersion.current)"
        ) {
            self.connectTimeout = connectTimeout
            self.timeout = timeout
            self.bodyLimit = bodyLimit
            self.redirectLimit = redirectLimit
            self.caFile = caFile
            self.userAgent = userAgent
        }
    }

    /// A request.
    public struct Request: Hashable, Sendable {
        /// The method, in capital letters.
        public var method: String

        /// The address; without user name and password, which belong into a header.
        public var url: String

        /// The header fields. `Authorization`, `Cookie` and what is named in ``secretHeaders`` go to the first origin only.
        public var headers: HTTPHeaders

        /// What is sent; `nil` for nothing.
        public var body: [UInt8]?

        /// Further fields that must not follow a redirect to another origin, such as `X-Api-Key`.
        public var secretHeaders: [String]

        /// Creates a request.
        public init(
            _ method: String = "GET", url: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil,
            secretHeaders: [String] = []
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.secretHeaders = secretHeaders
        }
    }

    /// An answer that arrived whole.
    public struct Response: Sendable {
        /// The status code.
        public let status: Int

        /// The header fields.
        public let headers: HTTPHeaders

        /// The body, decompressed.
        public let body: [UInt8]

        /// Scheme, host and port that answered, redirects followed.
        public let origin: String

        /// How many redirects were followed.
        public let redirects: Int

        /// How long the parts of the last exchange took.
        public let timing: Timing

        /// The body as text; broken UTF-8 becomes U+FFFD.
        public var text: String { String(decoding: body, as: UTF8.self) }

        /// Whether the status is 200 to 299.
        public var isSuccess: Bool { (200...299).contains(status) }

        /// How long the server asks to wait before the next request; `nil` if it does not say.
        ///
        /// A date is measured against the server's own clock.
        public func retryAfter(cap: Duration = .seconds(900)) -> Duration? {
            guard let wish = headers["Retry-After"].flatMap(RetryAfter.init) else { return nil }
            if case .delay(let delay) = wish { return min(delay, cap) }
            return headers["Date"].flatMap(HTTPDate.parse).map { wish.delay(from: $0, cap: cap) }
        }

        /// Returns if the status is a success.
        ///
        /// - Throws: ``HTTPError/status(_:origin:excerpt:retryAfter:)`` with the first 300 characters of the body.
        public func requireSuccess() throws(HTTPError) {
            guard !isSuccess else { return }
            let words = String(decoding: body.prefix(1200), as: UTF8.self).split {
                $0.isWhitespace || $0.isNewline
            }
            throw .status(
                status, origin: origin, excerpt: String(words.joined(separator: " ").prefix(300)),
                retryAfter: retryAfter())
        }
    }

    /// How long the parts of an exchange took, each since its start.
    public struct Timing: Hashable, Sendable {
        /// Until the host's name was found.
        public let nameLookup: Duration

        /// Until the connection stood; zero if one was kept from before.
        public let connect: Duration

        /// Until TLS stood; zero without TLS.
        public let tls: Duration

        /// Until the first byte of the answer.
        public let firstByte: Duration

        /// Until the last byte of the answer.
        public let total: Duration
    }
}

extension HTTPClient.Request: CustomStringConvertible {
    /// Method and origin; path, query, header and body may hold secrets.
    public var description: String { "\(method) \(HTTPAddress.redacted(url))" }
}
