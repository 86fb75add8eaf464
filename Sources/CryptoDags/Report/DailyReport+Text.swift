/// The report as text: first the lines of the original report, unchanged in form, then what we add.
extension DailyReport {
    /// The text, without a line feed at the end.
    public var text: String { (originalLines + [""] + additionalLines).joined(separator: "\n") }

    private static let numbers = NumberText.seed

    private var originalLines: [String] {
        [
            "RAPPORT CRYPTO QUOTIDIEN - \(date)", String(repeating: "=", count: 44), "",
            "TOP 10 CRYPTOMONNAIES:",
        ] + table + [
            "", "Market Cap Total: \(Self.numbers.dollars(marketCapTotal))",
            "Performance Moyenne: \(Self.numbers.percent(meanChange))", "Dernière mise à jour: \(updatedAt)",
        ]
    }

    /// Columns of the original's widths, wider only where a value needs it.
    private var table: [String] {
        let header = ["rang", "symbole", "nom", "prix_usd", "variation_24h_pourcent"]
        let rows = topTen.map { line in
            [
                "\(line.rang)", line.symbole, line.nom, Self.numbers.price(line.prixUsd),
                Self.numbers.change(line.variation24hPourcent),
            ]
        }
        let least = [4, 7, 10, 10, 0]
        let widths = least.indices.map { column in
            max(least[column], rows.map { $0[column].count }.max() ?? 0) + 2
        }
        return ([header] + rows).map { cells in
            zip(cells, widths).enumerated().map { index, cell in
                index == cells.count - 1 ? cell.0 : Self.padded(cell.0, to: cell.1)
            }.joined()
        }
    }

    private var additionalLines: [String] {
        let numbers = Self.numbers
        let heading = [
            "MARCHÉ:", "Cryptos: \(coinCount)",
            "Market Cap Top 10: \(numbers.dollars(marketCapTopTen))",
            "Volume 24h: \(numbers.dollars(volumeTotal))",
            "Performance Moyenne Top 10: \(numbers.percent(meanChangeTopTen))",
            "Variation Médiane: \(numbers.percent(medianChange))",
            "En hausse: \(rising)  En baisse: \(falling)  Stables: \(flat)  Inconnues: \(unknown)",
        ]
        return heading + movers("PLUS FORTES HAUSSES (top 100):", best)
            + movers("PLUS FORTES BAISSES (top 100):", worst) + anomalyLines + [
                "", qualityLine, runsLine, "Source: \(source)",
            ]
    }

    private func movers(_ title: String, _ lines: [ReportLine]) -> [String] {
        guard !lines.isEmpty else { return [] }
        return ["", title]
            + lines.map { line in
                Self.padded(line.symbole, to: 9) + Self.padded(line.nom, to: 24)
                    + Self.numbers.percent(line.variation24hPourcent)
            }
    }

    private var anomalyLines: [String] {
        guard !anomalies.isEmpty else { return ["", "Anomalies du jour: aucune"] }
        return ["", "Anomalies du jour: \(anomalies.count)"]
            + anomalies.prefix(10).map { anomaly in
                Self.padded(anomaly.severity.rawValue, to: 10) + Self.padded(anomaly.symbole, to: 9)
                    + Self.padded(anomaly.rule.rawValue, to: 20) + Self.numbers.number(anomaly.value)
            }
    }

    private var qualityLine: String { "Qualité: \(qualityScore.map { "\($0)/100" } ?? "non évaluée")" }

    private var runsLine: String { "Exécutions du jour: \(runsSucceeded) réussies, \(runsFailed) en échec" }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
