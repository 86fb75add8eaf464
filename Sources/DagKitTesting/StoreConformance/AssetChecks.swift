import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// Assets, their updates, and who waits for them.
    static var assetChecks: [Check] { assetQueueChecks + assetRecordChecks }

    private static var assetQueueChecks: [Check] {
        [
            Check("an update queues the dags that run on the asset, with the change that made it") {
                store, findings in
                try await register(in: store)
                let run = try await update([.prices], in: store)
                let queue = try await store.assetQueue()
                findings.equal(
                    queue, ["both": [Asset.prices.uri: 1], "one": [Asset.prices.uri: 1]], "the queue")
                let events = try await store.assetEvents(AssetEventQuery(source: run.key))
                findings.equal(events.map(\.uri), [Asset.prices.uri], "the updates of the run")
                findings.equal(events.first?.source?.taskID, "load", "the task")
                findings.equal(events.first?.source?.mapIndex, 2, "the map index")
                findings.equal(events.first?.extra, ["rows": 12], "the extra")
                findings.equal(events.first?.at, .conformanceNoon + 7, "the instant")
            },
            Check("an update queues no dag that is paused or gone") { store, findings in
                try await register(in: store)
                _ = try await store.setPaused(true, ["one"], by: "ana", at: .conformanceNoon)
                try await store.register([record("other")], bundle: "two", at: .conformanceNoon)
                _ = try await update([.prices], in: store)
                findings.equal(Array(try await store.assetQueue().keys), ["both"], "the queue")
                try await store.register([], bundle: "b", at: .conformanceNoon)
                _ = try await store.recordAssetUpdate(AssetUpdate(.rates, at: .conformanceNoon), by: "ana")
                findings.equal(
                    try await store.assetQueue(), ["both": [Asset.prices.uri: 1]], "the queue without dags")
            },
            Check("a batch that is refused updates nothing") { store, findings in
                try await register(in: store)
                let run = try await update([.prices], in: store)
                var stale = run.creation(["load"])
                stale.assetUpdates = [AssetUpdate(.rates, at: .conformanceNoon)]
                findings.expect(try await !store.apply(stale), "a conflict")
                findings.equal(try await store.assetEvents(AssetEventQuery()).count, 1, "the updates")
            },
            Check("a run takes updates off the queue of its dag, and leaves newer ones") { store, findings in
                try await register(in: store)
                _ = try await update([.prices], in: store)
                _ = try await update([.rates], "second", in: store)
                let waiting = try await store.waitingAssetEvents(of: "both", uris: Asset.all)
                findings.equal(waiting?.after, 0, "the newest update before")
                findings.equal(waiting?.through, 2, "the newest update")
                _ = try await update([.prices], "third", in: store)
                let run = DAGRun.conformance("asset_run", of: "both", type: .assetTriggered)
                findings.expect(try await store.apply(run.consuming(after: 0, through: 2)), "the run")
                let queue = try await store.assetQueue()
                findings.equal(queue["both"], [Asset.prices.uri: 3], "the queue of the dag")
                findings.equal(queue["one"], [Asset.prices.uri: 3], "the queue of another")
                let events = try await store.assetEvents(AssetEventQuery(consumer: run.key))
                findings.equal(events.map(\.number), [2, 1], "the updates of the run")
                let left = try await store.waitingAssetEvents(of: "both", uris: Asset.all)
                findings.equal(left?.after, 2, "the newest update then")
                findings.equal(left?.through, 3, "the newest update that waits")
            },
            Check("no second run takes updates that one was created for") { store, findings in
                try await register(in: store)
                _ = try await update([.prices], in: store)
                let first = DAGRun.conformance("first", of: "one", type: .assetTriggered)
                let second = DAGRun.conformance("second", of: "one", type: .assetTriggered)
                findings.expect(try await store.apply(first.consuming(after: 0, through: 1)), "the run")
                findings.expect(try await !store.apply(second.consuming(after: 0, through: 1)), "a conflict")
                findings.equal(try await store.snapshot(of: second.key), nil, "the second run")
                findings.equal(
                    try await store.waitingAssetEvents(of: "one", uris: [Asset.prices.uri]), nil,
                    "what waits")
            },
            Check("what waits tells the data that the runs behind the updates cover together") {
                store, findings in
                try await register(in: store)
                let noon = Date.conformanceNoon
                for (place, id) in ["first", "second"].enumerated() {
                    let start = noon + Double(place) * 3600
                    _ = try await update(
                        [.prices], RunID(id), interval: DataInterval(start: start, end: start + 60), in: store
                    )
                }
                let waiting = try await store.waitingAssetEvents(of: "one", uris: [Asset.prices.uri])
                findings.equal(
                    waiting?.dataInterval, DataInterval(start: noon, end: noon + 3660), "the interval")
                findings.equal(waiting?.latest, noon + 7, "the latest update")
                _ = try await store.recordAssetUpdate(AssetUpdate(.rates, at: noon + 9), by: "ana")
                let outside = try await store.waitingAssetEvents(of: "both", uris: [Asset.rates.uri])
                findings.equal(outside?.dataInterval, nil, "the interval of an update from outside")
            },
        ]
    }

    private static var assetRecordChecks: [Check] {
        [
            Check("assets are listed with who updates, reads and follows them") { store, findings in
                try await register(in: store)
                _ = try await update([.prices], in: store)
                let assets = try await store.assets()
                findings.equal(assets.map(\.asset), [.prices, .rates], "the assets")
                guard assets.count == 2 else { return }
                findings.equal(assets[0].consumers, ["both", "one"], "the dags that follow it")
                findings.equal(assets[0].producers, [AssetTask("source", "load")], "the tasks that update it")
                findings.equal(assets[1].readers, [AssetTask("source", "load")], "the tasks that read it")
                findings.equal(assets[0].lastEvent?.number, 1, "the newest update")
                findings.equal(assets[1].lastEvent, nil, "the newest update of another")
                findings.expect(assets.allSatisfy(\.isActive), "active assets")
                try await store.register([], bundle: "b", at: .conformanceNoon)
                findings.equal(try await store.assets().map(\.isActive), [false, false], "active then")
            },
            Check("a dag is registered with its assets, and the newest word of an asset counts") {
                store, findings in
                try await register(in: store)
                let stored = try await store.dag("both")
                findings.equal(stored?.assets.map(\.asset), [.prices, .rates], "the assets of the dag")
                findings.equal(
                    stored?.assets.map(\.role), [.schedule, .schedule], "what it has to do with them")
                var changed = record("both")
                let renamed = Asset(Asset.rates.uri, name: "fx", group: "money", extra: ["owner": "ana"])
                changed.assets = [AssetReference(renamed, .schedule)]
                try await store.register([changed], bundle: "b", at: .conformanceNoon)
                findings.equal(try await store.dag("both")?.assets, changed.assets, "the assets then")
                findings.equal(
                    try await store.assets().first { $0.asset.uri == renamed.uri }?.asset, renamed,
                    "the asset")
            },
            Check("an update from outside is kept and told in the audit log") { store, findings in
                try await register(in: store)
                let at = Date.conformanceNoon + 3
                let event = try await store.recordAssetUpdate(
                    AssetUpdate(.rates, at: at, extra: ["by": "hand"]), by: "ana")
                findings.equal(event.extra, ["by": "hand"], "the extra")
                findings.equal(event.source, nil, "the source")
                findings.equal(event.name, "rates", "the name")
                findings.equal(try await store.assetQueue(), ["both": [Asset.rates.uri: 1]], "the queue")
                findings.equal(
                    try await store.auditLog(limit: 1),
                    [
                        AuditEntry(
                            at: at, event: "asset.update", actor: "ana",
                            extra: ["uri": .string(Asset.rates.uri)])
                    ], "the audit log")
                for index in 1...3 {
                    let update = AssetUpdate(Asset("x-new:\(index)"), at: at)
                    _ = try await store.recordAssetUpdate(update, by: "ana")
                }
                let newest = try await store.assetEvents(AssetEventQuery(limit: 2))
                findings.equal(newest.map(\.uri), ["x-new:3", "x-new:2"], "the newest updates")
                for (since, count) in [(at, 1), (at + 0.000_001, 0)] {
                    let query = AssetEventQuery(uri: "x-new:1", since: since)
                    findings.equal(try await store.assetEvents(query).count, count, "those since \(since)")
                }
            },
            Check("a dag that is deleted waits for nothing any more") { store, findings in
                try await register(in: store)
                _ = try await update([.prices], in: store)
                let run = DAGRun.conformance("asset_run", of: "one", type: .assetTriggered)
                _ = try await store.apply(run.consuming(after: 0, through: 1))
                _ = try await store.deleteDAG("one", by: "ana", at: .conformanceNoon)
                _ = try await store.deleteDAG("both", by: "ana", at: .conformanceNoon)
                findings.equal(try await store.assetQueue(), [:], "the queue")
                let after = try await store.waitingAssetEvents(of: "one", uris: Asset.all)?.after
                findings.equal(after, 0, "what it had a run for")
                findings.equal(
                    try await store.assetEvents(AssetEventQuery(uri: Asset.prices.uri)).count, 1, "the update"
                )
            },
        ]
    }

    /// A DAG that updates prices, one that runs on them, and one that runs on prices and rates.
    private static func register(in store: any MetadataStore) async throws {
        var (source, one, both) = (record("source"), record("one"), record("both"))
        source.assets = [AssetReference(.prices, .outlet("load")), AssetReference(.rates, .inlet("load"))]
        one.assets = [AssetReference(.prices, .schedule)]
        both.assets = [AssetReference(.prices, .schedule), AssetReference(.rates, .schedule)]
        try await store.register([source, one, both], bundle: "b", at: .conformanceNoon)
    }

    /// Creates a run with updates of its task.
    private static func update(
        _ assets: [Asset], _ id: RunID = "run", interval: DataInterval? = nil, in store: any MetadataStore
    ) async throws -> DAGRun {
        let run = DAGRun.conformance(id, of: "source", interval: interval)
        var batch = run.creation(["load"])
        batch.assetUpdates = assets.map {
            AssetUpdate(
                $0, at: .conformanceNoon + 7, extra: ["rows": 12],
                source: TaskInstanceKey(run.key, "load", mapIndex: 2))
        }
        guard try await store.apply(batch) else { throw AssetCheckError.refused }
        return run
    }
}

private enum AssetCheckError: Error { case refused }

extension Asset {
    fileprivate static let prices = Asset("s3://market/prices", name: "prices", extra: ["owner": "ana"])
    fileprivate static let rates = Asset("s3://market/rates", name: "rates")
    fileprivate static let all = [prices.uri, rates.uri]
}

extension DAGRun {
    /// The batch that creates the run for updates of both assets.
    fileprivate func consuming(after: Int64, through: Int64) -> RunBatch {
        var batch = creation()
        batch.consumption = AssetConsumption(uris: Asset.all, after: after, through: through)
        return batch
    }
}
