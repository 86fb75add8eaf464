import FoundationEssentials

/// Runs that follow updates of assets.
///
/// The store queues, with each update, the DAGs that run on the asset. The planner is handed that queue, says which DAGs may
/// have a run for it, is told of their updates in short, and creates the run, with which the store takes them off the queue.
extension Planner {
    /// What the planner knows of the updates that one DAG waits for.
    struct AssetWait: Sendable {
        /// The updates in short, for a DAG whose condition is met.
        var events: WaitingAssetEvents?

        /// The logical date of the newest run that was decided here; the next one stands for a later instant.
        var lastDate: Date?
    }

    /// Whether a DAG runs on assets, so that the queue must be read.
    public var followsAssets: Bool { !assetDAGs.isEmpty }

    /// Takes the queue as the store holds it: the updated assets by the DAG that waits for them.
    public mutating func setAssetQueue(_ queue: [DAGID: [String: Int64]]) {
        dueByAssets.removeAll()
        for id in assetDAGs {
            let updated = Set((queue[id] ?? [:]).keys)
            dags[id]?.assetWait.events = nil
            if dags[id]?.assetCondition?.isMet(by: updated) == true { dueByAssets.insert(id) }
        }
    }

    /// The DAGs that may have a run for the updates that wait for them, with the URIs of their assets.
    ///
    /// As in Airflow, updates gather while a DAG is paused or has as many runs as it may; one run takes them all.
    public var dagsDueByAssets: [(id: DAGID, uris: [String])] {
        dueByAssets.sorted().compactMap { id in
            guard let entry = dags[id], let condition = entry.assetCondition, !entry.isPaused,
                entry.activeRuns.count < entry.maxActiveRuns
            else { return nil }
            return (id, condition.assets.map(\.uri))
        }
    }

    /// Takes the updates that wait for a DAG, in short; `nil` if there are none after all.
    public mutating func take(_ events: WaitingAssetEvents?, for id: DAGID) {
        dags[id]?.assetWait.events = events
        if events == nil { dueByAssets.remove(id) }
    }

    /// Creates the runs for updates that were taken.
    mutating func createAssetRuns(at now: Date) {
        for (id, uris) in dagsDueByAssets {
            guard let entry = dags[id], let events = entry.assetWait.events else { continue }
            var date = events.latest.roundedToMicroseconds
            // Two updates may have the same instant, two runs may not.
            if let last = entry.assetWait.lastDate, date <= last {
                date = Date(microseconds: last.microsecondsSinceEpoch + 1)
            }
            let run = DAGRun.assetTriggered(
                entry.spec, logicalDate: date, interval: events.dataInterval, at: now)
            create(
                run, of: entry.spec,
                consuming: AssetConsumption(uris: uris, after: events.after, through: events.through))
            dags[id]?.assetWait = AssetWait(lastDate: date)
            dueByAssets.remove(id)
        }
    }
}

extension Planner.Entry {
    /// What must be updated for a run of the DAG; `nil` for one that follows no assets.
    var assetCondition: AssetCondition? { spec.configuration.schedule.assetCondition }
}
