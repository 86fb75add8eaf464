import DagKitCore
import FoundationEssentials

/// What a wait must have come to before it ends, told anew from what was seen in the events.
struct WaitCheck {
    /// The states that runs and tasks have ever been in, by DAG and logical date: what somebody waited for may have
    /// changed again since the scheduler saw it.
    private var seen: [Place: Set<String>] = [:]

    /// The newest instant of an update of each asset, by URI.
    private var updates: [String: Date] = [:]

    private struct Place: Hashable {
        let dag: DAGID
        let date: Date
        var task: TaskID?
    }

    mutating func note(_ run: DAGRun, _ instance: TaskInstance?) {
        guard let date = run.logicalDate else { return }
        seen[Place(dag: run.dagID, date: date), default: []].insert(run.state.rawValue)
        guard let instance, let state = instance.state else { return }
        seen[Place(dag: run.dagID, date: date, task: instance.taskID), default: []].insert(state.rawValue)
    }

    mutating func noteUpdate(of uri: String, at instant: Date) {
        updates[uri] = max(updates[uri] ?? .distantPast, instant)
    }

    /// What is wrong with an event by which an instance begins or ends a wait; `nil` if nothing is.
    func problem(_ event: RunEvent, _ before: TaskInstance, _ run: RunFold) -> String? {
        switch event.kind {
        case .resumed:
            guard before.state == .upForReschedule else { return "and did not wait for a look" }
            return hasCome(before, by: event.at) ? nil : "before its look is due"
        case .deferred:
            guard before.state == .scheduled, before.attemptID == nil else { return "and was not scheduled" }
            return deferral(of: before, run) == nil ? "though it needs a process" : nil
        case .succeeded:
            return hasCome(before, by: event.at) || hasSeenAll(before) ? nil : "though nothing came to pass"
        case .failed where isOver(before, run, by: event.at): return nil
        default: return hasSeenFailure(before) ? nil : "though nothing failed and its time was not up"
        }
    }

    /// What is wrong with an instance that still waits; `nil` if nothing is.
    static func lateness(of instance: TaskInstance, _ run: RunFold, at now: Date) -> String? {
        guard run.run.state == .running, let awaited = instance.awaits else { return nil }
        if case .instant(let due) = awaited, due <= now { return "waits until \(due.isoText), which is past" }
        guard instance.state == .deferred,
            let timeout = run.spec.task(instance.taskID)?.work.deferral?.timeout,
            let start = instance.firstStart
        else { return nil }
        return start + timeout.seconds <= now ? "waits since \(start.isoText), beyond its timeout" : nil
    }

    private func hasCome(_ instance: TaskInstance, by now: Date) -> Bool {
        if case .instant(let due) = instance.awaits { return due <= now }
        return false
    }

    private func isOver(_ instance: TaskInstance, _ run: RunFold, by now: Date) -> Bool {
        guard let timeout = deferral(of: instance, run)?.timeout, let start = instance.firstStart else {
            return false
        }
        return start + timeout.seconds <= now + 0.000_001
    }

    private func deferral(of instance: TaskInstance, _ run: RunFold) -> Deferral? {
        run.spec.task(instance.taskID)?.work.deferral
    }

    private func hasSeenAll(_ instance: TaskInstance) -> Bool {
        if case .asset(let wait) = instance.awaits {
            return updates[wait.uri].map { $0 >= wait.since } ?? false
        }
        guard case .runs(let wait) = instance.awaits else { return false }
        return places(of: wait).allSatisfy { !(seen[$0] ?? []).isDisjoint(with: wait.allowed) }
    }

    private func hasSeenFailure(_ instance: TaskInstance) -> Bool {
        guard case .runs(let wait) = instance.awaits else { return false }
        return places(of: wait).contains { !(seen[$0] ?? []).isDisjoint(with: wait.failed) }
    }

    private func places(of wait: ExternalWait) -> [Place] {
        wait.logicalDates.flatMap { date in
            let run = Place(dag: wait.dagID, date: date)
            return wait.tasks.isEmpty
                ? [run] : wait.tasks.map { Place(dag: wait.dagID, date: date, task: $0) }
        }
    }
}
