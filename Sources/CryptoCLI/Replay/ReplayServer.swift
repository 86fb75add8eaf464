import DagKit
public import DagKitHTTPServer
public import FoundationEssentials
import Synchronization

/// Answers like CoinCap v3, from a recorded or an invented market.
///
/// It is a handler for `HTTPServer`; what goes wrong on purpose is its ``fault``.
///
/// ```swift
/// let replay = ReplayServer(market: .generated(seed: 1), now: now)
/// let server = try HTTPServer(configuration: .init(port: 8099)) { await replay.answer($0) }
/// await server.run()
/// ```
public final class ReplayServer: Sendable {
    /// The most assets that one answer holds.
    public static let pageLimit = 2_000

    /// How many assets an answer holds if the request does not say.
    public static let standardPage = 100

    private let market: ReplayMarket
    private let fault: ReplayFault?
    private let key: String?
    private let now: @Sendable () -> Date
    private let faultsLeft: Mutex<Int>

    /// Creates a server's logic.
    ///
    /// - Parameters:
    ///   - fault: What goes wrong; `nil` for nothing.
    ///   - faultCount: How many answers it goes wrong for; `nil` for all.
    ///   - key: The API key that clients must send; `nil` asks for none.
    ///   - now: The wall clock, which an invented market moves by.
    public init(
        market: ReplayMarket, fault: ReplayFault? = nil, faultCount: Int? = nil, key: String? = nil,
        now: @escaping @Sendable () -> Date
    ) {
        self.market = market
        self.fault = fault
        self.key = key
        self.now = now
        faultsLeft = Mutex(faultCount ?? .max)
    }

    /// The answer to a request.
    public func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard ["GET", "HEAD"].contains(request.method) else { return failure(405, "method not allowed") }
        switch request.segments.first {
        case "v2": return ReplayFault.retired.response(now: now())
        case "v3": break
        default: return failure(404, "\(request.path) not found")
        }
        guard isAdmitted(request) else { return failure(401, "Invalid API key") }
        let fault = takeFault()
        if let fault, fault.replacesAnswer { return fault.response(now: now()) }
        let response = await page(request)
        return fault?.spoiled(response) ?? response
    }

    private func takeFault() -> ReplayFault? {
        faultsLeft.withLock { left in
            guard left > 0 else { return nil }
            left -= 1
            return fault
        }
    }

    private func isAdmitted(_ request: HTTPRequest) -> Bool {
        guard let key else { return true }
        return request.headers["Authorization"] == "Bearer \(key)" || request.query["apiKey"] == key
    }

    private func page(_ request: HTTPRequest) async -> HTTPResponse {
        do {
            switch Array(request.segments.dropFirst()) {
            case ["assets"]: return .json(try await assets(request.query))
            case let path where path.count == 2 && path[0] == "assets": return try await asset(path[1])
            case let path where path.count == 3 && path[0] == "assets" && path[2] == "history":
                return try history(of: path[1], request.query)
            default: return failure(404, "\(request.path) not found")
            }
        } catch let error as ReplayQueryError {
            return failure(400, error.message)
        } catch {
            return failure(500, "\(error)")
        }
    }

    private func assets(_ query: HTTPQuery) async throws -> String {
        let limit = try Self.number(query["limit"], named: "limit") ?? Self.standardPage
        let offset = try Self.number(query["offset"], named: "offset") ?? 0
        guard limit <= Self.pageLimit else {
            throw ReplayQueryError(message: "limit exceeds \(Self.pageLimit)")
        }
        let document = try await market.document(at: now(), isNewRound: offset == 0)
        let found = document.assets(ids: query["ids"], search: query["search"])
        return document.text(.array(Array(found.dropFirst(offset).prefix(limit))))
    }

    private func asset(_ id: String) async throws -> HTTPResponse {
        let document = try await market.document(at: now(), isNewRound: false)
        guard let asset = document.asset(id) else { return failure(404, "\(id) not found") }
        return .json(document.text(asset))
    }

    private func history(of id: String, _ query: HTTPQuery) throws -> HTTPResponse {
        let query = try HistoryQuery(id: id, query, now: now())
        guard let text = try market.history(query) else { return failure(404, "\(id) not found") }
        return .json(text)
    }

    private static func number(_ text: String?, named name: String) throws(ReplayQueryError) -> Int? {
        guard let text else { return nil }
        guard let number = Int(text), number >= 0 else {
            throw ReplayQueryError(message: "invalid \(name)")
        }
        return number
    }

    private func failure(_ status: Int, _ message: String) -> HTTPResponse {
        .json(ReplayFault.envelope(error: message, now: now()), status: status)
    }
}

/// A query that CoinCap refuses, in its words.
struct ReplayQueryError: Error {
    let message: String
}
