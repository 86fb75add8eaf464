public import DagKit

/// The settings of section `[crypto]`, read and checked.
///
/// ```swift
/// let settings = try CryptoSettings { context.setting("crypto", $0) }
/// ```
public struct CryptoSettings: Sendable {
    /// Where snapshots come from; `nil` if nobody chose, which means CoinCap if there is a key.
    public var source: MarketSourceSetting?

    /// How many assets a fetch asks for; `wanted`.
    public var wanted = 250

    /// How long what is kept; `retention_days`, `detail_days`, `daily_days`.
    public var retention = Retention()

    /// The zone by which snapshots get their day and hour; `timezone`.
    public var timezone = "UTC"

    /// Which calls cost a credit; `metered`.
    public var metering = Metering.auto

    /// The credits of CoinCap that a month may use; `credit_limit`.
    public var creditLimit = 500

    /// The share of the credits in % from which on each run warns; `credit_warning`.
    public var creditWarning = CreditUsage.standardWarning

    /// Who gets mails; `recipients`, parted by commas.
    public var recipients: [MailAddress] = []

    /// The language of mails; `language`.
    public var language = Language.french

    /// How often a green run sends a mail; `success_mail`.
    public var successMail = SuccessMail.daily

    /// Whether a task that failed for good sends a mail; `failure_mail`.
    public var failureMail = FailureMail.always

    /// How long an alert keeps its like quiet; `alert_cooldown_hours`.
    public var alertCooldown: Duration = .hours(6)

    /// The bounds of `tendance` and `categorie`; `trend_…` and `cap_…`.
    public var thresholds = MarketThresholds()

    /// The bounds of the anomaly rules; `anomaly_…`.
    public var anomalies = AnomalyThresholds()

    /// The mailbox that gets mails until `recipients` names others: that of this machine.
    public static let standardRecipient = "crypto@localhost"

    /// Reads the settings; what is not set has the value of ``keys``.
    ///
    /// - Parameter value: Gives the value of a key of the section; `nil` if it is not set.
    /// - Throws: ``CryptoSettingError``, ``MarketSourceSettingError`` or `MailError`.
    public init(_ value: (String) -> String?) throws {
        if let text = value("source"), !text.isEmpty { source = try MarketSourceSetting(text) }
        wanted = try Self.whole("wanted", value) ?? wanted
        timezone = value("timezone") ?? timezone
        metering = try Self.choice("metered", value) ?? metering
        creditLimit = try Self.whole("credit_limit", value) ?? creditLimit
        creditWarning = try Self.whole("credit_warning", value) ?? creditWarning
        alertCooldown = try Self.whole("alert_cooldown_hours", value).map { .hours($0) } ?? alertCooldown
        language = try Self.choice("language", value) ?? language
        successMail = try Self.choice("success_mail", value) ?? successMail
        failureMail = try Self.choice("failure_mail", value) ?? failureMail
        recipients = try MailAddress.list(value("recipients") ?? Self.standardRecipient)
        try readRetention(value)
        try readThresholds(value)
        try readAnomalies(value)
    }

    private mutating func readRetention(_ value: (String) -> String?) throws(CryptoSettingError) {
        retention.history = try Self.days("retention_days", value) ?? retention.history
        retention.detail = try Self.days("detail_days", value) ?? retention.detail
        retention.daily = try Self.days("daily_days", value) ?? retention.daily
    }

    private mutating func readThresholds(_ value: (String) -> String?) throws(CryptoSettingError) {
        thresholds.flatTrend = try Self.amount("trend_flat", value) ?? thresholds.flatTrend
        thresholds.strongTrend = try Self.amount("trend_strong", value) ?? thresholds.strongTrend
        thresholds.megaCap = try Self.amount("cap_mega", value) ?? thresholds.megaCap
        thresholds.largeCap = try Self.amount("cap_large", value) ?? thresholds.largeCap
        thresholds.midCap = try Self.amount("cap_mid", value) ?? thresholds.midCap
        thresholds.smallCap = try Self.amount("cap_small", value) ?? thresholds.smallCap
        guard thresholds.flatTrend < thresholds.strongTrend else {
            throw .disordered(["trend_flat", "trend_strong"])
        }
        let caps = [thresholds.smallCap, thresholds.midCap, thresholds.largeCap, thresholds.megaCap]
        guard zip(caps, caps.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .disordered(["cap_small", "cap_mid", "cap_large", "cap_mega"])
        }
    }

