import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct MarketStoreLoadingTests {
    @Test(arguments: StoreKind.allCases)
    func `rows come back exactly as they went in`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        let body = try Recorded.thousandAssets().bytes
        let content = try SnapshotContent(
            SnapshotPayload(source: "test", pages: [RawAnswer(body: body, fetchedAt: .noon)], wanted: nil))
        let rows = SnapshotProcessor().process(content.assets, timestamp: content.apiTimestamp ?? .noon).rows

        let outcome = try await store.ingest(body, runID: "r1", at: .noon)

        #expect(outcome == .loaded(snapshotID: 1, rows: 1_000))
        #expect(try await store.rows(of: 1) == rows)
        #expect(
            try await store.value("select count(*) from crypto_historique where supply_max is null")
                == rows.count { $0.supplyMax == nil })
        if kind == .sqlite {
            #expect(
                try await store.value(
                    "select sum(prix_usd = cast(prix_usd_exact as real)) from crypto_historique") == 1_000)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a retry of the same run stores nothing twice`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        let first = try await store.ingestGenerated(runID: "r1", at: .noon)

        let second = try await store.ingestGenerated(runID: "r1", at: .noon)

        #expect(first == second)
        #expect(try await store.value("select count(*) from crypto_historique") == 50)
        #expect(try await store.value("select count(*) from pipeline_logs") == 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `bytes that the source gave before are unchanged and a warning from the fourth run on`(
        kind: StoreKind
    )
        async throws
    {
        let store = try await MarketStore.fixture(on: kind)
        let body = GeneratedMarket(seed: 1).document(at: .noon, limit: 5)
        try await store.ingest(body, runID: "r0", at: .noon)

        for run in 1...4 {
            let outcome = try await store.ingest(body, runID: "r\(run)", at: .noon)
            let retried = try await store.ingest(body, runID: "r\(run)", at: .noon)
            #expect(outcome == .unchanged(snapshotID: 1, runs: run))
            #expect(retried == outcome)
        }

        let statuses: [String] = try await store.database.query(
            "select status from pipeline_logs order by id"
        ).map {
            try $0[0]
        }
        #expect(statuses == ["success", "skipped", "skipped", "skipped", "warning"])
    }

    @Test(arguments: StoreKind.allCases)
    func `a load that fails leaves nothing behind`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        try await store.ingestGenerated(runID: "r1", at: .noon)
        var load = try await brokenLoad(store)
        load.snapshot.rows.append(load.snapshot.rows[0])

        let error = await #expect(throws: SQLError.self) { try await store.load(load) }

        #expect(error?.kind == .uniqueViolation)
        #expect(try await store.value("select count(*) from crypto_snapshots") == 1)
        #expect(try await store.value("select count(*) from crypto_historique") == 50)
        #expect(try await store.activeSource() == "generated:1")
    }

    @Test(arguments: StoreKind.allCases)
    func `readers do not see a snapshot that is not complete`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        try await store.ingestGenerated(runID: "r1", at: .noon)
        try await store.database.execute("update crypto_snapshots set complete = false")

        #expect(try await store.latestSnapshot() == nil)
        #expect(try await store.rows(of: 1).isEmpty)
        for view in ["crypto_temps_reel", "crypto_latest", "crypto_dashboard", "market_summary"]
            as [SQLIdentifier]
        {
            #expect(try await store.value("select count(*) from \(view)") == 0)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `what gave no row is kept beside the snapshot`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        let body = Array(
            #"{"data":[{"id":"a","symbol":"A","name":"A","priceUsd":"1","supply":"x"},{"id":"b"}]}"#.utf8)

        try await store.ingest(body, runID: "r1", at: .noon)

        let processed = try await store.processed(1)
        #expect(processed.rejected.map(\.cryptoID) == ["b"])
        #expect(processed.faults.map(\.value) == ["x"])
        #expect(processed.rankedByPosition == ["a"])
        #expect(try await store.latestSnapshot()?.rejectedCount == 1)
    }

    private func brokenLoad(_ store: MarketStore) async throws -> SnapshotLoad {
        let later = Date.noon.addingTimeInterval(60)
        let body = GeneratedMarket(seed: 9).document(at: later, limit: 50)
        let payload = SnapshotPayload(
            source: "other", pages: [RawAnswer(body: body, fetchedAt: later)], wanted: 50)
        let stored = try await store.save(payload, for: PipelineRun(runID: "r2"))
        let content = try SnapshotContent(payload)
        let snapshot = SnapshotProcessor().process(content.assets, timestamp: later)
        return SnapshotLoad(stored, content: content, snapshot: snapshot, now: later)
    }
}
