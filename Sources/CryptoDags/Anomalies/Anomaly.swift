/// A coin that does what it usually does not.
public struct Anomaly: Hashable, Sendable, Codable {
    /// The coin.
    public let cryptoID: String

    /// Its ticker.
    public let symbole: String

    /// Its name.
    public let nom: String

    /// Its position by market capitalisation.
    public let rang: Int

    /// The rule that found it.
    public let rule: AnomalyRule

    /// Which way it went.
    public let direction: AnomalyDirection

    /// How much it matters.
    public let severity: AnomalySeverity

    /// What was measured: a change in %, a volume, a price or a rank.
    public let value: Double

    /// What would have been usual.
    public let baseline: Double

    /// The bound that was passed, in the unit of ``score``.
    public let threshold: Double

    /// How far it went: the change in % or the robust z; what re-alerts compare.
    public let score: Double

    /// Creates an anomaly of a row.
    public init(
        _ row: MarketRow, rule: AnomalyRule, direction: AnomalyDirection, severity: AnomalySeverity,
        value: Double,
        baseline: Double, threshold: Double, score: Double
    ) {
        cryptoID = row.cryptoID
        symbole = row.symbole
        nom = row.nom
        rang = row.rang
        self.rule = rule
        self.direction = direction
        self.severity = severity
        self.value = value
        self.baseline = baseline
        self.threshold = threshold
        self.score = score
    }

    /// Creates an anomaly from its values.
    public init(
        cryptoID: String, symbole: String, nom: String, rang: Int, rule: AnomalyRule,
        direction: AnomalyDirection,
        severity: AnomalySeverity, value: Double, baseline: Double, threshold: Double, score: Double
    ) {
        self.cryptoID = cryptoID
        self.symbole = symbole
        self.nom = nom
        self.rang = rang
        self.rule = rule
        self.direction = direction
        self.severity = severity
        self.value = value
        self.baseline = baseline
        self.threshold = threshold
        self.score = score
    }
}

/// How an anomaly was found.
public enum AnomalyRule: String, CaseIterable, Hashable, Sendable, Codable {
    /// The change over 24 hours passes a bound.
    case variation = "variation_24h"
    /// The change stands out from what the market does.
    case crossSection = "robuste_transversal"
    /// The last return stands out from the coin's own week.
    case history = "robuste_historique"
    /// The volume stands out from the coin's own week.
    case volume
    /// A coin that keeps to one dollar does not.
    case depeg = "stablecoin_depeg"
    /// A large coin gains or loses many ranks.
    case rank = "rang"
}

/// Which way an anomaly went.
public enum AnomalyDirection: String, Hashable, Sendable, Codable {
    case up = "hausse"
    case down = "baisse"
}

/// How much an anomaly matters.
public enum AnomalySeverity: String, CaseIterable, Comparable, Hashable, Sendable, Codable {
    case medium = "moyenne"
    case high = "haute"
    case critical = "critique"

    public static func < (left: AnomalySeverity, right: AnomalySeverity) -> Bool { left.order < right.order }

    private var order: Int {
        switch self {
        case .medium: 0
        case .high: 1
        case .critical: 2
        }
    }
}
