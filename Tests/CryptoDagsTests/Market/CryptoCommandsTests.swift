import CryptoDags
import DagKit
import FoundationEssentials
import Testing

/// `dagctl crypto …` as a user runs it, on a home that the tests filled.
@Suite struct CryptoCommandsTests {
    @Test func `the newest snapshot shows in status and top`() async throws {
        let home = try await filled()

        let status = try Dagctl.crypto("status", "-o", "json", home: home.path)
        let top = try Dagctl.crypto("top", "-n", "2", "-o", "csv", home: home.path)

        let facts = try JSONValue(parsing: status.output)[0]
        #expect(status.code == 0 && facts?["assets"]?.integer == 20 && facts?["snapshots"]?.integer == 3)
        #expect(facts?["source"]?.string == "generated:1" && facts?["credits_used"]?.integer == 0)
        #expect(top.code == 0 && top.output.split(separator: "\n").count == 3)
        #expect(top.output.hasPrefix("rang,symbole,nom,prix_usd,variation_24h_pourcent"))
    }

    @Test func `a history has a sparkline for eyes and every candle for programs`() async throws {
        let home = try await filled()

        let eyes = try Dagctl.crypto("history", "btc", "--days", "2", home: home.path)
        let programs = try Dagctl.crypto("history", "bitcoin", "--days", "2", "-o", "ndjson", home: home.path)
        let missing = try Dagctl.crypto("history", "bitcorn", home: home.path)

        #expect(eyes.output.hasPrefix("Bitcoin (BTC, bitcoin), rank 1\n"))
        #expect(eyes.output.contains("█") && eyes.output.contains("low $"))
        #expect(programs.output.split(separator: "\n").count == 3 && programs.code == 0)
        #expect(missing.code == 3 && missing.errors.contains("did you mean bitcoin"))
    }

    @Test func `quality names the checks, ends with 1 if one failed, and has a history`() async throws {
        let home = try await filled()
        let sound = try Dagctl.crypto("quality", "--all", "-o", "json", home: home.path)
        let store = try await MarketStore.open(inHome: home.path, now: Date())
        let latest = try #require(try await store.latestSnapshot())
        let offender = QualityOffender(cryptoID: "bitcoin", rang: 1, value: "rank 1")
        try await store.save(
            QualityReport([
                QualityResult(
                    "completeness.top10", .failed, rows: 1, message: "ranks repeated: 1",
                    offenders: [offender])
            ]),
            snapshotID: latest.id, now: Date())
        await store.database.close()

        let failed = try Dagctl.crypto("quality", "-o", "json", home: home.path)
        let history = try Dagctl.crypto("quality", "--history", "2", "-o", "csv", home: home.path)

        let checks = try JSONValue(parsing: sound.output)
        #expect(sound.code == 0 && checks.array?.count == 26)
        let check = try JSONValue(parsing: failed.output)[0]
        #expect(failed.code == 1 && check?["offenders"]?[0]?["crypto_id"]?.string == "bitcoin")
        #expect(check?["severity"]?.string == "failure")
        #expect(history.output.split(separator: "\n").count == 4)
    }

    @Test func `anomalies are listed by rule and severity`() async throws {
        let home = try await filled()
        let store = try await MarketStore.open(inHome: home.path, now: Date())
        let latest = try #require(try await store.latestSnapshot())
        let row = try await store.rows(of: latest.id)[0]
        let found = Anomaly(
            row, rule: .variation, direction: .up, severity: .critical, value: 60, baseline: 0, threshold: 10,
            score: 60)
        try await store.save([found], of: latest, now: Date().addingTimeInterval(-60))
        await store.database.close()

        let all = try Dagctl.crypto("anomalies", "-o", "json", home: home.path)
        let none = try Dagctl.crypto("anomalies", "--severity", "moyenne", "-o", "json", home: home.path)
        let wrong = try Dagctl.crypto("anomalies", "--rule", "big", home: home.path)

        let first = try JSONValue(parsing: all.output)[0]
        #expect(first?["rule"]?.string == "variation_24h" && first?["threshold"]?.text == "10.0")
        #expect(try JSONValue(parsing: none.output).array == [])
        #expect(wrong.code == 2 && wrong.errors.contains("robuste_transversal"))
    }

