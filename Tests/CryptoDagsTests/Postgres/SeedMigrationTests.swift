import CryptoDags
import DagKit
import DagKitPostgres
import DagKitSQL
import FoundationEssentials
import SQLTestSupport
import Testing

@Suite struct SeedMigrationTests {
    /// The original system's tables in what they were: doubles, texts for instants, no key, rows doubled by a retry.
    private static let seed = """
        create table crypto_temps_reel (
            id serial primary key, crypto_id varchar(100), rang integer, symbole varchar(20), nom varchar(100),
            supply_circulant double precision, supply_max double precision, market_cap_usd double precision,
            volume_24h_usd double precision, prix_usd double precision, variation_24h_pourcent double precision,
            vwap_24h double precision, timestamp_import varchar(50), market_cap_milliards double precision,
            volume_24h_millions double precision, date_import date, heure_import varchar(20),
            categorie varchar(50), tendance varchar(50), created_at timestamp default current_timestamp);
        create table pipeline_logs (
            id serial primary key, operation varchar(100), records_affected integer,
            timestamp timestamp default current_timestamp, status varchar(50));
        create table monitoring_stats (
            id serial primary key, timestamp timestamp default current_timestamp, total_cryptos integer,
            market_cap_total double precision, anomalies_detected integer);
        create view crypto_dashboard as
            select * from crypto_temps_reel where date_import = current_date order by rang;
        create view market_summary as
            select date_import, count(*) as total_cryptos, sum(market_cap_usd) as total_market_cap
            from crypto_temps_reel group by date_import;
        create view mine as select nom from crypto_dashboard;
        insert into crypto_temps_reel (crypto_id, rang, symbole, nom, supply_circulant, supply_max, market_cap_usd,
            volume_24h_usd, prix_usd, variation_24h_pourcent, vwap_24h, timestamp_import, date_import, heure_import,
            categorie, tendance, created_at)
        values
            ('bitcoin', 1, 'BTC', 'Bitcoin', 19965971, 21000000, 1342402146649.5, 41020315364.90517, 67234.5, 2.45,
                66305.90262468117, '2025-10-25 21:59:50', '2025-10-25', '21:59:50', 'Large', 'Hausse',
                '2025-10-25 22:00:01'),
            ('tiny', 2, 'TNY', 'Tiny', 549095509738353, null, null, null, 2.28759514e-08, null, null,
                '2025-10-25 21:59:50', '2025-10-25', '21:59:50', null, null, '2025-10-25 22:00:01'),
            ('bitcoin', 1, 'BTC', 'Bitcoin', 19965971, 21000000, 1342402146649.5, 41020315364.90517, 67234.5, 2.45,
                66305.90262468117, '2025-10-25 21:59:50', '2025-10-25', '21:59:50', 'Large', 'Hausse',
                '2025-10-25 22:05:01'),
            ('bitcoin', 1, 'BTC', 'Bitcoin', -1, 'NaN', 200000000000, 1, 68000.1, -7, 0, '1761431400000',
                '2025-10-25', '22:30:00', 'Large', 'Baisse', '2025-10-25 22:30:00'),
            ('broken', null, 'BRK', 'Broken', 1, 1, 1, 1, 1, 1, 1, '2025-10-25 21:59:50', '2025-10-25', '21:59:50',
                null, null, '2025-10-25 22:00:01');
        insert into pipeline_logs (operation, records_affected, timestamp, status) values
            ('cleanup_old_data', 0, '2025-10-25 21:59:00', 'SUCCESS'), ('spark', 2, '2025-10-25 22:00:00', 'ERROR');
        insert into monitoring_stats (timestamp, total_cryptos, market_cap_total, anomalies_detected) values
            ('2025-10-25 20:00:00', 0, null, null), ('2025-10-25 22:00:00', 3, 2684804293299, null),
            ('2025-10-25 23:00:00', 4, 2884804293299, 2);
        """

    @Test func `a database of the original system is not touched before it is asked for`() async throws {
        let address = try await seeded()
        let database = try await PostgresDatabase.open(address)

        let error = await #expect(throws: MarketSchemaError.self) {
            try await MarketStore.open(database, codec: PlainBodyCodec(), now: .noon)
        }

