import CryptoDags
import DagKit
import DagKitSQL
import FoundationEssentials
import SQLTestSupport
import Testing

/// All SQL of the original system's manual, as it stands there, typed into `psql` after three runs on one day.
///
/// What it must show is worked out by Python from the very answers that the runs got.
@Suite struct SeedReadmeTests {
    private static let queries = [
        """
        SELECT * FROM crypto_temps_reel
        WHERE date_import = CURRENT_DATE
        ORDER BY rang LIMIT 10;
        """,
        """
        SELECT * FROM pipeline_logs
        ORDER BY timestamp DESC LIMIT 20;
        """,
        """
        -- Nombre de cryptos par jour
        SELECT date_import, COUNT(*)
        FROM crypto_temps_reel
        GROUP BY date_import
        ORDER BY date_import DESC;
        """,
        """
        -- Top 10 cryptos actuelles
        SELECT rang, symbole, nom, prix_usd, variation_24h_pourcent
        FROM crypto_temps_reel
        WHERE date_import = CURRENT_DATE
        ORDER BY rang
        LIMIT 10;
        """,
        """
        -- Historique d'une crypto
        SELECT date_import, heure_import, prix_usd, variation_24h_pourcent
        FROM crypto_temps_reel
        WHERE symbole = 'BTC'
        ORDER BY date_import DESC, heure_import DESC
        LIMIT 20;
        """,
        // Of the tables that the manual creates: a day's totals, which were once as many times too high as it had runs.
        "SELECT date_import, nombre_cryptos, market_cap_total, snapshots FROM market_summary;",
    ]

    @Test func `every query of the manual gives the right answer after three runs`() async throws {
        let cluster = try await PostgresCluster.shared
        let address = try await cluster.newDatabase()
        let database = address.database ?? ""
        let answers = try TemporaryFolder()
        // A run at midnight would meet another day: then all is done once more on the new one.
        for _ in 0..<2 {
            let today = try await cluster.psql(database, "SELECT CURRENT_DATE;", "--tuples-only")
            let folder = try TemporaryFolder()
            try await runThrice(on: today, address, folder)
            for (index, query) in Self.queries.enumerated() {
                let answer = try await cluster.psql(database, query)
                _ = try answers.write(Array(answer.utf8), to: "\(index).csv")
            }
            guard try await cluster.psql(database, "SELECT CURRENT_DATE;", "--tuples-only") == today else {
                continue
            }

            let problems = try Python.output(Self.judge, folder.path, answers.path, today)
            #expect(problems == "")
            return
        }
    }

    /// Runs the pipeline at 0:10, 0:20 and 0:30 on three different answers.
    private func runThrice(on day: String, _ address: SQLAddress, _ folder: TemporaryFolder) async throws {
        let start = try Date(isoText: day)
        for run in 1...3 {
            let time = start.addingTimeInterval(Double(run) * 600)
            _ = try folder.write(
                GeneratedMarket(seed: 7).document(at: time, limit: 250), to: "answer-\(run).json")
        }
        let deployment = try Deployment(
            ["source": "replay:\(folder.path)"], connections: [Connection(address)],
            now: start.addingTimeInterval(600))
        for _ in 1...3 {
            let run = try await deployment.run(CryptoDataPipeline())
            #expect(run.run.state == .success, "\(deployment.log.suffix(3))")
            deployment.pass(600)
        }
    }

    private static let judge = #"""
        import csv, datetime, decimal, json, sys
        from decimal import Decimal
        decimal.getcontext().prec = 80
        folder, answers, today = sys.argv[1:]
        document = json.load(open(f"{folder}/answer-3.json"))
        assets = sorted(document["data"], key=lambda a: int(a["rank"]))
        at = datetime.datetime.fromtimestamp(document["timestamp"] / 1000, datetime.timezone.utc)
        problems = []
        def expect(what, found, expected):
            if found != expected: problems.append(f"{what}: {found} instead of {expected}")
        def exact(text):
            if text is None: return None
            return Decimal(text).quantize(Decimal(1).scaleb(-18), decimal.ROUND_HALF_EVEN)
        def shown(number, places=18):
            return "" if number is None else f"{number.quantize(Decimal(1).scaleb(-places), decimal.ROUND_HALF_EVEN):f}"
        def cap(a):
            c = exact(a.get("marketCapUsd"))
            if c is None and a.get("supply") is not None:
                c = exact(str(exact(a["supply"]) * exact(a["priceUsd"])))
            return c
        def size(c):
            if c is None or c <= 0: return "inconnue"
            for least, name in [(200e9, "mega_cap"), (10e9, "large_cap"), (1e9, "mid_cap"), (100e6, "small_cap")]:
                if c >= Decimal(least): return name
            return "micro_cap"
        def trend(c):
            if c is None: return "inconnue"
            if c >= 5: return "forte_hausse"
            if c >= 1: return "hausse"
            if c > -1: return "stable"
            return "baisse" if c > -5 else "forte_baisse"
        def rows(index): return list(csv.DictReader(open(f"{answers}/{index}.csv")))
        # 0: the last data
        last = rows(0)
        expect("rows", len(last), 10)
        for row, a in zip(last, assets):
            c, change = cap(a), exact(a.get("changePercent24Hr"))
            for column, value in {
                "crypto_id": a["id"], "rang": a["rank"], "symbole": a["symbol"], "nom": a["name"],
                "supply_circulant": shown(exact(a.get("supply"))), "supply_max": shown(exact(a.get("maxSupply"))),
                "market_cap_usd": shown(c), "volume_24h_usd": shown(exact(a.get("volumeUsd24Hr"))),
                "prix_usd": shown(exact(a["priceUsd"])), "variation_24h_pourcent": shown(change, 10),
                "vwap_24h": shown(exact(a.get("vwap24Hr"))), "date_import": today,
                "heure_import": at.strftime("%H:%M:%S"), "categorie": size(exact(a.get("marketCapUsd"))), "tendance": trend(change),
                "market_cap_milliards": shown(None if c is None else c / 10**9, 6),
            }.items(): expect(f"{a['id']}.{column}", row[column], value)
        # 1: the log
        log = rows(1)
        expect("log lines", len(log), 20)
        expect("order of the log", [r["timestamp"] for r in log], sorted((r["timestamp"] for r in log), reverse=True))
        expect("statuses", set(r["status"] for r in log) - {"success", "warning"}, set())
        loads = [r for r in log if r["operation"] == "spark_crypto_processing"]
        expect("loads", [r["records_affected"] for r in loads][:2], ["250", "250"])
        # 2: coins of a day
        expect("days", rows(2), [{"date_import": today, "count": "250"}])
        # 3: the top 10
        expect("top 10", rows(3), [
            {"rang": a["rank"], "symbole": a["symbol"], "nom": a["name"], "prix_usd": shown(exact(a["priceUsd"])),
             "variation_24h_pourcent": shown(exact(a.get("changePercent24Hr")), 10)} for a in assets[:10]])
        # 4: a coin's history
        coin = next(a for a in assets if a["symbol"] == "BTC")
        expect("history", rows(4), [
            {"date_import": today, "heure_import": at.strftime("%H:%M:%S"),
             "prix_usd": shown(exact(coin["priceUsd"])),
             "variation_24h_pourcent": shown(exact(coin.get("changePercent24Hr")), 10)}])
        # 5: the totals
        expect("summary", rows(5), [
            {"date_import": today, "nombre_cryptos": "250", "snapshots": "3",
             "market_cap_total": shown(sum((c for c in map(cap, assets) if c is not None), Decimal(0)))}])
        print("\n".join(problems), end="")
        """#
}
