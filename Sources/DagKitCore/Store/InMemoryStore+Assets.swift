import FoundationEssentials
import Synchronization

extension InMemoryStore {
    public func assetQueue() async throws -> [DAGID: [String: Int64]] {
        contents.withLock { $0.assets.queue }
    }

    public func waitingAssetEvents(of dag: DAGID, uris: [String]) async throws -> WaitingAssetEvents? {
        contents.withLock { contents in
            let after = contents.assets.positions[dag] ?? 0
            let events = contents.assets.events.filter { $0.number > after && uris.contains($0.uri) }
            guard let through = events.last?.number, let latest = events.map(\.at).max() else { return nil }
            let intervals = events.compactMap { event in
                event.source.flatMap { contents.runs[$0.run]?.run.dataInterval }
            }
            var interval: DataInterval?
            if let start = intervals.map(\.start).min(), let end = intervals.map(\.end).max() {
                interval = DataInterval(start: start, end: end)
            }
            return WaitingAssetEvents(after: after, through: through, latest: latest, dataInterval: interval)
        }
    }

    public func recordAssetUpdate(_ update: AssetUpdate, by actor: String) async throws -> AssetEvent {
        contents.withLock { contents in
            contents.note("asset.update", actor, update.at, ["uri": .string(update.asset.uri)])
            return contents.assets.record(update, consumers: contents.consumers(of: update.asset))
        }
    }

    public func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent] {
        contents.withLock { contents in
            let consumed = query.consumer.map { Set(contents.assets.consumed[$0] ?? []) }
            let found = contents.assets.events.reversed().lazy.filter { event in
                (query.uri.map { $0 == event.uri } ?? true)
                    && (query.since.map { $0 <= event.at } ?? true)
                    && (consumed.map { $0.contains(event.number) } ?? true)
                    && (query.source.map { $0 == event.source?.run } ?? true)
            }
            return Array(found.prefix(query.limit))
        }
    }

    public func assets() async throws -> [AssetRecord] {
        contents.withLock { contents in
            contents.assets.known.values.map { contents.record(of: $0) }.sorted {
                ($0.asset.name, $0.asset.uri) < ($1.asset.name, $1.asset.uri)
            }
        }
    }
}

/// The assets, their updates and who waits for them, in memory.
struct AssetLedger {
    /// By URI.
    private(set) var known: [String: KnownAsset] = [:]

    /// By ascending number.
    private(set) var events: [AssetEvent] = []
    private(set) var queue: [DAGID: [String: Int64]] = [:]

    /// The newest update that each DAG had a run for.
    private(set) var positions: [DAGID: Int64] = [:]

    /// The updates that runs were created for.
    private(set) var consumed: [RunKey: [Int64]] = [:]

    struct KnownAsset {
        var asset: Asset
        let createdAt: Date
        var updatedAt: Date
    }

    mutating func know(_ asset: Asset, at now: Date) {
        if known[asset.uri]?.asset == asset { return }
        known[asset.uri] = KnownAsset(
            asset: asset, createdAt: known[asset.uri]?.createdAt ?? now, updatedAt: now)
    }

    mutating func record(_ update: AssetUpdate, consumers: [DAGID]) -> AssetEvent {
        if known[update.asset.uri] == nil { know(update.asset, at: update.at) }
        let event = AssetEvent(
            number: (events.last?.number ?? 0) + 1, uri: update.asset.uri,
            name: known[update.asset.uri]?.asset.name ?? update.asset.name, at: update.at,
            extra: update.extra,
            source: update.source)
        events.append(event)
        for id in consumers { queue[id, default: [:]][event.uri] = event.number }
        return event
    }

    /// Takes updates off the queue of a run's DAG; false if another run was created for some of them.
    mutating func take(_ consumption: AssetConsumption, for run: RunKey) -> Bool {
        guard positions[run.dagID] ?? 0 == consumption.after else { return false }
        positions[run.dagID] = consumption.through
        let numbers = consumption.after + 1..<consumption.through + 1
        consumed[run] = events.filter { numbers.contains($0.number) && consumption.uris.contains($0.uri) }
            .map(\.number)
        let left = queue[run.dagID]?.filter { $0.value > consumption.through } ?? [:]
        queue[run.dagID] = left.isEmpty ? nil : left
        return true
    }

    /// Forgets updates of other assets: what waits for a DAG that no longer runs on them would wait for ever.
    mutating func keep(_ uris: [String], waitingFor id: DAGID) {
        let left = queue[id]?.filter { uris.contains($0.key) } ?? [:]
        queue[id] = left.isEmpty ? nil : left
    }

    /// Forgets what a DAG waited for; its updates stay.
    mutating func forget(_ id: DAGID) {
        queue[id] = nil
        positions[id] = nil
        for run in consumed.keys where run.dagID == id { consumed[run] = nil }
    }
}

extension InMemoryStore.Contents {
    /// The DAGs that run on an asset, and are neither gone nor paused.
    func consumers(of asset: Asset) -> [DAGID] {
        dags.values.filter { dag in
            dag.isActive && !dag.isPaused
                && dag.assets.contains { $0.role == .schedule && $0.asset.uri == asset.uri }
        }.map(\.id)
    }

    fileprivate func record(of known: AssetLedger.KnownAsset) -> AssetRecord {
        let active = dags.values.filter(\.isActive).map { ($0.id, $0.assets) }
        return AssetRecord(
            known.asset, createdAt: known.createdAt, updatedAt: known.updatedAt,
            references: Dictionary(uniqueKeysWithValues: active),
            lastEvent: assets.events.last { $0.uri == known.asset.uri })
    }
}
