/// The report as a page that a mail can hold.
extension DailyReport {
    /// The page in a language.
    public func html(_ language: Language = .french) -> String {
        let numbers = language.numbers
        let title = language.pick(
            fr: "Rapport crypto quotidien du \(date)", en: "Daily crypto report of \(date)")
        var page = HTMLPage(title, language: language)
        page.table(
            lineHeader(language), topTen.map { ["\($0.rang)"] + cells($0, numbers) })
        addCharts(to: &page, language)
        page.heading(language.pick(fr: "Marché", en: "Market"))
        page.table(
            [language.pick(fr: "Mesure", en: "Figure"), language.pick(fr: "Valeur", en: "Value")],
            facts(language))
        page.heading(language.pick(fr: "Plus fortes hausses (top 100)", en: "Largest rises (top 100)"))
        page.table(Array(lineHeader(language).dropFirst()), best.map { cells($0, numbers) })
        page.heading(language.pick(fr: "Plus fortes baisses (top 100)", en: "Largest falls (top 100)"))
        page.table(Array(lineHeader(language).dropFirst()), worst.map { cells($0, numbers) })
        page.heading(language.pick(fr: "Anomalies du jour", en: "Anomalies of the day"))
        if anomalies.isEmpty {
            page.paragraph(language.pick(fr: "Aucune.", en: "None."))
        } else {
            page.table(AnomalyTable.header(language), AnomalyTable.rows(anomalies, language))
        }
        return page.document
    }

    private func addCharts(to page: inout HTMLPage, _ language: Language) {
        let numbers = language.numbers
        let changes = topTen.compactMap { line in
            line.variation24hPourcent.map {
                SVGChart.Bar(label: line.symbole, value: $0.doubleValue, text: numbers.percent($0))
            }
        }
        let changeTitle = language.pick(fr: "Variation 24 h du top 10", en: "24 h change of the top 10")
        page.chart(SVGChart.bars(changes, title: changeTitle), caption: changeTitle)
        let shareTitle = language.pick(
            fr: "Répartition de la capitalisation", en: "Shares of the market capitalisation")
        page.chart(SVGChart.shares(shares(language), title: shareTitle), caption: shareTitle)
        guard let history else { return }
        let capTitle = language.pick(
            fr: "Capitalisation totale sur 7 jours", en: "Total market cap over 7 days")
        page.chart(SVGChart.line(history.marketCaps, title: capTitle), caption: capTitle)
        for line in topTen {
            guard let prices = line.cryptoID.flatMap({ history.prices[$0] }) else { continue }
            let title = language.pick(
                fr: "Prix de \(line.nom) sur 7 jours", en: "Price of \(line.nom) over 7 days")
            page.chart(SVGChart.line(prices, title: title, width: 200, height: 36), caption: title)
        }
        let scoreTitle = language.pick(fr: "Score de qualité sur 7 jours", en: "Quality score over 7 days")
        page.chart(
            SVGChart.line(history.qualityScores.map(Double.init), title: scoreTitle, height: 60),
            caption: scoreTitle)
    }

    /// The shares of the ten largest coins and of all others.
    private func shares(_ language: Language) -> [SVGChart.Bar] {
        let total = marketCapTotal.doubleValue
        guard total > 0 else { return [] }
        let share = { (label: String, cap: Double) in
            let text = NumberText.amount(cap / total * 100).map { $0.text(places: 1) } ?? "?"
            return SVGChart.Bar(
                label: label, value: cap,
                text: text.split(separator: ".").joined(separator: language.numbers.decimalMark) + "\u{A0}%")
        }
        let top = topTen.compactMap { line in line.marketCapUsd.map { share(line.symbole, $0.doubleValue) } }
        let rest = total - top.reduce(0) { $0 + $1.value }
        return rest > 0 ? top + [share(language.pick(fr: "Autres", en: "Others"), rest)] : top
    }

