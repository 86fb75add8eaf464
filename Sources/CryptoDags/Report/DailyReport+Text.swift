/// The report as text: first the lines of the original report, unchanged in form, then what we add.
extension DailyReport {
    /// The text in the original's words, without a line feed at the end.
    public var text: String { text(.french) }

    /// The text in a language, without a line feed at the end.
    public func text(_ language: Language) -> String {
        let words = ReportText(language)
        return (originalLines(words) + [""] + additionalLines(words)).joined(separator: "\n")
    }

    private func originalLines(_ words: ReportText) -> [String] {
        ["\(words.title) - \(date)", String(repeating: "=", count: 44), "", words.topTen] + table(words) + [
            "", "\(words.total): \(words.numbers.dollars(marketCapTotal))",
            "\(words.mean): \(words.numbers.percent(meanChange))", "\(words.updated): \(updatedAt)",
        ]
    }

    /// Columns of the original's widths, wider only where a value needs it.
    private func table(_ words: ReportText) -> [String] {
        let rows = topTen.map { line in
            [
                "\(line.rang)", line.symbole, line.nom, words.numbers.price(line.prixUsd),
                words.numbers.change(line.variation24hPourcent),
            ]
        }
        let least = [4, 7, 10, 10, 0]
        let widths = least.indices.map { column in
            max(least[column], rows.map { $0[column].count }.max() ?? 0) + 2
        }
        return ([words.header] + rows).map { cells in
            zip(cells, widths).enumerated().map { index, cell in
                index == cells.count - 1 ? cell.0 : Self.padded(cell.0, to: cell.1)
            }.joined()
        }
    }

    private func additionalLines(_ words: ReportText) -> [String] {
        let numbers = words.numbers
        let heading = [
            words.market, "\(words.coins): \(coinCount)",
            "\(words.totalTopTen): \(numbers.dollars(marketCapTopTen))",
            "\(words.volume): \(numbers.dollars(volumeTotal))",
            "\(words.meanTopTen): \(numbers.percent(meanChangeTopTen))",
            "\(words.median): \(numbers.percent(medianChange))", words.breadth(self),
        ]
        let quality = "\(words.quality): \(qualityScore.map { "\($0)/100" } ?? words.notChecked)"
        return heading + movers(words.best, best, numbers) + movers(words.worst, worst, numbers)
            + anomalyLines(words) + ["", quality, words.runs(self), "Source: \(source)"]
    }

    private func movers(_ title: String, _ lines: [ReportLine], _ numbers: NumberText) -> [String] {
        guard !lines.isEmpty else { return [] }
        return ["", title]
            + lines.map { line in
                Self.padded(line.symbole, to: 9) + Self.padded(line.nom, to: 24)
                    + numbers.percent(line.variation24hPourcent)
            }
    }

    private func anomalyLines(_ words: ReportText) -> [String] {
        guard !anomalies.isEmpty else { return ["", words.noAnomaly] }
        return ["", "\(words.anomalies): \(anomalies.count)"]
            + anomalies.prefix(10).map { anomaly in
                Self.padded(AnomalyTable.severity(anomaly.severity, words.language), to: 10)
                    + Self.padded(anomaly.symbole, to: 9) + Self.padded(anomaly.rule.rawValue, to: 20)
                    + words.numbers.number(anomaly.value)
            }
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
