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

    /// Creates a result.
    public init(_ check: String, _ verdict: QualityVerdict, rows: Int, message: String) {
        self.check = check
        self.verdict = verdict
        self.rows = rows
        self.message = message
    }
}

/// What a quality check comes to.
public enum QualityVerdict: String, Hashable, Sendable, Codable {
    case passed
    /// Worth knowing, no fault.
    case info
    case warning
    case failed
    /// There was nothing to check, such as no earlier snapshot.
    case skipped
}