    private func lineHeader(_ language: Language) -> [String] {
        [
            language.pick(fr: "Rang", en: "Rank"), language.pick(fr: "Symbole", en: "Symbol"),
            language.pick(fr: "Nom", en: "Name"), language.pick(fr: "Prix", en: "Price"),
            language.pick(fr: "Variation 24 h", en: "24 h change"),
        ]
    }

    private func cells(_ line: ReportLine, _ numbers: NumberText) -> [String] {
        [
            line.symbole, line.nom, numbers.dollarPrice(line.prixUsd),
            numbers.percent(line.variation24hPourcent),
        ]
    }

    private func facts(_ language: Language) -> [[String]] {
        let numbers = language.numbers
        return [
            [
                language.pick(fr: "Capitalisation totale", en: "Total market cap"),
                numbers.dollars(marketCapTotal),
            ],
            [
                language.pick(fr: "Capitalisation du top 10", en: "Top 10 market cap"),
                numbers.dollars(marketCapTopTen),
            ],
            [language.pick(fr: "Volume 24 h", en: "24 h volume"), numbers.dollars(volumeTotal)],
            [language.pick(fr: "Performance moyenne", en: "Mean change"), numbers.percent(meanChange)],
            [language.pick(fr: "Variation médiane", en: "Median change"), numbers.percent(medianChange)],
            [language.pick(fr: "En hausse", en: "Rising"), "\(rising)"],
            [language.pick(fr: "En baisse", en: "Falling"), "\(falling)"],
            [language.pick(fr: "Stables", en: "Flat"), "\(flat)"],
            [language.pick(fr: "Inconnues", en: "Unknown"), "\(unknown)"],
            [
                language.pick(fr: "Qualité", en: "Quality"),
                qualityScore.map { "\($0)/100" } ?? language.pick(fr: "non évaluée", en: "not checked"),
            ],
            [
                language.pick(fr: "Exécutions réussies / en échec", en: "Runs succeeded / failed"),
                "\(runsSucceeded) / \(runsFailed)",
            ],
            [language.pick(fr: "Dernière mise à jour", en: "Last update"), "\(date) \(updatedAt)"],
            ["Source", source],
        ]
    }
}

/// Anomalies as a table.
enum AnomalyTable {
    static func header(_ language: Language) -> [String] {
        [
            language.pick(fr: "Gravité", en: "Severity"), language.pick(fr: "Crypto", en: "Coin"),
            language.pick(fr: "Règle", en: "Rule"), language.pick(fr: "Sens", en: "Direction"),
            language.pick(fr: "Valeur", en: "Value"), language.pick(fr: "Habituel", en: "Usual"),
            language.pick(fr: "Écart", en: "Score"), language.pick(fr: "Seuil", en: "Threshold"),
        ]
    }

    static func rows(_ anomalies: [Anomaly], _ language: Language) -> [[String]] {
        anomalies.map { anomaly in
            [
                severity(anomaly.severity, language), "\(anomaly.nom) (\(anomaly.symbole))",
                anomaly.rule.rawValue,
                language.pick(
                    fr: anomaly.direction.rawValue, en: anomaly.direction == .up ? "up" : "down"),
                measure(anomaly.value, anomaly.rule, language),
                measure(anomaly.baseline, anomaly.rule, language),
                language.numbers.number(anomaly.score), language.numbers.number(anomaly.threshold),
            ]
        }
    }

    static func severity(_ severity: AnomalySeverity, _ language: Language) -> String {
        guard language == .english else { return severity.rawValue }
        return switch severity {
        case .medium: "medium"
        case .high: "high"
        case .critical: "critical"
        }
    }

    private static func measure(_ value: Double, _ rule: AnomalyRule, _ language: Language) -> String {
        switch rule {
        case .variation, .crossSection, .history: language.numbers.percent(value)
        case .volume: NumberText.amount(value).map(language.numbers.dollars) ?? "?"
        case .depeg: NumberText.amount(value).map { "$" + $0.text(places: 4) } ?? "?"
        case .rank: "\(Int(value))"
        }
    }
}
