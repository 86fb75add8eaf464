public import FoundationEssentials

/// All that the quality checks look at.
public struct QualityInput: Sendable {
    /// The snapshot with what it lost on the way.
    public var snapshot: ProcessedSnapshot

    /// The coins of the snapshot before, of the same source; `nil` if there is none.
    public var previous: [EarlierCoin]?

    /// How many rows the last snapshots had, newest first; ten are looked at.
    public var recentCounts: [Int]

    /// How many assets were asked for; `nil` if the source gives what it has.
    public var wanted: Int?

    /// The time that the source gave to its data; `nil` if it gave none.
    public var apiTimestamp: Date?

    /// Whether the source must be fresh and must move; else those checks only inform.
    public var isLive: Bool

    /// The time of the check.
    public var now: Date

    /// Creates an input.
    public init(
        snapshot: ProcessedSnapshot, previous: [EarlierCoin]? = nil, recentCounts: [Int] = [],
        wanted: Int? = nil,
        apiTimestamp: Date? = nil, isLive: Bool = true, now: Date
    ) {
        self.snapshot = snapshot
        self.previous = previous
        self.recentCounts = recentCounts
        self.wanted = wanted
        self.apiTimestamp = apiTimestamp
        self.isLive = isLive
        self.now = now
    }
}

/// What is asked of a coin of the snapshot before.
public struct EarlierCoin: Hashable, Sendable {
    /// The coin.
    public var cryptoID: String

    /// Its position by market capitalisation.
    public var rang: Int

    /// Its price.
    public var prixUsd: Amount

    /// Its market capitalisation; `nil` if it was not known.
    public var marketCapUsd: Amount?

    /// Creates a coin from its values.
    public init(cryptoID: String, rang: Int, prixUsd: Amount, marketCapUsd: Amount?) {
        self.cryptoID = cryptoID
        self.rang = rang
        self.prixUsd = prixUsd
        self.marketCapUsd = marketCapUsd
    }

    /// Takes a coin from a row.
    public init(_ row: MarketRow) {
        self.init(
            cryptoID: row.cryptoID, rang: row.rang, prixUsd: row.prixUsd, marketCapUsd: row.marketCapUsd)
    }
}
