/// One asset as CoinCap gave it, before anything is judged.
public struct RawAsset: Hashable, Sendable {
    /// The slug, such as `bitcoin`: the only identity that is unique.
    public var id: RawField

    /// The position by market capitalisation.
    public var rank: RawField

    /// The ticker, such as `BTC`; several assets share one.
    public var symbol: RawField

    /// The name that people read.
    public var name: RawField

    /// The circulating supply.
    public var supply: RawField

    /// The largest supply there can be.
    public var maxSupply: RawField

    /// The market capitalisation in USD.
    public var marketCapUsd: RawField

    /// The volume of 24 hours in USD.
    public var volumeUsd24Hr: RawField

    /// The price in USD.
    public var priceUsd: RawField

    /// The change over 24 hours in %.
    public var changePercent24Hr: RawField

    /// The volume-weighted average price of 24 hours in USD.
    public var vwap24Hr: RawField

    /// Creates an asset; what is not given is absent.
    public init(
        id: RawField = .absent, rank: RawField = .absent, symbol: RawField = .absent,
        name: RawField = .absent,
        supply: RawField = .absent, maxSupply: RawField = .absent, marketCapUsd: RawField = .absent,
        volumeUsd24Hr: RawField = .absent, priceUsd: RawField = .absent,
        changePercent24Hr: RawField = .absent,
        vwap24Hr: RawField = .absent
    ) {
        self.id = id
        self.rank = rank
        self.symbol = symbol
        self.name = name
        self.supply = supply
        self.maxSupply = maxSupply
        self.marketCapUsd = marketCapUsd
        self.volumeUsd24Hr = volumeUsd24Hr
        self.priceUsd = priceUsd
        self.changePercent24Hr = changePercent24Hr
        self.vwap24Hr = vwap24Hr
    }

    /// The property that a JSON key fills; `nil` for keys that are not read, such as `tokens`.
    static func property(_ key: String) -> WritableKeyPath<RawAsset, RawField>? {
        switch key {
        case "id": \.id
        case "rank": \.rank
        case "symbol": \.symbol
        case "name": \.name
        case "supply": \.supply
        case "maxSupply": \.maxSupply
        case "marketCapUsd": \.marketCapUsd
        case "volumeUsd24Hr": \.volumeUsd24Hr
        case "priceUsd": \.priceUsd
        case "changePercent24Hr": \.changePercent24Hr
        case "vwap24Hr": \.vwap24Hr
        default: nil
        }
    }
}

/// A value of an asset as it stood in the JSON text, numbers kept as their digits.
public enum RawField: Hashable, Sendable {
    /// The key is not there; it means the same as ``null``.
    case absent
    case null
    case string(String)
    /// A bare JSON number, as it was written.
    case number(String)
    /// A Boolean, a list or an object, none of which belongs in an asset.
    case other

    /// The text of a string or a number; `nil` for nothing and for what does not belong.
    public var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .absent, .null, .other: nil
        }
    }

    /// Whether there is no value.
    public var isMissing: Bool { self == .absent || self == .null }
}

extension RawField: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = .string(text) }
}
