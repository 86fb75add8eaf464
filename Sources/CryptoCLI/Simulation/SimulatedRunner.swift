import CryptoDags
import DagKit
import DagKitSQL
import FoundationEssentials

/// Runs the workflows of a simulation and looks into their store.
struct SimulatedRunner: Sendable {
    let home: String
    let url: String
    let clock: SimulatedClock

    private static let source = "coincap-v3@127.0.0.1"

    /// Runs a DAG once; whether it was green.
    func run(_ dag: some DAG, step: Int) async throws -> Bool {
        let spec = try DAGSpec(dag)
        let run = DAGRun.manual(spec, runID: RunID("step__\(step)"), by: "simulation", at: clock.now)
        var services = TaskServices(
            metadata: SimulatedMetadata(url: url), settings: SimulatedSettings(), home: home)
        // Waits between two calls are as long as they say, but nobody waits for them.
        services[MarketClock.self] = MarketClock(now: { clock.now }, sleep: { _ in })
        let rehearsal = Rehearsal(services: services, now: { clock.now }) { _ in TaskLogger { _, _, _ in } }
        return try await rehearsal.run(run, of: spec).run.state == .success
    }

    /// What the monitoring run of an instant alerted about.
    func alerts(at now: Date) async throws -> [SimulatedAlert] {
        try await reading { store in
            try await store.database.query(
                """
                select crypto_id, rule, direction from anomaly_alerts
                where source = \(Self.source) and alerted_at = \(now.databaseText)
                """
            ).map { row in
                SimulatedAlert(
                    coin: try row[0],
                    finding: .init(
                        rule: AnomalyRule(rawValue: try row[1]) ?? .variation,
                        direction: AnomalyDirection(rawValue: try row[2]) ?? .up))
            }
        }
    }

    /// The mails of the day have arrived.
    func deliver() async throws {
        try await reading { store in
            for mail in try await store.pendingMails(limit: 10_000) {
                try await store.markSent(mail.messageID, now: clock.now)
            }
        }
    }

    /// The size of the store and the time of three questions that users ask.
    func measure(day: Int) async throws -> SimulationResult.Sample {
        try await reading { store in
            let pages = try await store.database.query("pragma page_count")[0][0] as Int64
            let free = try await store.database.query("pragma freelist_count")[0][0] as Int64
            let size = try await store.database.query("pragma page_size")[0][0] as Int64
            let started = ContinuousClock.now
            for _ in 0..<3 {
                _ = try await store.database.query(
                    "select rang, symbole, prix_usd from crypto_temps_reel where date_import = \(clock.now.ds) limit 10"
                )
                _ = try await store.database.query("select * from market_summary")
                _ = try await store.priceHistory(
                    of: SimulatedMarket.id(0), source: Self.source,
                    since: clock.now.addingTimeInterval(-30 * 86_400), now: clock.now)
            }
            return .init(
                day: day, bytes: (pages - free) * size, queries: (ContinuousClock.now - started) / 3)
        }
    }

    /// What is left in the store at the end.
    func state() async throws -> SimulationResult.StoreState {
        try await reading { store in
            let row = try await store.database.query(
                """
                select (select count(*) from crypto_snapshots) as snapshots,
                    (select count(*) from (select fetched_at from crypto_snapshots group by source, fetched_at
                        having count(*) > 1)) as doubled,
                    (select count(*) from (select snapshot_id, crypto_id from crypto_historique
                        group by snapshot_id, crypto_id having count(*) > 1)) as doubled_rows,
                    (select sum(points) from crypto_bougies where crypto_id = 'coin-0' and periode = 'jour') as points
                """)[0]
            return .init(
                snapshots: try row["snapshots"], doubled: try row["doubled"] + row["doubled_rows"],
                points: try row["points"])
        }
    }

    private func reading<Value: Sendable>(_ body: (MarketStore) async throws -> Value) async throws -> Value {
        let store = try await MarketStore.open(inHome: home, now: clock.now)
        do {
            let value = try await body(store)
            await store.database.close()
            return value
        } catch {
            await store.database.close()
            throw error
        }
    }
}

/// An alert about a coin.
struct SimulatedAlert: Hashable {
    let coin: String
    let finding: SimulationPlan.Finding
}

private struct SimulatedMetadata: TaskMetadata {
    let url: String

    func variable(_ key: String) async throws -> String? { key == "coincap_url" ? url : nil }
    func connection(_ id: String) async throws -> Connection? { nil }
    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] { [] }
}

private struct SimulatedSettings: Settings {
    func value(_ section: String, _ key: String) -> String? {
        switch (section, key) {
        case ("crypto", "source"): "coincap"
        case ("crypto", "wanted"): "\(SimulatedMarket.coinCount)"
        case ("crypto", "recipients"): "team@example.org"
        default: nil
        }
    }
}
