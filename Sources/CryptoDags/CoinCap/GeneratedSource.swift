/// An invented market, told apart from a real one by its name in every row.
public struct GeneratedSource: MarketSource {
    /// The market.
    public let market: GeneratedMarket

    public var name: String { "generated:\(market.seed)" }

    /// Creates a source; equal seeds give equal markets.
    public init(seed: UInt64) { market = GeneratedMarket(seed: seed) }

    public func fetch(_ request: MarketRequest) async throws -> SnapshotPayload {
        let answer = RawAnswer(
            headers: ["content-type": "application/json; charset=utf-8"],
            body: market.document(at: request.now, limit: request.wanted), fetchedAt: request.now)
        return SnapshotPayload(source: name, pages: [answer], wanted: request.wanted)
    }
}
