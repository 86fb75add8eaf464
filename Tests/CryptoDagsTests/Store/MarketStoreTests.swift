import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct MarketStoreTests {
    @Test(arguments: StoreKind.allCases)
    func `a new store answers and opens again`(kind: StoreKind) async throws {
        let database = try await kind.database()
        let store = try await MarketStore.open(database, codec: PlainBodyCodec(), now: .noon)

        try await store.ping()
        _ = try await MarketStore.open(database, codec: PlainBodyCodec(), now: .noon)

        #expect(try await store.value("select max(version) from crypto_schema_version") == 3)
        #expect(try await store.activeSource() == nil)
    }

    @Test func `all that open a new store at once find its newest tables`() async throws {
        for _ in 0..<15 {
            let folder = try TemporaryFolder()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let database = try await SQLiteDatabase.open("\(folder.path)/crypto.db")
                        _ = try await MarketStore.open(database, codec: PlainBodyCodec(), now: .noon)
                        await database.close()
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a store of a newer program is refused`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        try await store.database.execute("insert into crypto_schema_version values (99, 'later')")

        await #expect(throws: MarketSchemaError.newer(found: 99, known: 3)) {
            try await MarketStore.open(store.database, codec: PlainBodyCodec(), now: .noon)
        }
    }

    @Test func `a read-only file fails the ping`() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/crypto.db"
        let writer = try await SQLiteDatabase.open(path)
        _ = try await MarketStore.open(writer, codec: PlainBodyCodec(), now: .noon)
        await writer.close()
        var configuration = SQLiteConfiguration()
        configuration.access = .read
        let reader = try await SQLiteDatabase.open(path, configuration: configuration)
        let store = try await MarketStore.open(reader, codec: PlainBodyCodec(), now: .noon)

        let error = await #expect(throws: SQLError.self) { try await store.ping() }

        #expect(error?.kind == .readOnly)
    }

    @Test(arguments: StoreKind.allCases)
    func `answers come back whole, page by page, and only for their run`(kind: StoreKind) async throws {
        let store = try await MarketStore.open(
            try await kind.database(), codec: TurningCodec(), now: .noon)
        let pages = ["first", "", "third é"].enumerated().map { index, text in
            RawAnswer(
                status: 200 + index, headers: ["ETag": "x", "Set-Cookie": "secret"], body: Array(text.utf8),
                fetchedAt: .noon.addingTimeInterval(Double(index)))
        }
        let payload = SnapshotPayload(source: "test", pages: pages, wanted: 5_000)

        let stored = try await store.save(payload, for: PipelineRun(runID: "r1"))

        #expect(try await store.payload(of: PipelineRun(runID: "r1")) == stored)
        #expect(stored.payload == payload)
        #expect(stored.path == "crypto_raw/\(SHA256.hex("firstthird é"))")
        #expect(pages[0].headers == ["etag": "x"])
        #expect(try await store.payload(of: PipelineRun(runID: "r2")) == nil)
    }

    @Test(arguments: StoreKind.allCases)
    func `a damaged answer is refused`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        let run = PipelineRun(runID: "r1")
        let page = RawAnswer(body: [1, 2, 3], fetchedAt: .noon)
        try await store.save(SnapshotPayload(source: "test", pages: [page], wanted: nil), for: run)
        try await store.database.execute("update crypto_raw set body = \([UInt8]([1, 2, 4]))")

        await #expect(throws: MarketStoreError.self) { try await store.payload(of: run) }
    }

    @Test(arguments: StoreKind.allCases)
    func `credits are counted by month and never beyond the limit`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        for _ in 0..<3 { try await store.reserveCredits(limit: 3, now: .noon) }

        await #expect(throws: CoinCapError.creditsSpent(CreditUsage(used: 3, limit: 3))) {
            try await store.reserveCredits(limit: 3, now: .noon)
        }
        let nextMonth = try await store.reserveCredits(limit: 3, now: .noon.addingTimeInterval(8 * 86_400))
        #expect(nextMonth == CreditUsage(used: 1, limit: 3))
        #expect(try await store.creditUsage(limit: 3, now: .noon).isSpent)
    }

    @Test(arguments: StoreKind.allCases)
    func `runs at the same time cannot spend the same credit`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)

        let granted = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<12 {
                group.addTask { (try? await store.reserveCredits(limit: 5, now: .noon)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(granted == 5)
        #expect(try await store.creditUsage(limit: 5, now: .noon).used == 5)
    }

    @Test(arguments: StoreKind.allCases)
    func `many may open a new store at once`(kind: StoreKind) async throws {
        let database = try await kind.database()

        try await withThrowingTaskGroup { group in
            for _ in 0..<6 {
                group.addTask {
                    try await MarketStore.open(database, codec: PlainBodyCodec(), now: .noon).ping()
                }
            }
            try await group.waitForAll()
        }

        let versions = try await database.query("select version from crypto_schema_version order by 1")
        #expect(try versions.last?[0] == 3)
    }

    @Test(arguments: StoreKind.allCases)
    func `clean-up deletes old snapshots whole and counts them`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        for day in 0..<6 { try await ingest(store, day: day) }

        let outcome = try await store.cleanUp(
            Retention(history: .seconds(2 * 86_400)), batch: 60, now: .noon.addingTimeInterval(5 * 86_400))

        #expect(
            outcome.snapshots == 3 && outcome.rows == 150 && outcome.answers == 3 && outcome.logLines == 3)
        #expect(try await store.value("select count(*) from crypto_snapshots") == 3)
        #expect(try await store.value("select count(*) from crypto_historique") == 150)
    }

    @Test(arguments: StoreKind.allCases)
    func `clean-up deletes nothing when nothing new arrived`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        for day in 0..<3 { try await ingest(store, day: day) }

        let outcome = try await store.cleanUp(
            Retention(history: .seconds(86_400)), now: .noon.addingTimeInterval(30 * 86_400))

        #expect(outcome.snapshots == 0 && outcome.rows == 0 && outcome.answers == 0)
        #expect(try await store.value("select count(*) from crypto_snapshots") == 3)
    }

    @Test(arguments: StoreKind.allCases)
    func `results of checks and rules are stored once`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        try await ingest(store, day: 0)
        let snapshot = try #require(try await store.latestSnapshot())
        let rows = try await store.rows(of: snapshot.id)
        let report = QualityReport([
            QualityResult("a", .failed, rows: 1, message: "x"),
            QualityResult("b", .warning, rows: 2, message: "y"),
        ])
        let anomaly = Anomaly(
            rows[0], rule: .variation, direction: .up, severity: .high, value: 21, baseline: 0, threshold: 10,
            score: 21)

        for _ in 0..<2 {
            try await store.save(report, snapshotID: snapshot.id, now: .noon)
            try await store.save([anomaly], of: snapshot, now: .noon)
            let stats = MonitoringStats(
                runID: "m1", snapshot: snapshot, summary: try MarketSummary(rows), anomaliesDetected: 1)
            try await store.save(stats, now: .noon.addingTimeInterval(90))
        }

        #expect(try await store.latestSnapshot()?.qualityScore == 70)
        #expect(try await store.value("select count(*) from quality_results") == 2)
        #expect(try await store.anomalies(date: "2025-10-25", source: snapshot.source) == [anomaly])
        #expect(
            try await store.value("select count(*) || ' ' || max(snapshot_age_seconds) from monitoring_stats")
                == "1 90")
    }

    @Test(arguments: StoreKind.allCases)
    func `a history tells the points of the coins since an instant`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        for day in 0..<3 { try await ingest(store, day: day) }

        let history = try await store.history(
            of: ["bitcoin", "nothing"], source: "generated:1", since: .noon.addingTimeInterval(86_400))

        #expect(
            history.points(of: "bitcoin").map(\.at)
                == [1, 2].map { Date.noon.addingTimeInterval($0 * 86_400) })
        #expect(history.points(of: "nothing").isEmpty)
    }

    @Test(arguments: StoreKind.allCases, [false, true])
    func `a history is the same from packed points and from rows`(kind: StoreKind, isDamaged: Bool)
        async throws
    {
        let store = try await MarketStore.fixture(on: kind)
        for day in 0..<3 { try await ingest(store, day: day) }
        let ids = try await store.rows(of: try #require(try await store.latestSnapshot()).id).map(\.cryptoID)
        let packed = try await store.history(of: ids, source: "generated:1", since: .distantPast)

        let damage = [UInt8](repeating: 7, count: 9)
        let change: SQLStatement =
            isDamaged ? "update crypto_series set points = \(damage)" : "delete from crypto_series"
        try await store.database.execute(change)
        let read = try await store.history(of: ids, source: "generated:1", since: .distantPast)

        #expect(ids.count == 50 && ids.allSatisfy { packed.points(of: $0) == read.points(of: $0) })
        #expect(packed.points(of: "bitcoin").count == 3)
    }

    @Test(arguments: StoreKind.allCases)
    func `the best ranks are read without the others`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        try await ingest(store, day: 0)
        let id = try #require(try await store.latestSnapshot()).id

        #expect(try await store.rows(of: id, to: 3) == Array(try await store.rows(of: id).prefix(3)))
    }

    private func ingest(_ store: MarketStore, day: Int) async throws {
        try await store.ingestGenerated(runID: "d\(day)", at: .noon.addingTimeInterval(Double(day) * 86_400))
    }
}
