public import DagKit
import FoundationEssentials

/// The report of a day, from its latest snapshot: the values that texts, pages and mails show.
///
/// ```swift
/// let report = try DailyReport(snapshot, rows: rows, anomalies: anomalies, runs: counts)
/// print(report.text)
/// ```
public struct DailyReport: Hashable, Sendable, Codable {
    /// The kind under which it is stored.
    public static let kind = "daily"

    /// The day of the data.
    public let date: String

    /// The snapshot that it shows.
    public let snapshotID: Int64

    /// The source of the snapshot.
    public let source: String

    /// The time of day of the data.
    public let updatedAt: String

    /// The ten largest coins.
    public let topTen: [ReportLine]

    /// How many coins the snapshot has.
    public let coinCount: Int

    /// The market capitalisation of all coins.
    public let marketCapTotal: Amount

    /// The market capitalisation of the ten largest coins.
    public let marketCapTopTen: Amount

    /// The volume of all coins.
    public let volumeTotal: Amount

    /// The mean change of all coins in %.
    public let meanChange: Double?

    /// The mean change of the ten largest coins in %.
    public let meanChangeTopTen: Double?

    /// The median change of all coins in %.
    public let medianChange: Double?

    /// How many coins rise.
    public let rising: Int

    /// How many coins fall.
    public let falling: Int

    /// How many coins hardly move.
    public let flat: Int

    /// How many coins have no known change.
    public let unknown: Int

    /// At most five of the top 100: those that rose most.
    public let best: [ReportLine]

    /// At most five of the top 100: those that fell most.
    public let worst: [ReportLine]

    /// The anomalies of the day.
    public let anomalies: [Anomaly]

    /// The score of the quality checks.
    public let qualityScore: Int?

    /// The runs of the day that succeeded.
    public let runsSucceeded: Int

    /// The runs of the day that failed.
    public let runsFailed: Int

    /// What came before, for the charts; `nil` in reports that were stored without it.
    public let history: ReportHistory?

    /// Makes the report of a snapshot.
    ///
    /// - Throws: ``AmountError/overflow(_:)``, and ``ReportError/noRows(snapshot:)`` if there is nothing to report.
    public init(
        snapshotID: Int64, source: String, rows: [MarketRow], anomalies: [Anomaly] = [],
        qualityScore: Int? = nil,
        runsSucceeded: Int = 0, runsFailed: Int = 0, history: ReportHistory? = nil
    ) throws {
        let ranked = rows.sorted { $0.rang < $1.rang }
        guard let first = ranked.first else { throw ReportError.noRows(snapshot: snapshotID) }
        let market = try MarketSummary(ranked)
        let top = try MarketSummary(Array(ranked.prefix(10)))
        let movers = ranked.filter { $0.rang <= 100 && $0.variation24hPourcent != nil }
            .sorted {
                ($1.variation24hPourcent ?? .zero, $0.rang) < ($0.variation24hPourcent ?? .zero, $1.rang)
            }
        self.snapshotID = snapshotID
        self.source = source
        self.anomalies = anomalies
        self.qualityScore = qualityScore
        self.runsSucceeded = runsSucceeded
        self.runsFailed = runsFailed
        self.history = history
        date = first.dateImport
        updatedAt = first.heureImport
        topTen = ranked.prefix(10).map(ReportLine.init)
        coinCount = market.count
        marketCapTotal = market.marketCap
        marketCapTopTen = top.marketCap
        volumeTotal = market.volume
        meanChange = market.meanChange
        meanChangeTopTen = top.meanChange
        medianChange = market.medianChange
        rising = market.rising
        falling = market.falling
        flat = market.flat
        unknown = market.unknown
        best = movers.prefix(5).filter { ($0.variation24hPourcent ?? .zero) > .zero }.map(ReportLine.init)
        worst = movers.suffix(5).reversed().filter { ($0.variation24hPourcent ?? .zero) < .zero }
            .map(ReportLine.init)
    }

    /// The report as JSON with sorted keys; amounts are exact text.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

/// A coin in a report.
public struct ReportLine: Hashable, Sendable, Codable {
    /// The position by market capitalisation.
    public let rang: Int

    /// The ticker.
    public let symbole: String

    /// The name.
    public let nom: String

    /// The coin; `nil` in reports that were stored without it.
    public let cryptoID: String?

    /// The price in USD.
    public let prixUsd: Amount

    /// The market capitalisation; `nil` if it is not known.
    public let marketCapUsd: Amount?

    /// The change over 24 hours in %.
    public let variation24hPourcent: Amount?

    /// Takes a line from a row.
    public init(_ row: MarketRow) {
        rang = row.rang
        symbole = row.symbole
        nom = row.nom
        cryptoID = row.cryptoID
        marketCapUsd = row.marketCapUsd
        prixUsd = row.prixUsd
        variation24hPourcent = row.variation24hPourcent
    }
}

/// What a report's charts look back on.
public struct ReportHistory: Hashable, Sendable, Codable {
    /// The totals of market capitalisation in USD, oldest first.
    public let marketCaps: [Double]

    /// The scores of the quality checks, oldest first.
    public let qualityScores: [Int]

    /// The prices of each of the ten largest coins over seven days, oldest first, by its id.
    public let prices: [String: [Double]]

    /// Creates a history.
    public init(marketCaps: [Double], qualityScores: [Int], prices: [String: [Double]]) {
        self.marketCaps = marketCaps
        self.qualityScores = qualityScores
        self.prices = prices
    }
}

/// Why there is no report.
public enum ReportError: DagKitError, Equatable {
    case noRows(snapshot: Int64)

    public var problem: String {
        switch self {
        case .noRows(let snapshot): "snapshot \"\(snapshot)\" has no row to report"
        }
    }

    public var remedy: String { "run crypto_data_pipeline until it loads a snapshot" }
}
