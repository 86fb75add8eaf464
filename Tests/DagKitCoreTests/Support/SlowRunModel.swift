import DagKitCore

/// The rules of a run written down a second time, as plainly as can be: every task is looked at again and again until
/// nothing changes, and nothing is counted or remembered.
///
/// It is what ``RunMachine`` is held to; the two share no code but the names of states and rules.
struct SlowRunModel {
    struct Node {
        let id: String
        let upstream: [String]
        var rule: TriggerRule = .allSuccess
        var kind: TaskKind = .task
        var skips: SkipRule?
        /// By upstream branch, the path on which the task lies.
        var paths: [String: String] = [:]
        /// What the one attempt of the task does: `success`, `fail`, `skip`, or what it chooses.
        var act = "success"
    }

    let nodes: [Node]
    private(set) var states: [String: TaskState] = [:]

    init(_ nodes: [Node]) { self.nodes = nodes }

    /// What the rules say of the tasks that have no state: `nil` waits, `.running` may run, the rest is final.
    func verdict(on node: Node) -> TaskState? {
        if isSkippedByDecision(node) { return .skipped }
        let upstream = node.upstream.map { states[$0] }
        if upstream.isEmpty || node.rule == .always { return .running }
        if node.kind != .teardown {
            let setups = indirectSetups(of: node).map { states[$0] }
            if setups.contains(where: { $0 == .failed || $0 == .upstreamFailed }) { return .upstreamFailed }
            if setups.contains(.skipped) { return .skipped }
            let own = ruled(node, upstream)
            return own == .running && !setups.allSatisfy { $0 == .success } ? nil : own
        }
        return ruled(node, upstream)
    }

    private func ruled(_ node: Node, _ states: [TaskState?]) -> TaskState? {
        func count(_ wanted: TaskState...) -> Int { states.count { $0.map(wanted.contains) ?? false } }
        let total = states.count
        let isDone = states.allSatisfy { $0 != nil }
        let bad = count(.failed, .upstreamFailed)
        switch node.rule {
        case .allSuccess:
            if bad > 0 { return .upstreamFailed }
            if count(.skipped) > 0 { return .skipped }
            return count(.success) == total ? .running : nil
        case .allFailed:
            if count(.success, .skipped) > 0 { return .skipped }
            return bad == total ? .running : nil
        case .allDone: return isDone ? .running : nil
        case .allSkipped:
            if bad + count(.success) > 0 { return .skipped }
            return count(.skipped) == total ? .running : nil
        case .oneSuccess:
            if count(.success) > 0 { return .running }
            return !isDone ? nil : count(.skipped) == total ? .skipped : .upstreamFailed
        case .oneFailed: return bad > 0 ? .running : isDone ? .skipped : nil
        case .oneDone: return count(.success, .failed) > 0 ? .running : isDone ? .skipped : nil
        case .noneFailed: return bad > 0 ? .upstreamFailed : isDone ? .running : nil
        case .noneFailedMinOneSuccess:
            if bad > 0 { return .upstreamFailed }
            return !isDone ? nil : count(.success) > 0 ? .running : .skipped
        case .noneSkipped: return count(.skipped) > 0 ? .skipped : isDone ? .running : nil
        case .always: return .running
        case .allDoneMinOneSuccess:
            if count(.skipped) > 0 { return .skipped }
            return !isDone ? nil : count(.success) > 0 ? .running : .upstreamFailed
        case .allDoneSetupSuccess:
            guard isDone else { return nil }
            let setups = zip(node.upstream, states).filter { kind(of: $0.0) == .setup }.map(\.1)
            if setups.isEmpty || setups.contains(.success) { return .running }
            return setups.allSatisfy { $0 == .skipped } ? .skipped : .upstreamFailed
        }
    }

    // MARK: Decisions of branches and short circuits

    private func isSkippedByDecision(_ node: Node) -> Bool {
        guard node.kind != .teardown else { return false }
        return nodes.contains { decider in
            guard states[decider.id] == .success else { return false }
            switch decider.skips {
            case .branch:
                guard let path = node.paths[decider.id], path != decider.act else { return false }
                let chosen = nodes.filter { $0.paths[decider.id] == decider.act && $0.kind != .teardown }
                return !chosen.contains { follows(node.id, $0.id) }
            case .shortCircuit(let skipsAll):
                guard decider.act == "no" else { return false }
                return skipsAll ? follows(node.id, decider.id) : node.upstream.contains(decider.id)
            default: return false
            }
        }
    }

    /// Whether `later` comes after `earlier`, over any number of edges.
    private func follows(_ later: String, _ earlier: String) -> Bool {
        self[later].upstream.contains { $0 == earlier || follows($0, earlier) }
    }

    /// The setups above a task, not directly, that have no teardown or one below the task.
    private func indirectSetups(of node: Node) -> [String] {
        nodes.filter { setup in
            guard setup.kind == .setup, follows(node.id, setup.id), !node.upstream.contains(setup.id) else {
                return false
            }
            let teardowns = nodes.filter { $0.kind == .teardown && $0.upstream.contains(setup.id) }
            return teardowns.isEmpty || teardowns.contains { follows($0.id, node.id) }
        }.map(\.id)
    }

    private func kind(of id: String) -> TaskKind { self[id].kind }

    private subscript(id: String) -> Node { nodes.first { $0.id == id }! }

    // MARK: Playing

    /// Runs one task after the other, each time the one that `pick` chooses among those that may run.
    mutating func play(pick: (Int) -> Int) {
        while true {
            settle()
            let ready = nodes.filter { states[$0.id] == nil && verdict(on: $0) == .running }
            guard !ready.isEmpty else { return }
            let node = ready[pick(ready.count)]
            states[node.id] = node.act == "fail" ? .failed : node.act == "skip" ? .skipped : .success
        }
    }

    private mutating func settle() {
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for node in nodes where states[node.id] == nil {
                guard let state = verdict(on: node), state != .running else { continue }
                states[node.id] = state
                hasChanged = true
            }
        }
    }
}
