/// Whether the values of a row agree with each other.
enum ConsistencyChecks {
    static func run(_ rows: [MarketRow]) -> [QualityResult] {
        [
            result("consistency.cap", rows.filter(hasWrongCap), "a cap that is not supply x price") {
                "cap \($0.marketCapUsd ?? .zero)"
            },
            result("consistency.supply", rows.filter(hasTooMuchSupply), "more supply than there can be") {
                "\($0.supplyCirculant ?? .zero) of \($0.supplyMax ?? .zero)"
            },
            result(
                "consistency.vwap", rows.filter { $0.rang <= 100 && hasFarAverage($0) },
                "an average more than 50 % off the price"
            ) { "vwap \($0.vwap24h ?? .zero), price \($0.prixUsd)" },
        ]
    }

    private static func hasWrongCap(_ row: MarketRow) -> Bool {
        guard !row.marketCapDerivee, let cap = row.marketCapUsd?.doubleValue, cap > 0,
            let supply = row.supplyCirculant
        else { return false }
        return abs(row.prixUsd.doubleValue * supply.doubleValue - cap) / cap > 1e-6
    }

    private static func hasTooMuchSupply(_ row: MarketRow) -> Bool {
        guard let supply = row.supplyCirculant, let limit = row.supplyMax else { return false }
        return supply.doubleValue > 1.001 * limit.doubleValue
    }

    private static func hasFarAverage(_ row: MarketRow) -> Bool {
        guard let average = row.vwap24h else { return false }
        return abs(average.doubleValue / row.prixUsd.doubleValue - 1) > 0.5
    }

    private static func result(
        _ check: String, _ faulty: [MarketRow], _ what: String, value: (MarketRow) -> String
    ) -> QualityResult {
        let message =
            faulty.isEmpty ? "no coin has \(what)" : "\(what): \(QualityChecks.list(faulty.map(\.cryptoID)))"
        return QualityResult(
            check, faulty.isEmpty ? .passed : .warning, rows: faulty.count, message: message,
            offenders: faulty.map { QualityOffender($0, value($0)) })
    }
}