    private mutating func readAnomalies(_ value: (String) -> String?) throws(CryptoSettingError) {
        anomalies.lowestRank = try Self.whole("anomaly_rank", value) ?? anomalies.lowestRank
        anomalies.smallestVolume = try Self.amount("anomaly_volume", value) ?? anomalies.smallestVolume
        anomalies.change = try Self.amount("anomaly_change", value) ?? anomalies.change
        anomalies.highChange = try Self.amount("anomaly_change_high", value) ?? anomalies.highChange
        anomalies.criticalChange =
            try Self.amount("anomaly_change_critical", value) ?? anomalies.criticalChange
        anomalies.crossSectionScore =
            try Self.number("anomaly_cross_score", value) ?? anomalies.crossSectionScore
        anomalies.crossSectionChange =
            try Self.number("anomaly_cross_change", value) ?? anomalies.crossSectionChange
        anomalies.historyScore = try Self.number("anomaly_history_score", value) ?? anomalies.historyScore
        anomalies.historySpan =
            try Self.whole("anomaly_history_days", value).map { Double($0) * 86_400 } ?? anomalies.historySpan
        anomalies.fewestPoints = try Self.whole("anomaly_points", value) ?? anomalies.fewestPoints
        anomalies.pegBand = try Self.number("anomaly_peg_band", value).map { $0 / 100 } ?? anomalies.pegBand
        anomalies.pegBreak =
            try Self.number("anomaly_peg_break", value).map { $0 / 100 } ?? anomalies.pegBreak
        anomalies.rankScope = try Self.whole("anomaly_rank_scope", value) ?? anomalies.rankScope
        anomalies.rankMove = try Self.whole("anomaly_rank_move", value) ?? anomalies.rankMove
        guard anomalies.change < anomalies.highChange, anomalies.highChange < anomalies.criticalChange else {
            throw .disordered(["anomaly_change", "anomaly_change_high", "anomaly_change_critical"])
        }
    }

    private static func whole(
        _ key: String, _ value: (String) -> String?
    ) throws(CryptoSettingError) -> Int? {
        guard let text = value(key) else { return nil }
        guard case .whole(let range)? = keys.first(where: { $0.name == key })?.kind else {
            preconditionFailure("\(key) is declared as a whole number")
        }
        guard let number = Int(text), range.contains(number) else {
            throw .outOfRange(text, key: key, from: range.lowerBound, to: range.upperBound)
        }
        return number
    }

    private static func amount(
        _ key: String, _ value: (String) -> String?
    ) throws(CryptoSettingError) -> Amount? {
        guard let text = value(key) else { return nil }
        guard let amount = try? Amount(text), amount > .zero else { throw .notPositive(text, key: key) }
        return amount
    }

    private static func days(
        _ key: String, _ value: (String) -> String?
    ) throws(CryptoSettingError) -> Duration? {
        try whole(key, value).map { .days($0) }
    }

    private static func number(
        _ key: String, _ value: (String) -> String?
    ) throws(CryptoSettingError) -> Double? {
        try amount(key, value)?.doubleValue
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ value: (String) -> String?
    ) throws(CryptoSettingError) -> Choice? {
        guard let text = value(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw .unknown(text, key: key, known: Choice.allCases.map(\.rawValue))
        }
        return choice
    }
}

/// Which calls to CoinCap cost a credit; `crypto.metered`.
public enum Metering: String, CaseIterable, Hashable, Sendable {
    /// Those to CoinCap's own address.
    case auto
    /// All: a proxy in front of CoinCap costs what CoinCap does.
    case always
    case never

    /// What a ``CoinCapConfiguration`` is told; `nil` lets the address decide.
    var isMetered: Bool? {
        switch self {
        case .auto: nil
        case .always: true
        case .never: false
        }
    }
}

/// How often a green run sends a mail; `crypto.success_mail`.
public enum SuccessMail: String, CaseIterable, Hashable, Sendable {
    /// The first green run of a day, with the report.
    case daily
    case always
    case never
}

/// Whether a failed run sends a mail; `crypto.failure_mail`.
public enum FailureMail: String, CaseIterable, Hashable, Sendable {
    /// At once, when a task failed for good.
    case always
    case never
}

/// Why a value is no setting of `[crypto]`.
public enum CryptoSettingError: DagKitError, Equatable {
    case outOfRange(String, key: String, from: Int, to: Int)
    case notPositive(String, key: String)
    case unknown(String, key: String, known: [String])
    case disordered([String])

    public var problem: String {
        switch self {
        case .disordered(let keys): "crypto.\(keys.joined(separator: ", crypto.")) do not rise in that order"
        case .outOfRange(let text, let key, _, _), .notPositive(let text, let key),
            .unknown(let text, let key, _):
            "crypto.\(key) cannot be \"\(text)\""
        }
    }

    public var remedy: String {
        switch self {
        case .outOfRange(_, _, let from, let to): "write a whole number from \(from) to \(to)"
        case .notPositive: "write a number above zero"
        case .disordered: "give each a larger value than the one before"
        case .unknown(_, _, let known): "write one of \(known.joined(separator: ", "))"
        }
    }
}

extension TaskContext {
    /// The settings of section `[crypto]`.
    ///
    /// - Throws: A permanent `TaskFailure`: another try would read the same text.
    func cryptoSettings() throws -> CryptoSettings {
        do {
            return try CryptoSettings { setting("crypto", $0) }
        } catch let error as any DagKitError {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        }
    }

    /// The calendar of `crypto.timezone`, from the deployment's services if they hold it.
    func marketCalendar(_ settings: CryptoSettings) throws -> MarketCalendar {
        guard settings.timezone != "UTC" else { return .utc }
        if let offered = services[MarketCalendar.self], offered.name == settings.timezone { return offered }
        do {
            let rules = try services.zones.rules(named: settings.timezone)
            return MarketCalendar(name: settings.timezone) { rules.offset(at: $0) }
        } catch {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        }
    }
}
