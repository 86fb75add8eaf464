public import DagKit
public import FoundationEssentials

/// The quality checks of a snapshot, as one pure function.
///
/// ```swift
/// let report = QualityChecks.run(QualityInput(snapshot: snapshot, isLive: false, now: now))
/// guard report.failures.isEmpty else { throw QualityError(report) }
/// ```
public enum QualityChecks {
    /// Runs all checks.
    public static func run(_ input: QualityInput) -> QualityReport {
        let rows = input.snapshot.rows
        let drift = DriftChecks(input)
        return QualityReport(
            [count(input), topTen(rows), required(input.snapshot)]
                + NullChecks.run(rows)
                + [freshness(input), uniqueIDs(input.snapshot), sharedSymbols(rows)]
                + RangeChecks.run(input.snapshot)
                + ConsistencyChecks.run(rows)
                + [rankContinuity(rows), rankOrder(rows)]
                + drift.run())
    }

    /// Whether the newest snapshot is young enough; monitoring asks this.
    public static func tableFreshness(fetchedAt: Date, interval: Duration, isLive: Bool, now: Date)
        -> QualityResult
    {
        let age = now.timeIntervalSince(fetchedAt)
        let limit = 2 * (interval / .seconds(1))
        let message = "newest snapshot is \(minutes(age)) old, limit \(minutes(limit))"
        guard age > limit else { return QualityResult("freshness.table", .passed, rows: 1, message: message) }
        return QualityResult("freshness.table", isLive ? .failed : .info, rows: 1, message: message)
    }

    private static func count(_ input: QualityInput) -> QualityResult {
        let count = input.snapshot.assetCount
        let median = Statistics.median(input.recentCounts.prefix(10).map(Double.init))
        let isShortOfWanted = input.wanted.map { Double(count) < 0.9 * Double($0) } ?? false
        let isShortOfUsual = median.map { Double(count) < 0.8 * $0 } ?? false
        let usual = median.map { ", usually \(Int($0))" } ?? ""
        let message = "\(count) assets\(input.wanted.map { " of \($0) wanted" } ?? "")\(usual)"
        let fails = isShortOfWanted || isShortOfUsual || count == 0
        return QualityResult("completeness.count", fails ? .failed : .passed, rows: count, message: message)
    }

    private static func topTen(_ rows: [MarketRow]) -> QualityResult {
        let ranks = rows.map(\.rang).filter { $0 <= 10 }
        let missing = (1...10).filter { !ranks.contains($0) }
        let repeated = (1...10).filter { rank in ranks.count { $0 == rank } > 1 }
        guard !missing.isEmpty || !repeated.isEmpty else {
            return QualityResult("completeness.top10", .passed, rows: 10, message: "ranks 1 to 10 once each")
        }
        return QualityResult(
            "completeness.top10", .failed, rows: ranks.count,
            message: "ranks missing: \(list(missing)); ranks repeated: \(list(repeated))",
            offenders: rows.filter { repeated.contains($0.rang) }.map {
                QualityOffender($0, "rank \($0.rang)")
            })
    }

    private static func required(_ snapshot: ProcessedSnapshot) -> QualityResult {
        let rejected = snapshot.rejected
        let share = Double(rejected.count) / Double(max(1, snapshot.assetCount))
        let inTop = rejected.filter { $0.position <= 100 }
        let first =
            rejected.first.map { "; first: \($0.cryptoID ?? "position \($0.position)") \($0.field)" } ?? ""
        let message =
            "\(rejected.count) assets rejected (\(percent(share))), \(inTop.count) in the top 100\(first)"
        let fails = share > 0.01 || !inTop.isEmpty
        return QualityResult(
            "completeness.required", fails ? .failed : .passed, rows: rejected.count, message: message,
            offenders: rejected.map { QualityOffender($0) })
    }

    private static func freshness(_ input: QualityInput) -> QualityResult {
        guard let timestamp = input.apiTimestamp else {
            return QualityResult(
                "freshness.api", .info, rows: 0, message: "the source gave no time of its data")
        }
        let age = input.now.timeIntervalSince(timestamp)
        let verdict: QualityVerdict = age > 3_600 || age < -120 ? .failed : age > 600 ? .warning : .passed
        let message = age < 0 ? "data are \(minutes(-age)) in the future" : "data are \(minutes(age)) old"
        // A replay is old by its nature.
        return QualityResult(
            "freshness.api", input.isLive || verdict == .passed ? verdict : .info, rows: 1, message: message)
    }

