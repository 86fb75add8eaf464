import CryptoDags
import DagKit
public import FoundationEssentials
import Synchronization

/// The market that a ``ReplayServer`` shows.
public final class ReplayMarket: Sendable {
    private let source: any MarketSource
    private let past: @Sendable (HistoryQuery) throws -> String?
    private let current = Mutex<MarketDocument?>(nil)
    private let moves: Bool

    private init(
        _ source: any MarketSource, moves: Bool, past: @escaping @Sendable (HistoryQuery) throws -> String?
    ) {
        self.source = source
        self.past = past
        self.moves = moves
    }

    /// An invented market, which moves with the clock.
    public static func generated(seed: UInt64) -> ReplayMarket {
        let source = GeneratedSource(seed: seed)
        return ReplayMarket(source, moves: true) { query in
            source.market.history(of: query.id, every: query.step, from: query.start, to: query.end)
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The recorded answers of a folder, each call for a first page the next one; the last one repeats.
    public static func recorded(folder: String) -> ReplayMarket {
        let source = ReplaySource(folder: folder)
        return ReplayMarket(source, moves: false) { $0.document(of: try source.prices(of: $0.id)) }
    }

    /// Reads the first answer, so that a folder that cannot be replayed is found out before a client asks.
    ///
    /// - Throws: ``ReplayError``.
    public func check(at now: Date) async throws {
        _ = try await fetch(at: now, after: nil)
    }

    /// The whole market at an instant.
    ///
    /// - Parameter isNewRound: Whether a recorded market goes on to its next answer; further pages do not.
    func document(at now: Date, isNewRound: Bool) async throws -> MarketDocument {
        let last = current.withLock { $0 }
        if let last, !moves, !isNewRound { return last }
        let document = try await fetch(at: now, after: last?.hash)
        current.withLock { $0 = document }
        return document
    }

    /// The answer about a coin's past; `nil` if there is no such coin.
    func history(_ query: HistoryQuery) throws -> String? { try past(query) }

    private func fetch(at now: Date, after hash: String?) async throws -> MarketDocument {
        let request = MarketRequest(wanted: GeneratedMarket.coinCount, now: now, previousHash: hash)
        let payload = try await source.fetch(request)
        return try MarketDocument(payload.pages[0].body)
    }
}

/// One answer of a market, parsed, so that parts of it can be given.
struct MarketDocument: Sendable {
    /// The SHA-256 of its bytes.
    let hash: String
    private let list: [JSONValue]
    private let timestamp: JSONValue

    init(_ bytes: [UInt8]) throws {
        let value = try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
        hash = SHA256.hex(bytes)
        list = value["data"]?.array ?? []
        timestamp = value["timestamp"] ?? .null
    }

    /// The assets, of which a query may name some.
    ///
    /// - Parameters:
    ///   - ids: Ids, parted by commas.
    ///   - search: A part of an id, a name or a ticker; case does not count.
    func assets(ids: String?, search: String?) -> [JSONValue] {
        var found = list
        if let ids {
            let wanted = Set(ids.split(separator: ",").map(String.init))
            found = found.filter { $0["id"]?.string.map(wanted.contains) ?? false }
        }
        if let search = search?.lowercased(), !search.isEmpty {
            found = found.filter { asset in
                ["id", "name", "symbol"].contains { key in
                    asset[key]?.string?.lowercased().contains(search) ?? false
                }
            }
        }
        return found
    }

    /// The asset of an id.
    func asset(_ id: String) -> JSONValue? { list.first { $0["id"]?.string == id } }

    /// An answer with this data and the time of the document.
    func text(_ data: JSONValue) -> String {
        JSONValue.object(["data": data, "timestamp": timestamp]).text
    }
}
