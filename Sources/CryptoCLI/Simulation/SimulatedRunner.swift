import CryptoDags
import DagKit
import DagKitSQL
import FoundationEssentials
import Glibc

/// Runs the workflows of a simulation and looks into their store.
struct SimulatedRunner: Sendable {
    let url: String
    let clock: SimulatedClock
    let store: MarketStore
    private let specs: [DAGID: DAGSpec]

    /// Prepares the DAGs that are run.
    init(_ dags: [any DAG], url: String, clock: SimulatedClock, store: MarketStore) throws {
        self.url = url
        self.clock = clock
        self.store = store
        let known = try dags.map { try DAGSpec($0) }
        specs = Dictionary(known.map { ($0.id, $0) }) { first, _ in first }
    }

    private static let source = "coincap-v3@127.0.0.1"

    /// Runs a DAG once; whether it was green.
    func run(_ id: DAGID, step: Int) async throws -> Bool {
        guard let spec = specs[id] else { return false }
        let run = DAGRun.manual(spec, runID: RunID("step__\(step)"), by: "simulation", at: clock.now)
        var services = TaskServices(metadata: SimulatedMetadata(url: url), settings: SimulatedSettings())
        services[MarketStore.self] = store
        // Waits between two calls are as long as they say, but nobody waits for them.
        services[MarketClock.self] = MarketClock(now: { clock.now }, sleep: { _ in })
        let rehearsal = Rehearsal(services: services, now: { clock.now }) { _ in TaskLogger { _, _, _ in } }
        return try await rehearsal.run(run, of: spec).run.state == .success
    }

    /// What the monitoring run of an instant alerted about.
    func alerts(at now: Date) async throws -> [SimulatedAlert] {
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

    /// The mails of the day have arrived.
    func deliver() async throws {
        for mail in try await store.pendingMails(limit: 10_000) {
            try await store.markSent(mail.messageID, now: clock.now)
        }
    }

    /// The size of the store and the processor time of three questions that users ask.
    func measure(day: Int) async throws -> SimulationResult.Sample {
        let pages = try await store.database.query("pragma page_count")[0][0] as Int64
        let free = try await store.database.query("pragma freelist_count")[0][0] as Int64
        let size = try await store.database.query("pragma page_size")[0][0] as Int64
        var times: [Duration] = []
        for _ in 0..<3 {
            let started = Self.processorTime
            _ = try await store.database.query(
                "select rang, symbole, prix_usd from crypto_temps_reel where date_import = \(clock.now.ds) limit 10"
            )
            _ = try await store.database.query("select * from market_summary")
            _ = try await store.priceHistory(
                of: SimulatedMarket.id(0), source: Self.source,
                since: clock.now.addingTimeInterval(-30 * 86_400), now: clock.now)
            times.append(Self.processorTime - started)
        }
        return .init(day: day, bytes: (pages - free) * size, queries: times.min() ?? .zero)
    }

    /// What this process has used: what else the machine does must not count.
    private static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// What is left in the store at the end.
    func state() async throws -> SimulationResult.StoreState {
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