    @Test(arguments: ["csv", "json", "ndjson"])
    func `an export has every digit of every row`(format: String) async throws {
        let home = try await filled()
        let store = try await MarketStore.open(inHome: home.path, now: Date())
        let rows = try await store.rows(of: try #require(try await store.latestSnapshot()).id)
        await store.database.close()

        let export = try Dagctl.crypto("export", "-o", format, home: home.path)
        let days = try Dagctl.crypto(
            "export", "--days", "2", "-o", format, "--coins", "bitcoin", home: home.path)

        #expect(export.code == 0 && rows.allSatisfy { export.output.contains($0.prixUsd.description) })
        switch format {
        case "json":
            #expect(try JSONValue(parsing: export.output).array?.count == 20)
            #expect(try JSONValue(parsing: days.output).array?.count == 3)
        case "csv":
            #expect(export.output.split(separator: "\n").count == 21)
            #expect(days.output.split(separator: "\n").count == 4)
        default: #expect(days.output.split(separator: "\n").count == 3)
        }
    }

    @Test func `reprocessing with other thresholds changes the rows that they touch, candles and raw stay`()
        async throws
    {
        let home = try await filled()

        let same = try Dagctl.crypto("reprocess", "-o", "json", home: home.path)
        let trial = try Dagctl.crypto(
            "reprocess", "--dry-run", "-o", "json", home: home.path,
            environment: "DAGKIT__CRYPTO__CAP_MEGA=11000000000000")
        let done = try Dagctl.crypto(
            "reprocess", "--all", "-o", "json", home: home.path,
            environment: "DAGKIT__CRYPTO__CAP_MEGA=11000000000000")
        let again = try Dagctl.crypto(
            "reprocess", "--all", "-o", "json", home: home.path,
            environment: "DAGKIT__CRYPTO__CAP_MEGA=11000000000000")

        #expect(try JSONValue(parsing: same.output)[0]?["changed"]?.integer == 0)
        let changed = try JSONValue(parsing: trial.output)[0]?["changed"]?.integer ?? 0
        #expect(changed > 0 && changed < 20)
        #expect(try JSONValue(parsing: done.output).array?.count == 3)
        #expect(try JSONValue(parsing: done.output)[2]?["changed"]?.integer == changed)
        #expect(
            try JSONValue(parsing: again.output).array?.allSatisfy { $0["changed"]?.integer == 0 } == true)
        let store = try await MarketStore.open(inHome: home.path, now: Date())
        let points: Int = try await store.value(
            "select sum(points) from crypto_bougies where crypto_id = 'bitcoin' and periode = 'heure'")
        #expect(points == 3)
        #expect(
            try await store.value("select count(*) from crypto_historique where categorie = 'mega_cap'") == 0)
        await store.database.close()
    }

    @Test func `the demo runs both workflows offline and shows the report`() async throws {
        let folder = try TemporaryFolder()

        let demo = try Dagctl.crypto("demo", "--days", "0", "--to", folder.path, home: folder.path)
        let other = try Dagctl.crypto("demo", "--seed", "2", "--to", folder.path, home: folder.path)

        #expect(demo.code == 0 && demo.output.hasPrefix("RAPPORT CRYPTO QUOTIDIEN - "), "\(demo.errors)")
        #expect(demo.errors.contains("crypto_data_pipeline: success"))
        #expect(demo.errors.contains("crypto_monitoring: success"))
        #expect(other.code == 4 && other.errors.contains("generated:1"))
    }

    @Test func `a report is text, page or JSON, in both languages`() async throws {
        let folder = try TemporaryFolder()
        _ = try Dagctl.crypto("demo", "--days", "0", "--to", folder.path, home: folder.path)

        let english = try Dagctl.crypto("report", "--language", "en", home: folder.path)
        let page = try Dagctl.crypto("report", "-o", "html", home: folder.path)
        let json = try Dagctl.crypto("report", "-o", "json", home: folder.path)
        let missing = try Dagctl.crypto("report", "2001-01-01", home: folder.path)

        #expect(english.output.hasPrefix("DAILY CRYPTO REPORT - "))
        #expect(page.output.hasPrefix("<!DOCTYPE html>") && page.output.contains("<svg"))
        #expect(try JSONValue(parsing: json.output)["topTen"]?.array?.count == 10)
        #expect(missing.code == 3 && missing.errors.contains("there is no report of \"2001-01-01\""))
    }

    @Test(arguments: ["status", "top", "report", "quality", "anomalies", "export", "reprocess", "migrate"])
    func `a home without a store says what to run`(command: String) throws {
        let folder = try TemporaryFolder()

        let result = try Dagctl.crypto(command, home: folder.path)

        #expect(result.code == 3 && result.errors.contains("dagctl crypto demo") && result.output.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/\(MarketStore.fileName)"))
    }

    /// A home with three snapshots of twenty coins, an hour apart, the last one an hour old.
    private func filled() async throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let hour = (Date().timeIntervalSince1970 / 3_600).rounded(.down) * 3_600
        let store = try await MarketStore.open(inHome: folder.path, now: Date())
        for index in 0..<3 {
            let time = Date(timeIntervalSince1970: hour - Double(3 - index) * 3_600)
            let outcome = try await store.ingestGenerated(runID: "r\(index)", at: time, limit: 20)
            let input = try await store.qualityInput(of: outcome.snapshotID, isLive: false, now: time)
            try await store.save(QualityChecks.run(input), snapshotID: outcome.snapshotID, now: time)
        }
        await store.database.close()
        return folder
    }
}
