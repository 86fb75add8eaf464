import CryptoDags
import DagKit
import DagKitSQL
import FoundationEssentials
import Testing

@Suite struct RetentionTests {
    private static let keeping = Retention(history: .seconds(35 * 86_400), detail: .seconds(86_400))

    @Test(arguments: StoreKind.allCases)
    func `old snapshots are thinned to the last of each day, and candles keep their prices`(kind: StoreKind)
        async throws
    {
        let store = try await MarketStore.fixture(on: kind)
        for hour in stride(from: 0, to: 96, by: 6) { try await ingest(store, hour: hour) }

        let outcome = try await store.cleanUp(Self.keeping, now: hours(90))

        // Of 16 snapshots, 4 a day from noon on, those within a day of hour 90 and each day's last keep their rows.
        let kept = try await store.database.query(
            """
            select distinct s.fetched_at from crypto_historique h
            join crypto_snapshots s on s.snapshot_id = h.snapshot_id order by 1
            """)
        let expected = [6, 30, 54, 66, 72, 78, 84, 90].map { hours($0).databaseText }
        #expect(try kept.map { try $0[0] as String } == expected)
        #expect(outcome.thinned == 8 && outcome.snapshots == 0 && outcome.answers == 8)
        #expect(try await store.value("select count(*) from crypto_snapshots") == 16)
        #expect(try await store.value("select count(*) from crypto_raw") == 8)
        #expect(try await store.value("select count(*) from crypto_series") == 8)
        let candles = try await store.candles(
            of: "bitcoin", period: .hour, source: "generated:1", since: .distantPast)
        #expect(candles.count == 16)
    }

    @Test(arguments: StoreKind.allCases)
    func `the queries of a day see no difference after thinning`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        for hour in stride(from: 0, to: 96, by: 6) { try await ingest(store, hour: hour) }
        let question: SQLStatement = """
            select date_import, crypto_id, prix_usd, rang from crypto_historique
            where snapshot_id in (select snapshot_id from crypto_clotures) order by date_import, rang
            """
        let before = try await store.database.query(question).map(\.values)
        let summary = try await store.database.query("select * from market_summary order by date_import").map(
            \.values)

        _ = try await store.cleanUp(Self.keeping, now: hours(90))

        #expect(try await store.database.query(question).map(\.values) == before && before.count == 250)
        #expect(
            try await store.database.query("select * from market_summary order by date_import").map(\.values)
                == summary)
    }

    @Test(arguments: StoreKind.allCases)
    func `nothing is thinned while the source is silent`(kind: StoreKind) async throws {
        let store = try await MarketStore.fixture(on: kind)
        for hour in stride(from: 0, to: 24, by: 6) { try await ingest(store, hour: hour) }

        let outcome = try await store.cleanUp(Self.keeping, now: hours(24 * 60))

        #expect(outcome.snapshots == 0 && outcome.thinned == 0 && outcome.rows == 0 && outcome.candles == 0)
    }

    @Test(arguments: StoreKind.allCases)
    func `what is said of old snapshots goes with them, a mail that waited for a week is given up`(
        kind: StoreKind
    )
        async throws
    {
        let store = try await MarketStore.fixture(on: kind)
        try await ingest(store, hour: 0)
        let snapshot = try #require(try await store.latestSnapshot())
        let rows = try await store.rows(of: snapshot.id)
        let anomaly = Anomaly(
            rows[0], rule: .variation, direction: .up, severity: .high, value: 21, baseline: 0, threshold: 10,
            score: 21)
        try await store.save([anomaly], of: snapshot, now: .noon)
        let mail = CryptoMail(kind: .alert, subject: "s", text: "t", html: "h")
        try await store.enqueueAlert(
            mail, about: [anomaly], source: snapshot.source, run: PipelineRun(runID: "r"),
            recipients: ["a@example.org", "b@example.org"], now: .noon)
        try await store.markSent(try #require(try await store.pendingMails().first).messageID, now: .noon)
        try await ingest(store, hour: 24 * 40)

        _ = try await store.cleanUp(now: hours(24 * 40))

        for table in ["anomalies", "anomaly_alerts"] {
            #expect(try await store.value(SQLStatement(verbatim: "select count(*) from \(table)")) == 0)
        }
        #expect(try await store.value("select count(*) || min(state) from outbox") == "1failed")
    }

    @Test func `a store of version 1 gets what later ones add and keeps its mails`() async throws {
        let database = SQLiteDatabase.inMemory()
        try await MarketStore.migrate(database, to: 1, now: .noon)
        try await database.execute(
            """
            insert into outbox (message_id, run_id, kind, recipient, subject, text, html, state, attempts, created_at)
            values ('id', 'run', 'alert', 'a@example.org', 's', 't', 'h', 'pending', 2, '2025-10-25 12:00:00.000000')
            """)

        await #expect(throws: MarketSchemaError.older(found: 1, known: 3)) {
            try await MarketStore.open(database, codec: PlainBodyCodec(), now: .noon)
        }
        try await MarketStore.migrate(database, now: .noon)
        let store = try await MarketStore.open(database, codec: PlainBodyCodec(), now: .noon)

        let mails = try await store.pendingMails()
        #expect(mails.map(\.messageID) == ["id"] && mails.map(\.attempts) == [2])
        #expect(try await store.value("select dag_id from outbox") == "crypto_monitoring")
        try await store.ingestGenerated(runID: "r", at: .noon)
    }

    private func hours(_ count: Int) -> Date { .noon.addingTimeInterval(Double(count) * 3_600) }

    private func ingest(_ store: MarketStore, hour: Int) async throws {
        try await store.ingestGenerated(runID: "h\(hour)", at: hours(hour))
    }
}
