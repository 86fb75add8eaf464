/// The words of the report's text: those of the original in French, and their English twins.
struct ReportText {
    let language: Language
    let title: String
    let topTen: String
    let header: [String]
    let total: String
    let mean: String
    let updated: String
    let market: String
    let coins: String
    let totalTopTen: String
    let volume: String
    let meanTopTen: String
    let median: String
    let best: String
    let worst: String
    let noAnomaly: String
    let anomalies: String
    let quality: String
    let notChecked: String

    let numbers: NumberText

    init(_ language: Language) {
        self.language = language
        // The original's own lines mix both languages; they are kept as they were.
        numbers = language == .french ? .seed : .english
        let pick = { (fr: String, en: String) in language.pick(fr: fr, en: en) }
        title = pick("RAPPORT CRYPTO QUOTIDIEN", "DAILY CRYPTO REPORT")
        topTen = pick("TOP 10 CRYPTOMONNAIES:", "TOP 10 CRYPTOCURRENCIES:")
        header =
            language == .french
            ? ["rang", "symbole", "nom", "prix_usd", "variation_24h_pourcent"]
            : ["rank", "symbol", "name", "price_usd", "change_24h_percent"]
        total = pick("Market Cap Total", "Total Market Cap")
        mean = pick("Performance Moyenne", "Mean Change")
        updated = pick("Dernière mise à jour", "Last update")
        market = pick("MARCHÉ:", "MARKET:")
        coins = pick("Cryptos", "Coins")
        totalTopTen = pick("Market Cap Top 10", "Top 10 Market Cap")
        volume = pick("Volume 24h", "24h Volume")
        meanTopTen = pick("Performance Moyenne Top 10", "Mean Change of the Top 10")
        median = pick("Variation Médiane", "Median Change")
        best = pick("PLUS FORTES HAUSSES (top 100):", "LARGEST RISES (top 100):")
        worst = pick("PLUS FORTES BAISSES (top 100):", "LARGEST FALLS (top 100):")
        noAnomaly = pick("Anomalies du jour: aucune", "Anomalies of the day: none")
        anomalies = pick("Anomalies du jour", "Anomalies of the day")
        quality = pick("Qualité", "Quality")
        notChecked = pick("non évaluée", "not checked")
    }

    func breadth(_ report: DailyReport) -> String {
        language.pick(
            fr: "En hausse: \(report.rising)  En baisse: \(report.falling)  Stables: \(report.flat)  "
                + "Inconnues: \(report.unknown)",
            en: "Rising: \(report.rising)  Falling: \(report.falling)  Flat: \(report.flat)  "
                + "Unknown: \(report.unknown)")
    }

    func runs(_ report: DailyReport) -> String {
        language.pick(
            fr: "Exécutions du jour: \(report.runsSucceeded) réussies, \(report.runsFailed) en échec",
            en: "Runs of the day: \(report.runsSucceeded) succeeded, \(report.runsFailed) failed")
    }
}