    private static func uniqueIDs(_ snapshot: ProcessedSnapshot) -> QualityResult {
        let ids = snapshot.duplicateIDs
        return QualityResult(
            "uniqueness.id", ids.isEmpty ? .passed : .failed, rows: ids.count,
            message: ids.isEmpty ? "each id once" : "ids repeated: \(list(ids))",
            offenders: ids.map { id in
                QualityOffender(
                    cryptoID: id, rang: snapshot.rows.first { $0.cryptoID == id }?.rang, value: "repeated")
            })
    }

    private static func sharedSymbols(_ rows: [MarketRow]) -> QualityResult {
        let shared = Dictionary(grouping: rows, by: \.symbole).filter { $0.value.count > 1 }.keys.sorted()
        return QualityResult(
            "uniqueness.symbol", shared.isEmpty ? .passed : .info, rows: shared.count,
            message: shared.isEmpty ? "each symbol once" : "symbols of several coins: \(list(shared))",
            offenders: rows.filter { shared.contains($0.symbole) }.map { QualityOffender($0, $0.symbole) })
    }

    private static func rankContinuity(_ rows: [MarketRow]) -> QualityResult {
        let ranks = rows.map(\.rang).sorted()
        let firstFault = ranks.enumerated().first { $0.element != $0.offset + 1 }?.offset
        guard let firstFault else {
            return QualityResult("rank.continuity", .passed, rows: 0, message: "ranks 1 to \(ranks.count)")
        }
        let faults = ranks.enumerated().count { $0.element != $0.offset + 1 }
        let repeated = Dictionary(grouping: rows, by: \.rang).values.filter { $0.count > 1 }.flatMap { $0 }
        return QualityResult(
            "rank.continuity", firstFault < 100 ? .failed : .warning, rows: faults,
            message: "rank \(firstFault + 1) is missing or its neighbour repeated",
            offenders: repeated.sorted { ($0.rang, $0.cryptoID) < ($1.rang, $1.cryptoID) }
                .map { QualityOffender($0, "rank \($0.rang) repeated") })
    }

    private static func rankOrder(_ rows: [MarketRow]) -> QualityResult {
        let known = rows.filter { $0.marketCapUsd != nil && !$0.marketCapDerivee }.sorted {
            $0.rang < $1.rang
        }
        let offenders = zip(known, known.dropFirst()).filter {
            ($0.marketCapUsd ?? .zero) < ($1.marketCapUsd ?? .zero)
        }.map { QualityOffender($1, "cap \($1.marketCapUsd ?? .zero) after \($0.marketCapUsd ?? .zero)") }
        let violations = offenders.count
        let share = Double(violations) / Double(max(1, known.count - 1))
        return QualityResult(
            "rank.order", share > 0.01 ? .warning : .passed, rows: violations,
            message: "\(violations) coins have a larger cap than the rank before (\(percent(share)))",
            offenders: offenders)
    }

    static func minutes(_ seconds: Double) -> String { "\(Int((seconds / 60).rounded())) min" }

    static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1_000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    static func list(_ items: some Collection<some CustomStringConvertible>) -> String {
        let shown = items.prefix(10).map(\.description).joined(separator: ", ")
        if items.isEmpty { return "none" }
        return items.count > 10 ? "\(shown), and \(items.count - 10) more" : shown
    }
}

/// A snapshot that failed its quality checks.
public struct QualityError: DagKitError, Equatable {
    /// What was found.
    public let failures: [QualityResult]

    /// Creates an error from the failures of a report.
    public init(_ report: QualityReport) { failures = report.failures }

    public var problem: String {
        "quality checks failed: "
            + failures.map { "\"\($0.check)\" (\($0.message)\(Self.rows($0)))" }.joined(separator: ", ")
    }

    /// The first rows that broke a check, with what broke it.
    private static func rows(_ result: QualityResult) -> String {
        let shown = result.offenders.prefix(5).map { offender in
            "\(offender.cryptoID)\(offender.rang.map { " (rank \($0))" } ?? ""): \(offender.value)"
        }
        return shown.isEmpty ? "" : "; rows: " + shown.joined(separator: "; ")
    }

    public var remedy: String { "run dagctl crypto quality, then crypto reprocess or the next fetch" }
}
