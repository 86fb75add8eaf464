import CryptoCLI
import CryptoDags
import DagKit
import DagKitCLI
import DagKitHTTPServer
import FoundationEssentials
import Testing

/// What users see of `dagctl crypto`: each test types some commands, and one golden file holds the session, which must be
/// the same on both databases.
@Suite struct CryptoTranscriptTests {
    private func expect(
        _ session: MarketSession, _ lines: [String], matches name: String
    ) async throws {
        var text = ""
        for line in lines { text += await session.run("dagctl crypto \(line)").description + "\n" }
        try Golden.expect(text, matches: name)
    }

    @Test(arguments: StoreKind.allCases)
    func `the market is looked at`(kind: StoreKind) async throws {
        let session = try await MarketSession(on: kind)
        try await session.fill()

        try await expect(
            session,
            [
                "status", "status -o json", "top -n 3", "top -n 2 -o csv", "top -n 2 -o json",
                "history BTC --days 2", "history bitcoin --days 2 -o ndjson", "history bitcorn",
                "history", "top -n none", "top --nothing",
            ], matches: "market.txt")
    }

    @Test(arguments: StoreKind.allCases)
    func `quality and anomalies are looked at`(kind: StoreKind) async throws {
        let session = try await MarketSession(on: kind)
        try await session.fill()
        try await session.reading { store in
            let latest = try #require(try await store.latestSnapshot())
            let rows = try await store.rows(of: latest.id)
            try await store.save(
                QualityReport([
                    QualityResult(
                        "completeness.top10", .failed, rows: 1, message: "ranks repeated: 1",
                        offenders: [QualityOffender(cryptoID: "bitcoin", rang: 1, value: "rank 1")]),
                    QualityResult("rank.order", .warning, rows: 2, message: "2 coins have a larger cap"),
                ]), snapshotID: latest.id, now: .noon)
            let found = [AnomalySeverity.medium, .critical].enumerated().map { index, severity in
                Anomaly(
                    rows[index], rule: .variation, direction: .up, severity: severity,
                    value: 12 + 48 * Double(index),
                    baseline: 0, threshold: 10, score: 12 + 48 * Double(index))
            }
            try await store.save(found, of: latest, now: .noon.addingTimeInterval(-60))
        }

        try await expect(
            session,
            [
                "quality", "quality -o json", "quality --snapshot 1", "quality --history 2 -o csv",
                "quality --snapshot 99", "quality --snapshot first", "anomalies", "anomalies -o json",
                "anomalies --severity critique -o csv", "anomalies --rule volume", "anomalies --rule big",
            ], matches: "quality.txt")
    }

    @Test(arguments: StoreKind.allCases)
    func `rows are exported and made anew`(kind: StoreKind) async throws {
        let session = try await MarketSession(on: kind)
        try await session.fill()

        try await expect(
            session,
            [
                "export --coins bitcoin", "export --coins bitcoin --days 2 -o json",
                "export --coins bitcoin,ethereum -o ndjson", "export --coins nothing",
                "export --date 2001-01-01", "export --date yesterday", "reprocess", "reprocess --all -o json",
                "reprocess 2 --dry-run", "reprocess 99", "reprocess two", "migrate",
            ], matches: "export.txt")
    }

    @Test(arguments: StoreKind.allCases)
    func `a report is shown in both languages`(kind: StoreKind) async throws {
        let session = try await MarketSession(on: kind)
        try await session.fill()
        try await session.reading { store in
            let latest = try #require(try await store.latestSnapshot())
            try await store.save(
                try DailyReport(
                    snapshotID: latest.id, source: latest.source, rows: try await store.rows(of: latest.id),
                    anomalies: [], qualityScore: 100, runsSucceeded: 3), now: .noon)
        }

        try await expect(
            session,
            [
                "report", "report --language en", "report 2025-10-25 -o json", "report 2001-01-01",
                "report tomorrow", "report --language de",
            ], matches: "report.txt")
        let page = await session.run("dagctl crypto report -o html")
        #expect(page.output.hasPrefix("<!DOCTYPE html>") && page.output.contains("<svg"))
    }

    @Test(arguments: StoreKind.allCases)
    func `a backfill tells its cost first, asks, and spends nothing on what is there`(kind: StoreKind)
        async throws
    {
        let session = try await MarketSession(on: kind)
        let replay = ReplayServer(market: .generated(seed: 1), now: { .noon })
        try await HTTPServer.serving({ await replay.answer($0) }) { http in
            let variables = ["coincap_url": "\(http.url)/v3"]
            var text = ""
            for line in [
                "backfill --coins bitcoin --days 3 --dry-run", "backfill --coins bitcoin --days 3",
                "backfill --coins bitcoin --days 3", "backfill --coins bitcoin --interval m1",
                "backfill --days 0",
            ] {
                text += await session.run("dagctl crypto \(line)", variables: variables).description + "\n"
            }
            try Golden.expect(text.replacing("\(http.port)", with: "PORT"), matches: "backfill.txt")
        }
        let points: Int = try await session.reading {
            try await $0.value("select count(*) from crypto_bougies where origine = 'historique'")
        }
        #expect(points == 72)
    }

    @Test func `credits are spent only when somebody says so`() async throws {
        let session = try await MarketSession(on: .sqlite)
        let variables = ["coincap_api_key": "key-1234"]
        let line = "dagctl crypto backfill --coins bitcoin --days 60"

        let trial = await session.run("\(line) --dry-run", variables: variables)
        let alone = await session.run(line, variables: variables)
        let refused = await session.run(line, variables: variables, answer: "n")

        #expect(trial.code == .success && trial.errors.contains("2 calls to coincap-v3, 2 credits"))
        #expect(alone.code == .usage && alone.errors.contains("add --yes, or --dry-run to see the cost"))
        #expect(refused.code == .failure && refused.errors.contains("spend them? [y/N]"))
    }

    @Test(arguments: StoreKind.allCases)
    func `a store without a snapshot says what to run`(kind: StoreKind) async throws {
        let session = try await MarketSession(on: kind)
        await (try await session.store()).database.close()

        try await expect(
            session,
            ["status", "top", "history BTC", "anomalies", "quality", "reprocess", "export", "report"],
            matches: "empty.txt")
    }

    @Test func `the demo and the simulation are told from their lines`() async throws {
        let session = try await MarketSession(on: .sqlite)

        let demo = await session.run("dagctl crypto demo --days 0 --to \(session.folder.path)/demo")
        let other = await session.run("dagctl crypto demo --seed 2 --to \(session.folder.path)/demo")
        let days = await session.run("dagctl crypto simulate --days 1")
        let taken = await session.run("dagctl crypto simulate --to \(session.folder.path)/demo")
        let schema = await session.run("dagctl crypto schema")

        #expect(demo.code == .success, "\(demo)")
        #expect(demo.output.hasPrefix("RAPPORT CRYPTO QUOTIDIEN - 2025-10-25\n"))
        #expect(
            demo.errors.hasPrefix(
                "0 snapshots of 0 days loaded\ncrypto_data_pipeline: success, 10 of 10 tasks\n"))
        #expect(other.code == .conflict && other.errors.contains("generated:1"))
        #expect(days.code == .usage && days.errors.contains("2"))
        #expect(taken.code == .conflict && taken.errors.contains("name an empty folder with --to"))
        #expect(schema.output.contains("create table crypto_series") && schema.code == .success)
    }
}
