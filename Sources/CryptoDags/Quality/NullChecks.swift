/// How many values the top 100 lack.
enum NullChecks {
    static func run(_ rows: [MarketRow]) -> [QualityResult] {
        let top = rows.filter { $0.rang <= 100 }
        // A row without a price does not exist: that column cannot lack a value, and is shown to be so.
        return [
            result("prix_usd", missing: [], of: top.count),
            result(
                "market_cap_usd", missing: top.filter { $0.marketCapUsd == nil || $0.marketCapDerivee },
                of: top.count),
            result("volume_24h_usd", missing: top.filter { $0.volume24hUsd == nil }, of: top.count),
            result(
                "variation_24h_pourcent", missing: top.filter { $0.variation24hPourcent == nil },
                of: top.count),
            result(
                "vwap_24h", missing: top.filter { $0.vwap24h == nil }, of: top.count, warnsAbove: 0.15,
                failsAbove: 1),
        ]
    }

    private static func result(
        _ column: String, missing: [MarketRow], of count: Int, warnsAbove: Double = 0.05,
        failsAbove: Double = 0.2
    ) -> QualityResult {
        let share = Double(missing.count) / Double(max(1, count))
        let verdict: QualityVerdict = share > failsAbove ? .failed : share > warnsAbove ? .warning : .passed
        return QualityResult(
            "completeness.nulls.\(column)", verdict, rows: missing.count,
            message: "\(missing.count) of the top \(count) lack \(column) (\(QualityChecks.percent(share)))",
            offenders: missing.map { QualityOffender($0, "no \(column)") })
    }
}
