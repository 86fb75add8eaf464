public import FoundationEssentials

/// A run as it stood at a moment, folded from its events.
///
/// ```swift
/// let past = RunReplay(try await store.events(of: run), until: moment)
/// past?.instances(of: spec).map(\.state)
/// ```
public struct RunReplay: Sendable {
    public private(set) var run: DAGRun

    /// Since when the run was in its state.
    public private(set) var runSince: Date

    /// Since when each instance that something had happened to was in its state.
    public private(set) var since: [TaskInstanceKey: Date] = [:]
    private var known: [TaskInstanceKey: TaskInstance] = [:]
    private var order: [TaskInstanceKey] = []

    /// Folds the events, oldest first, up to a moment; `nil` if the run did not exist yet.
    public init?(_ events: [RunEvent], until moment: Date) {
        guard let first = events.first, first.at <= moment, let run = DAGRun(creation: first) else {
            return nil
        }
        self.run = run
        runSince = first.at
        for event in events.prefix(while: { $0.at <= moment }) { apply(event) }
    }

    private mutating func apply(_ event: RunEvent) {
        let before = run.state
        run.apply(event)
        if run.state != before { runSince = event.at }
        guard let key = event.task else { return }
        if event.kind == .expanded {
            for index in 0..<Int(event.detail["count"]?.integer ?? 0) {
                note(TaskInstanceKey(key.run, key.taskID, mapIndex: index))
            }
            known[key] = nil
            order.removeAll { $0 == key }
            return
        }
        note(key)
        let old = known[key]?.state
        known[key]?.apply(event)
        if known[key]?.state != old || since[key] == nil { since[key] = event.at }
    }

    private mutating func note(_ key: TaskInstanceKey) {
        guard known[key] == nil else { return }
        known[key] = TaskInstance(key: key, operatorName: "")
        order.append(key)
    }

    /// The instances in the order of the DAG, those that nothing had happened to among them where the DAG is known.
    public func instances(of spec: DAGSpec?) -> [TaskInstance] {
        guard let spec else { return order.compactMap { known[$0] } }
        return spec.tasks.flatMap { task in
            let own = order.filter { $0.taskID == task.id }.compactMap { known[$0] }
            if !own.isEmpty { return own.sorted { $0.mapIndex < $1.mapIndex } }
            return [TaskInstance(key: TaskInstanceKey(run.key, task.id), operatorName: task.operatorName)]
        } + order.filter { spec.task($0.taskID) == nil }.compactMap { known[$0] }
    }

    /// The upstream tasks that an instance without a state waits for; `nil` if none is known.
    public func obstacle(to instance: TaskInstance, in spec: DAGSpec?) -> String? {
        guard instance.state == nil, let spec, let task = spec.task(instance.taskID) else { return nil }
        let open = task.upstream.map { spec.tasks[$0].id }.filter { id in
            let own = order.filter { $0.taskID == id }.compactMap { known[$0] }
            return own.isEmpty || own.contains { !$0.isFinished }
        }
        return open.isEmpty ? nil : "waits for \(open.map(\.rawValue).joined(separator: ", "))"
    }
}