        #expect(error == .seed && error?.remedy == "run dagctl crypto migrate")
        #expect(try await database.query("select count(*) from crypto_temps_reel")[0].values == [5])
        await database.close()
    }

    @Test(arguments: [true, false])
    func `its rows become snapshots, each import once, and none is lost`(byScript: Bool) async throws {
        let cluster = try await PostgresCluster.shared
        let address = try await seeded()
        let database = try await PostgresDatabase.open(address)
        if byScript {
            let script = MarketStore.postgresScript(fromSeed: true)
            _ = try await cluster.psql(address.database ?? "", script)
        } else {
            try await MarketStore.migrate(database, now: .noon)
        }

        let store = try await MarketStore.open(database, codec: PlainBodyCodec(), now: .noon)

        let latest = try #require(try await store.latestSnapshot())
        let earlier = try #require(try await store.snapshots(before: latest, limit: 9).first)
        #expect(latest.source == "coincap-v2" && latest.fetchedAt.isoText == "2025-10-25T22:30:00+00:00")
        #expect(earlier.fetchedAt.isoText == "2025-10-25T21:59:50+00:00" && earlier.assetCount == 2)
        let rows = try await store.rows(of: earlier.id)
        #expect(rows.map(\.cryptoID) == ["bitcoin", "tiny"])
        #expect(rows[0].marketCapUsd?.description == "1342402146649.5")
        #expect(rows[0].volume24hUsd?.description == "41020315364.90517")
        #expect(rows[0].categorie == .mega && rows[0].tendance == .rise && rows[0].heureImport == "21:59:50")
        #expect(rows[1].prixUsd.description == "0.0000000228759514" && rows[1].marketCapUsd == nil)
        let odd = try await store.rows(of: latest.id)[0]
        #expect(odd.supplyCirculant == nil && odd.supplyMax == nil && odd.vwap24h == nil)
        #expect(odd.categorie == .mega && odd.tendance == .strongFall)
        let candles = try await store.candles(
            of: "bitcoin", period: .day, source: "coincap-v2", since: .distantPast)
        #expect(candles.map(\.points) == [2] && candles[0].open == 67_234.5 && candles[0].close == 68_000.1)
        let counts = try await database.query(
            """
            select (select count(*) from seed_crypto_temps_reel), (select count(*) from seed_pipeline_logs),
                (select string_agg(status, ' ' order by id) from pipeline_logs),
                (select count(*) from crypto_temps_reel), (select count(*) from mine)
            """)[0].values
        #expect(counts == [5, 2, "success failed", 1, 0])
        await database.close()
    }

    @Test func `the lines of its monitoring come along, with the totals of one snapshot`() async throws {
        let database = try await PostgresDatabase.open(try await seeded())
        try await MarketStore.migrate(database, now: .noon)

        let lines = try await database.query(
            """
            select m.timestamp, total_cryptos, m.market_cap_total, anomalies_detected, snapshot_age_seconds,
                variation_mediane, run_id
            from monitoring_stats m order by m.timestamp
            """)

        // The first line is older than any snapshot: it has its place in the old table only.
        let expected: [[SQLValue]] = [
            [
                "2025-10-25 22:00:00.000000", 2, "1342402146649.500000000000000000", 0, 10, 2.45, "seed__2",
            ],
            ["2025-10-25 23:00:00.000000", 1, "200000000000.000000000000000000", 2, 1_800, -7.0, "seed__3"],
        ]
        #expect(lines.map(\.values) == expected)
        #expect(try await database.query("select count(*) from seed_monitoring_stats")[0].values == [3])
        await database.close()
    }

    @Test func `a migration that fails leaves everything as it was`() async throws {
        let address = try await seeded()
        let database = try await PostgresDatabase.open(address)
        try await database.execute("create table seed_pipeline_logs (it text)")

        await #expect(throws: SQLError.self) { try await MarketStore.migrate(database, now: .noon) }

        #expect(try await database.query("select count(*) from crypto_temps_reel")[0].values == [5])
        #expect(try await database.query("select to_regclass('crypto_snapshots')")[0].values == [.null])
        await database.close()
    }

    private func seeded() async throws -> SQLAddress {
        let cluster = try await PostgresCluster.shared
        let address = try await cluster.newDatabase()
        _ = try await cluster.psql(address.database ?? "", Self.seed)
        return address
    }
}
