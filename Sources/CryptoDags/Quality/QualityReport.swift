/// What the quality checks found in a snapshot.
public struct QualityReport: Hashable, Sendable, Codable {
    /// The result of each check, in the order of the checks.
    public let results: [QualityResult]

    /// Creates a report.
    public init(_ results: [QualityResult]) { self.results = results }

    /// 100 less 25 for each failure and 5 for each warning, never below 0.
    public var score: Int {
        max(
            0,
            100 - 25 * results.count { $0.verdict == .failed } - 5 * results.count { $0.verdict == .warning })
    }

    /// The results that fail the task.
    public var failures: [QualityResult] { results.filter { $0.verdict == .failed } }

    /// The results worth a look.
    public var warnings: [QualityResult] { results.filter { $0.verdict == .warning } }
}

/// What one check found.
public struct QualityResult: Hashable, Sendable, Codable {
    /// The name of the check, such as `completeness.top10`.
    public let check: String

    /// What it comes to.
    public let verdict: QualityVerdict

    /// How many rows it concerns.
    public let rows: Int

    /// What was found, with the numbers.
    public let message: String

    /// The rows that broke the check, best rank first, at most ``QualityOffender/limit``.
    public let offenders: [QualityOffender]

    /// The worst that the check can come to.
    public var severity: QualitySeverity { QualitySeverity(check: check) }

    /// Creates a result; of the offenders the first ``QualityOffender/limit`` are kept.
    public init(
        _ check: String, _ verdict: QualityVerdict, rows: Int, message: String,
        offenders: [QualityOffender] = []
    ) {
        self.check = check
        self.verdict = verdict
        self.rows = rows
        self.message = message
        self.offenders = Array(offenders.prefix(QualityOffender.limit))
    }
}

/// A row that broke a quality check.
public struct QualityOffender: Hashable, Sendable, Codable {
    /// How many are kept of one check.
    public static let limit = 50

    /// The coin; its position in the answer where it has no id.
    public let cryptoID: String

    /// Its position by market capitalisation; `nil` if it gave no row.
    public let rang: Int?

    /// What broke the check.
    public let value: String

    /// Creates an offender.
    public init(cryptoID: String, rang: Int?, value: String) {
        self.cryptoID = cryptoID
        self.rang = rang
        self.value = value
    }

    /// Creates an offender of a row.
    init(_ row: MarketRow, _ value: String) {
        self.init(cryptoID: row.cryptoID, rang: row.rang, value: value)
    }

    init(_ rejected: RejectedAsset) {
        self.init(
            cryptoID: rejected.cryptoID ?? "position \(rejected.position)", rang: nil,
            value: "\(rejected.field): \(rejected.reason)")
    }

    enum CodingKeys: String, CodingKey {
        case cryptoID = "crypto_id"
        case rang, value
    }
}

/// What a quality check comes to.
public enum QualityVerdict: String, CaseIterable, Hashable, Sendable, Codable {
    case passed
    /// Worth knowing, no fault.
    case info
    case warning
    case failed
    /// There was nothing to check, such as no earlier snapshot.
    case skipped
}

/// The worst that a quality check can come to.
public enum QualitySeverity: String, Hashable, Sendable, Codable {
    /// It can fail the task.
    case failure
    /// It can warn.
    case warning
    /// It only informs.
    case info

    init(check: String) {
        self =
            switch check {
            case "uniqueness.symbol": .info
            case "consistency.cap", "consistency.supply", "consistency.vwap", "rank.order",
                "drift.membership",
                "drift.price", "completeness.nulls.vwap_24h":
                .warning
            default: .failure
            }
    }
}
