import DagKit
public import FoundationEssentials

/// Decides which anomalies are worth another alert.
///
/// A coin, rule and direction alert once a day and not within the cooldown, unless the score has doubled since.
public struct AlertPolicy: Sendable {
    /// How long an alert keeps its like quiet, also over midnight.
    public var cooldown: TimeInterval

    /// Creates a policy.
    public init(cooldown: TimeInterval = 6 * 3_600) { self.cooldown = cooldown }

    /// The anomalies to tell about, given the last alert of each key.
    public func due(_ anomalies: [Anomaly], last: [AlertKey: LastAlert], now: Date) -> [Anomaly] {
        anomalies.filter { anomaly in
            guard let alert = last[AlertKey(anomaly)] else { return true }
            if anomaly.score >= 2 * alert.score { return true }
            return alert.at.ds != now.ds && now.timeIntervalSince(alert.at) >= cooldown
        }
    }
}

/// What one alert speaks of.
public struct AlertKey: Hashable, Sendable {
    /// The coin.
    public let cryptoID: String

    /// The rule.
    public let rule: AnomalyRule

    /// The direction.
    public let direction: AnomalyDirection

    /// Creates a key.
    public init(cryptoID: String, rule: AnomalyRule, direction: AnomalyDirection) {
        self.cryptoID = cryptoID
        self.rule = rule
        self.direction = direction
    }

    init(_ anomaly: Anomaly) {
        self.init(cryptoID: anomaly.cryptoID, rule: anomaly.rule, direction: anomaly.direction)
    }
}

/// When and how strongly a key was alerted last.
public struct LastAlert: Hashable, Sendable {
    /// When.
    public let at: Date

    /// The score at that time.
    public let score: Double

    /// Creates a memory of an alert.
    public init(at: Date, score: Double) {
        self.at = at
        self.score = score
    }
}
