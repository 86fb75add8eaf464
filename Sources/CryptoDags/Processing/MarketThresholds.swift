/// The bounds that sort coins into `categorie` and `tendance`.
///
/// ```swift
/// var thresholds = MarketThresholds()
/// thresholds.strongTrend = 8
/// ```
public struct MarketThresholds: Hashable, Sendable {
    /// Changes between minus this and this, in %, are `stable`.
    public var flatTrend: Amount = 1

    /// Changes from this on, in %, are `forte_hausse`, and `forte_baisse` below zero.
    public var strongTrend: Amount = 5

    /// The smallest market capitalisation of a `mega_cap`, in USD; the lower bounds belong to the class.
    public var megaCap = Amount(200_000_000_000)

    /// The smallest market capitalisation of a `large_cap`, in USD.
    public var largeCap = Amount(10_000_000_000)

    /// The smallest market capitalisation of a `mid_cap`, in USD.
    public var midCap = Amount(1_000_000_000)

    /// The smallest market capitalisation of a `small_cap`, in USD.
    public var smallCap = Amount(100_000_000)

    /// Creates the thresholds of the design.
    public init() {}
}

/// The size of a coin by its market capitalisation; the column `categorie`.
public enum MarketCategory: String, CaseIterable, Codable, Hashable, Sendable {
    case mega = "mega_cap"
    case large = "large_cap"
    case mid = "mid_cap"
    case small = "small_cap"
    case micro = "micro_cap"
    case unknown = "inconnue"

    /// The class of a market capitalisation in USD; `nil` and what is not above zero are ``unknown``.
    public init(marketCap: Amount?, thresholds: MarketThresholds) {
        guard let marketCap, marketCap > .zero else {
            self = .unknown
            return
        }
        self =
            if marketCap >= thresholds.megaCap {
                .mega
            } else if marketCap >= thresholds.largeCap {
                .large
            } else if marketCap >= thresholds.midCap {
                .mid
            } else if marketCap >= thresholds.smallCap {
                .small
            } else {
                .micro
            }
    }

    /// The label that people see, in French.
    public var label: String {
        switch self {
        case .mega: "Méga"
        case .large: "Grande"
        case .mid: "Moyenne"
        case .small: "Petite"
        case .micro: "Micro"
        case .unknown: "Inconnue"
        }
    }
}

/// Where a coin is going by its change over 24 hours; the column `tendance`.
public enum MarketTrend: String, CaseIterable, Codable, Hashable, Sendable {
    case strongRise = "forte_hausse"
    case rise = "hausse"
    case flat = "stable"
    case fall = "baisse"
    case strongFall = "forte_baisse"
    case unknown = "inconnue"

    /// The class of a change in %; `nil` is ``unknown``.
    public init(change: Amount?, thresholds: MarketThresholds) {
        guard let change else {
            self = .unknown
            return
        }
        self =
            if change >= thresholds.strongTrend {
                .strongRise
            } else if change >= thresholds.flatTrend {
                .rise
            } else if change > -thresholds.flatTrend {
                .flat
            } else if change > -thresholds.strongTrend {
                .fall
            } else {
                .strongFall
            }
    }

    /// The label that people see, in French.
    public var label: String {
        switch self {
        case .strongRise: "Forte hausse"
        case .rise: "Hausse"
        case .flat: "Stable"
        case .fall: "Baisse"
        case .strongFall: "Forte baisse"
        case .unknown: "Inconnue"
        }
    }
}
