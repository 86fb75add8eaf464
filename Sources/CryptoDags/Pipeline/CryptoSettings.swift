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

    /// How long data are kept; `retention_days`.
    public var retention: Duration = .days(35)

    /// The zone by which snapshots get their day and hour; `timezone`.
    public var timezone = "UTC"

    /// The credits of CoinCap that a month may use; `credit_limit`.
    public var creditLimit = 500

    /// Who gets mails; `recipients`, parted by commas.
    public var recipients: [MailAddress] = []

    /// The language of mails; `language`.
    public var language = Language.french

    /// How often a green run sends a mail; `success_mail`.
    public var successMail = SuccessMail.daily

    /// The bounds of `tendance`; `trend_flat` and `trend_strong`.
    public var thresholds = MarketThresholds()

    /// The bounds of the anomaly rules; `anomaly_change` and `anomaly_rank`.
    public var anomalies = AnomalyThresholds()

    /// The mailbox that gets mails until `recipients` names others: that of this machine.
    public static let standardRecipient = "crypto@localhost"

    /// Reads the settings.
    ///
    /// - Parameter value: Gives the value of a key of the section; `nil` if it is not set.
    /// - Throws: ``CryptoSettingError``, ``MarketSourceSettingError`` or `MailError`.
    public init(_ value: (String) -> String?) throws {
        if let text = value("source"), !text.isEmpty { source = try MarketSourceSetting(text) }
        wanted = try Self.whole("wanted", 1...10_000, value) ?? wanted
        retention = try Self.whole("retention_days", 1...3_650, value).map { .days($0) } ?? retention
        creditLimit = try Self.whole("credit_limit", 0...10_000_000, value) ?? creditLimit
        anomalies.lowestRank = try Self.whole("anomaly_rank", 10...10_000, value) ?? anomalies.lowestRank
        thresholds.flatTrend = try Self.amount("trend_flat", value) ?? thresholds.flatTrend
        thresholds.strongTrend = try Self.amount("trend_strong", value) ?? thresholds.strongTrend
        anomalies.change = try Self.amount("anomaly_change", value) ?? anomalies.change
        timezone = value("timezone") ?? timezone
        language = try Self.choice("language", value) ?? language
        successMail = try Self.choice("success_mail", value) ?? successMail
        recipients = try MailAddress.list(value("recipients") ?? Self.standardRecipient)
    }

    private static func whole(
        _ key: String, _ range: ClosedRange<Int>, _ value: (String) -> String?
    ) throws(CryptoSettingError) -> Int? {
        guard let text = value(key) else { return nil }
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

/// How often a green run sends a mail; `crypto.success_mail`.
public enum SuccessMail: String, CaseIterable, Hashable, Sendable {
    /// The first green run of a day, with the report.
    case daily
    case always
    case never
}

/// Why a value is no setting of `[crypto]`.
public enum CryptoSettingError: DagKitError, Equatable {
    case outOfRange(String, key: String, from: Int, to: Int)
    case notPositive(String, key: String)
    case unknown(String, key: String, known: [String])

    public var problem: String {
        switch self {
        case .outOfRange(let text, let key, _, _), .notPositive(let text, let key),
            .unknown(let text, let key, _):
            "crypto.\(key) cannot be \"\(text)\""
        }
    }

    public var remedy: String {
        switch self {
        case .outOfRange(_, _, let from, let to): "write a whole number from \(from) to \(to)"
        case .notPositive: "write a number above zero"
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
