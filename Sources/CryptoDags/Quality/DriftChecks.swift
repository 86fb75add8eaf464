import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What changed since the snapshot before.
struct DriftChecks {
    private let rows: [MarketRow]
    private let previous: [String: EarlierCoin]?
    private let isLive: Bool

    init(_ input: QualityInput) {
        rows = input.snapshot.rows
        previous = input.previous.map { rows in
            Dictionary(rows.map { ($0.cryptoID, $0) }, uniquingKeysWith: { first, _ in first })
        }
        isLive = input.isLive
    }

    func run() -> [QualityResult] {
        guard let previous, !previous.isEmpty else {
            return ["membership", "identical", "total", "price"].map {
                QualityResult("drift.\($0)", .skipped, rows: 0, message: "no earlier snapshot of the source")
            }
        }
        return [membership(previous), identical(previous), total(previous), price(previous)].map(softened)
    }

    /// A source that is not live cannot fail for what it repeats or jumps over.
    private func softened(_ result: QualityResult) -> QualityResult {
        guard !isLive, result.verdict == .failed || result.verdict == .warning else { return result }
        return QualityResult(
            result.check, .info, rows: result.rows, message: result.message, offenders: result.offenders)
    }

    private func membership(_ previous: [String: EarlierCoin]) -> QualityResult {
        let ids = Set(rows.map(\.cryptoID))
        let vanished = previous.values.filter { $0.rang <= 100 && !ids.contains($0.cryptoID) }
            .sorted { $0.rang < $1.rang }
        return QualityResult(
            "drift.membership", vanished.count > 5 ? .warning : .passed, rows: vanished.count,
            message: "ids of the top 100 that vanished: \(QualityChecks.list(vanished.map(\.cryptoID)))",
            offenders: vanished.map {
                QualityOffender(cryptoID: $0.cryptoID, rang: $0.rang, value: "vanished")
            })
    }

    private func identical(_ previous: [String: EarlierCoin]) -> QualityResult {
        let common = rows.filter { previous[$0.cryptoID] != nil }
        let unmoved = common.filter { previous[$0.cryptoID]?.prixUsd == $0.prixUsd }
        let same = unmoved.count
        let share = Double(same) / Double(max(1, common.count))
        let verdict: QualityVerdict =
            if common.isEmpty { .skipped } else if same == common.count { .failed } else {
                share >= 0.9 ? .warning : .passed
            }
        let frozen = verdict == .failed ? "; the source is frozen" : ""
        return QualityResult(
            "drift.identical", verdict, rows: same,
            message: "\(same) of \(common.count) prices are those of the snapshot before\(frozen)",
            offenders: verdict == .passed ? [] : unmoved.map { QualityOffender($0, "price \($0.prixUsd)") })
    }

    private func total(_ previous: [String: EarlierCoin]) -> QualityResult {
        var before = 0.0
        var after = 0.0
        var coins = 0
        for row in rows {
            guard let cap = row.marketCapUsd, let earlier = previous[row.cryptoID]?.marketCapUsd else {
                continue
            }
            before += earlier.doubleValue
            after += cap.doubleValue
            coins += 1
        }
        guard before > 0 else {
            return QualityResult("drift.total", .skipped, rows: 0, message: "no common market capitalisation")
        }
        let move = abs(after / before - 1)
        return QualityResult(
            "drift.total", move > 0.4 ? .failed : move > 0.15 ? .warning : .passed, rows: coins,
            message:
                "the market capitalisation of \(coins) common coins moved by \(QualityChecks.percent(move))")
    }

    private func price(_ previous: [String: EarlierCoin]) -> QualityResult {
        let jumps = rows.filter { row in
            guard row.rang <= 10, let earlier = previous[row.cryptoID] else { return false }
            return abs(log(row.prixUsd.doubleValue / earlier.prixUsd.doubleValue)) > log(1.3)
        }
        return QualityResult(
            "drift.price", jumps.isEmpty ? .passed : .warning, rows: jumps.count,
            message:
                "top 10 coins whose price jumped by a factor above 1.3: \(QualityChecks.list(jumps.map(\.cryptoID)))",
            offenders: jumps.map {
                QualityOffender($0, "from \(previous[$0.cryptoID]?.prixUsd ?? .zero) to \($0.prixUsd)")
            })
    }
}
