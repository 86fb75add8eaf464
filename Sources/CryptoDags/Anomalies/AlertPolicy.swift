import DagKit
public import FoundationEssentials

/// Decides which anomalies are worth another alert.
///
/// A coin, rule and direction alert once a day and not within the cooldown, unless the score has doubled since.
/// What goes on without a pause is one anomaly, also over midnight: it is told again after 24 hours.
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
            if now.timeIntervalSince(alert.at) >= 86_400 { return true }
            let quietSince = max(alert.at, alert.seenAt ?? alert.at)
            return alert.at.ds != now.ds && now.timeIntervalSince(quietSince) >= cooldown
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

    /// When the anomaly was there last, alerted or not.
    public let seenAt: Date?

    /// Creates a memory of an alert.
    public init(at: Date, score: Double, seenAt: Date? = nil) {
        self.at = at
        self.score = score
        self.seenAt = seenAt
    }
}
