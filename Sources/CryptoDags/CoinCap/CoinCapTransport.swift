public import DagKit
public import FoundationEssentials

/// Carries one GET to CoinCap and its answer back, whatever its status.
public protocol CoinCapTransport: Sendable {
    /// The answer to a GET.
    ///
    /// - Throws: ``CoinCapError`` if no whole answer came.
    func get(_ url: String, headers: [String: String]) async throws -> RawAnswer
}

/// The transport over DagKit's HTTP client.
public struct HTTPCoinCapTransport: CoinCapTransport {
    private let client: HTTPClient
    private let now: @Sendable () -> Date

    /// Creates a transport; `now` stamps the answers.
    public init(client: HTTPClient = HTTPClient(), now: @escaping @Sendable () -> Date) {
        self.client = client
        self.now = now
    }

    public func get(_ url: String, headers: [String: String]) async throws -> RawAnswer {
        var fields = HTTPHeaders()
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { fields.append(name, value) }
        do {
            let response = try await client.send(HTTPClient.Request(url: url, headers: fields))
            var kept: [String: String] = [:]
            for field in response.headers.fields { kept[field.name] = field.value }
            return RawAnswer(status: response.status, headers: kept, body: response.body, fetchedAt: now())
        } catch let error as HTTPError {
            throw Self.failure(error)
        }
    }

    static func failure(_ error: HTTPError) -> any Error {
        switch error {
        case .cannotResolve(let origin): unreachable(origin, "cannot find the host")
        case .cannotConnect(let origin, let reason): unreachable(origin, reason)
        case .tls(let origin, let reason): unreachable(origin, "TLS: \(reason)")
        case .connectTimeout(let origin, let limit): unreachable(origin, "connect timeout \(seconds(limit))")
        case .timeout(let origin, let limit): unreachable(origin, "no answer within \(seconds(limit))")
        case .truncated(let origin), .malformed(let origin, _):
            CoinCapError.unexpectedBody(
                contentType: "unknown", opening: "", cause: "the answer of \(origin) is cut off or damaged")
        case .badURL, .tooLarge, .tooManyRedirects, .status, .other: error
        }
    }

    private static func unreachable(_ origin: String, _ reason: String) -> CoinCapError {
        .unreachable(host: origin.split(separator: "/").last.map(String.init) ?? origin, reason: reason)
    }

    private static func seconds(_ duration: Duration) -> String { "\(duration.components.seconds) s" }
}
