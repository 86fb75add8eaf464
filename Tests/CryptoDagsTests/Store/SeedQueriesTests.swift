import CryptoDags
import DagKit
import FoundationEssentials
import Testing

/// The queries of the original system's manual, changed in nothing but their date functions, after three runs
/// on each of two days.
@Suite struct SeedQueriesTests {
    private static let today = "2025-10-25"

    @Test func `the number of coins of a day does not grow with the runs`() async throws {
        let rows = try await query(
            "SELECT date_import, COUNT(*) FROM crypto_temps_reel GROUP BY date_import ORDER BY date_import DESC;"
        )

        #expect(rows.map(\.values) == [["2025-10-25", 50], ["2025-10-24", 50]])
    }

    @Test func `the top 10 of today are ten coins at their last price`() async throws {
        let rows = try await query(
            """
            SELECT rang, symbole, nom, prix_usd, variation_24h_pourcent
            FROM crypto_temps_reel
            WHERE date_import = '2025-10-25'
            ORDER BY rang
            LIMIT 10;
            """)

        let expected = Self.rows(at: Self.times[5]).prefix(10)
        #expect(rows.count == 10)
        for (row, coin) in zip(rows, expected) {
            #expect(try row["rang"] == coin.rang && row["symbole"] == coin.symbole && row["nom"] == coin.nom)
            #expect(try row["prix_usd"] == coin.prixUsd.doubleValue)
            #expect(try row["variation_24h_pourcent"] == coin.variation24hPourcent?.doubleValue)
        }
    }

    @Test func `the history of a coin has one close a day`() async throws {
        let rows = try await query(
            """
            SELECT date_import, heure_import, prix_usd, variation_24h_pourcent
            FROM crypto_temps_reel
            WHERE symbole = 'BTC'
            ORDER BY date_import DESC, heure_import DESC
            LIMIT 20;
            """)

        let days: [[String]] = try rows.map { [try $0["date_import"], try $0["heure_import"]] }
        #expect(days == [["2025-10-25", "13:00:00"], ["2025-10-24", "13:00:00"]])
    }

    @Test func `the last imported data are one snapshot`() async throws {
        let rows = try await query(
            "SELECT * FROM crypto_temps_reel WHERE date_import = '2025-10-25' ORDER BY rang LIMIT 10;")

        let ranks: [Int] = try rows.map { try $0["rang"] }
        #expect(ranks == Array(1...10))
        #expect(
            rows.first?.columns.names.prefix(5) == ["id", "crypto_id", "rang", "symbole", "nom"])
    }

    @Test func `the pipeline's log has a line for each run`() async throws {
        let rows = try await query("SELECT * FROM pipeline_logs ORDER BY timestamp DESC LIMIT 20;")

        let counts: [Int] = try rows.map { try $0["records_affected"] }
        #expect(counts == Array(repeating: 50, count: 6))
        #expect(
            try rows.allSatisfy {
                try $0["status"] == "success" && $0["operation"] == "spark_crypto_processing"
            })
    }

    @Test func `the summary of a day is its last snapshot with the bounds of the day`() async throws {
        let rows = try await query("SELECT * FROM market_summary ORDER BY date_import DESC")

        let totals = try Self.times.suffix(3).map {
            try MarketSummary(Self.rows(at: $0)).marketCap.doubleValue
        }
        #expect(rows.count == 2)
        #expect(try rows[0]["nombre_cryptos"] == 50)
        #expect(try rows[0]["market_cap_total"] == totals[2])
        #expect(try rows[0]["market_cap_min"] == totals.min())
        #expect(try rows[0]["market_cap_max"] == totals.max())
        #expect(try rows[0]["snapshots"] == 3)
    }

    @Test func `another source does not show in the views`() async throws {
        let store = try await filled()
        try await store.ingestGenerated(seed: 2, runID: "other", at: Self.times[5], limit: 7)

        #expect(try await store.value("select count(*) from crypto_temps_reel") == 7)
        #expect(try await store.value("select count(*) from crypto_historique") == 307)
        #expect(try await store.value("select count(distinct source) from crypto_dashboard") == 1)
    }

    /// 12:00, 12:30 and 13:00 of two days.
    private static let times = [-86_400, -84_600, -82_800, 0, 1_800, 3_600].map {
        Date.noon.addingTimeInterval($0)
    }

    private static func rows(at time: Date) -> [MarketRow] {
        let body = GeneratedMarket(seed: 1).document(at: time, limit: 50)
        guard case .assets(let assets, _)? = try? AssetScanner.scan(body) else { return [] }
        return SnapshotProcessor().process(assets, timestamp: time).rows
    }

    private func filled() async throws -> MarketStore {
        let store = try await MarketStore.fixture()
        for (index, time) in Self.times.enumerated() {
            try await store.ingestGenerated(runID: "r\(index)", at: time)
        }
        return store
    }

    private func query(_ text: String) async throws -> [SQLRow] {
        try await filled().database.query(SQLStatement(verbatim: text))
    }
}
