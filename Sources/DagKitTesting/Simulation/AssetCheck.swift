import DagKitCore
import FoundationEssentials

/// Follows the updates of assets by the events alone, and holds the store's queue and the runs that follow to it.
struct AssetCheck {
    /// An update as the events tell it.
    private struct Update {
        let number: Int64
        let uri: String
        let source: TaskInstanceKey?
    }

    /// Whether the DAGs are registered: an update before that is nobody's.
    var isFollowed = false

    private let conditions: [DAGID: AssetCondition]
    private var updates: [Update] = []
    private var queue: [DAGID: [String: Int64]] = [:]
    private var positions: [DAGID: Int64] = [:]
    private var consumed: [RunKey: [Int64]] = [:]

    init(_ dags: [DAGSpec]) {
        let named = dags.compactMap { spec in spec.configuration.schedule.assetCondition.map { (spec.id, $0) }
        }
        conditions = Dictionary(named) { $1 }
    }

    /// Takes an update from outside, or of a task.
    mutating func take(_ uri: String, source: TaskInstanceKey?, paused: Set<DAGID>) {
        let update = Update(number: Int64(updates.count + 1), uri: uri, source: source)
        updates.append(update)
        guard isFollowed else { return }
        for (id, condition) in conditions where !paused.contains(id) {
            if condition.assets.contains(where: { $0.uri == uri }) {
                queue[id, default: [:]][uri] = update.number
            }
        }
    }

    /// Takes an event; gives what is wrong with it.
    ///
    /// - Parameter isMarked: Whether somebody marked the instance.
    mutating func take(_ event: RunEvent, of task: TaskSpec?, isMarked: Bool, paused: Set<DAGID>) -> String? {
        switch event.kind {
        case .runCreated: return takeCreation(event)
        case .succeeded:
            let told = (event.detail["asset_updates"]?.array ?? []).compactMap { $0["uri"]?.string }
            // What somebody marks a success updates nothing, though a scheduler may carry it out.
            let wanted = isMarked ? [] : (task?.outlets ?? []).map(\.uri)
            if told != wanted {
                return "\(event.run) \(event.taskID?.rawValue ?? "") tells updates of \(told), not \(wanted)"
            }
            for uri in told { take(uri, source: event.task, paused: paused) }
            return nil
        default:
            return event.detail["asset_updates"] == nil
                ? nil : "\(event.run) \(event.kind.rawValue) updates assets"
        }
    }

    private mutating func takeCreation(_ event: RunEvent) -> String? {
        guard let told = event.detail["asset_events"] else { return nil }
        let dag = event.run.dagID
        guard let condition = conditions[dag], let after = told["after"]?.integer,
            let through = told["through"]?.integer
        else { return "run \(event.run) was created for assets that its dag does not follow" }
        if !condition.isMet(by: Set((queue[dag] ?? [:]).keys)) {
            return "run \(event.run) was created before its assets were updated"
        }
        if after != positions[dag] ?? 0 { return "run \(event.run) takes updates after \(after)" }
        positions[dag] = through
        let uris = condition.assets.map(\.uri)
        consumed[event.run] = updates.filter {
            $0.number > after && $0.number <= through && uris.contains($0.uri)
        }.map(\.number)
        queue[dag] = queue[dag]?.filter { $0.value > through }
        if queue[dag]?.isEmpty == true { queue[dag] = nil }
        return nil
    }

    /// Compares the store with what the events tell; gives what is wrong.
    func check(_ store: any MetadataStore) async throws -> String? {
        guard !conditions.isEmpty else { return nil }
        let stored = try await store.assetQueue()
        return stored == queue ? nil : "the queue of assets is \(stored), the events say \(queue)"
    }

    /// What is wrong at the end, when nothing is paused.
    ///
    /// - Parameter open: The DAGs with runs that do not end, since they wait for somebody: they have no other.
    func checkEnd(_ store: any MetadataStore, open: Set<DAGID>) async throws -> String? {
        let stored = try await store.assetEvents(AssetEventQuery(limit: .max)).reversed()
        if !stored.map(\.uri).elementsEqual(updates.map(\.uri))
            || !stored.map(\.source).elementsEqual(updates.map(\.source))
        {
            return "\(stored.count) updates of assets are stored, the events tell \(updates.count)"
        }
        for (run, numbers) in consumed {
            let linked = try await store.assetEvents(AssetEventQuery(consumer: run, limit: .max)).map(
                \.number)
            if linked.reversed() != numbers { return "run \(run) is linked with \(linked), not \(numbers)" }
        }
        for (id, condition) in conditions
        where !open.contains(id) && condition.isMet(by: Set((queue[id] ?? [:]).keys)) {
            return "dag \(id) never runs for its assets"
        }
        return nil
    }
}
