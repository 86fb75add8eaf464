/// How many values were outside of what their column takes.
enum RangeChecks {
    static func run(_ snapshot: ProcessedSnapshot) -> [QualityResult] {
        let fields = [
            ("price", ["priceUsd"]), ("cap", ["marketCapUsd"]), ("volume", ["volumeUsd24Hr"]),
            ("supply", ["supply", "maxSupply"]), ("change", ["changePercent24Hr"]), ("vwap", ["vwap24Hr"]),
        ]
        let ranks = Dictionary(snapshot.rows.map { ($0.cryptoID, $0.rang) }) { first, _ in first }
        return fields.map { name, fields in
            let faults = snapshot.faults.filter { fields.contains($0.field) }
            let rejected = snapshot.rejected.filter { fields.contains($0.field) }
            let count = faults.count + rejected.count
            let share = Double(count) / Double(max(1, snapshot.assetCount))
            let verdict: QualityVerdict = count == 0 ? .passed : share > 0.01 ? .failed : .warning
            let first = faults.first.map { "; first: \($0.cryptoID) \"\($0.value)\", \($0.reason)" } ?? ""
            let offenders =
                rejected.map { QualityOffender($0) }
                + faults.map { fault in
                    QualityOffender(
                        cryptoID: fault.cryptoID, rang: ranks[fault.cryptoID],
                        value: "\(fault.field) \"\(fault.value)\": \(fault.reason)")
                }
            return QualityResult(
                "range.\(name)", verdict, rows: count,
                message: "\(count) values refused (\(QualityChecks.percent(share)))\(first)",
                offenders: offenders)
        }
    }
}
