import FoundationEssentials

// A DAG may change while its runs are under way. A run that is read from the store takes the shape of the DAG as it is
// now: what the two do not have in common is told by events, so that the fold of all events stays the state.

extension RunMachine {
    /// The reason of an instance whose task the DAG no longer has.
    public static let lostTask = "the task is no longer part of the dag"

    /// The reason of an instance that starts anew since its task came back.
    static let returnedTask = "the task is part of the dag again"

    /// Lets the run follow the structure of its DAG as it is now.
    mutating func follow(_ fit: StructureFit, at now: Date) {
        if run.structureHash != spec.structureHash {
            record(
                RunEvent(
                    .versionChanged, run: run.key, at: now, reason: fit.description,
                    detail: [
                        "structure_hash": .string(spec.structureHash),
                        "previous_hash": .string(run.structureHash),
                    ]))
        }
        for instance in fit.lost {
            if instance.state?.isActive == true {
                displace(instance, at: now)
            } else {
                remove(instance, at: now)
            }
        }
        for task in fit.added {
            changed.insert(InstanceRef(task: task, instance: 0))
            record(RunEvent(.added, run: run.key, at: now, taskID: spec.tasks[task].id))
        }
        for task in fit.returned {
            for place in nodes[task].instances.indices where nodes[task].instances[place].isLost {
                reset(
                    InstanceRef(task: task, instance: place),
                    reason: Self.returnedTask, at: now)
            }
        }
    }

    /// Removes an instance that the DAG no longer has a place for, and of which nothing runs.
    private mutating func remove(_ instance: TaskInstance, at now: Date) {
        _ = change(displaced: instance, .removed, at: now, reason: Self.lostTask)
    }

    /// Lets an instance whose attempt runs wait for the end of that attempt: it is removed then, and not before.
    ///
    /// What somebody asked for earlier stays asked for, but for a new start, which there is no place for.
    private mutating func displace(_ instance: TaskInstance, at now: Date) {
        unfinished += 1
        active += 1
        guard instance.endRequest == nil || instance.endRequest == .clear else {
            return displaced.append(instance)
        }
        displaced.append(
            change(
                displaced: instance, .endRequested, at: now, reason: Self.lostTask,
                detail: ["request": .string(EndRequest.remove.rawValue)]))
        if let attempt = instance.attemptID {
            lostAttempts.append(AttemptKill(attempt, reason: Self.lostTask))
        }
    }

    /// Takes the end of a displaced instance's attempt; false if it is that of no such instance.
    mutating func finishDisplaced(_ outcome: AttemptOutcome, at now: Date) -> Bool {
        guard
            let place = displaced.firstIndex(where: {
                $0.key == outcome.key && $0.attemptID == outcome.attemptID
            })
        else { return false }
        let instance = displaced.remove(at: place)
        unfinished -= 1
        active -= 1
        let kind: RunEvent.Kind =
            switch instance.endRequest {
            case .success: .succeeded
            case .failed, .failFast: .failed
            case .clear, .remove, nil: .removed
            }
        _ = change(
            displaced: instance, kind, at: max(outcome.endedAt, now), reason: instance.reason,
            detail: outcome.facts)
        return true
    }

    /// Changes an instance that has no place in the DAG by an event.
    private mutating func change(
        displaced instance: TaskInstance, _ kind: RunEvent.Kind, at now: Date, reason: String?,
        detail: [String: JSONValue] = [:]
    ) -> TaskInstance {
        var changed = instance
        let event = RunEvent(
            kind, run: run.key, at: now, taskID: instance.taskID, mapIndex: instance.mapIndex,
            tryNumber: instance.tryNumber, attemptID: instance.attemptID, reason: reason,
            detail: detail.isEmpty ? .null : .object(detail))
        changed.apply(event)
        pending.instances.removeAll { $0.key == instance.key }
        pending.instances.append(changed)
        record(event)
        return changed
    }
}

/// What the instances of a run and the structure of its DAG have in common, and what not.
struct StructureFit: CustomStringConvertible {
    /// By task index: the instances that the run goes on with, by map index; at least one.
    private(set) var instances: [[TaskInstance]]

    /// Unfinished instances that the DAG no longer has a place for; those that run among them.
    private(set) var lost: [TaskInstance] = []

    /// The tasks that the run had no instance of, by index.
    private(set) var added: [Int] = []

    /// The tasks that were lost before and are back, by index.
    private(set) var returned: [Int] = []
    private var names: [TaskID] = []

    init(_ snapshot: RunSnapshot, _ spec: DAGSpec) {
        instances = [[TaskInstance]](repeating: [], count: spec.tasks.count)
        var orphans: [TaskInstance] = []
        for instance in snapshot.instances {
            if let index = spec.index(of: instance.taskID) {
                instances[index].append(instance)
            } else {
                orphans.append(instance)
            }
        }
        for task in spec.tasks {
            orphans += keep(of: task)
            if instances[task.index].isEmpty {
                instances[task.index] = [task.newInstance(of: snapshot.run.key)]
                added.append(task.index)
                names.append(task.id)
            } else if instances[task.index].contains(where: \.isLost) {
                returned.append(task.index)
                names.append(task.id)
            }
        }
        lost = orphans.filter { !$0.isFinished }
    }

    /// Keeps the instances that a task has now, by map index, and gives the others.
    ///
    /// A task that is mapped no longer has one instance again; one that was expanded has none that stands for all.
    private mutating func keep(of task: TaskSpec) -> [TaskInstance] {
        let found = instances[task.index]
        let isExpanded = task.isMapped && found.contains { $0.mapIndex >= 0 }
        guard found.count > 1 || found.first.map({ ($0.mapIndex >= 0) != isExpanded }) ?? false else {
            return []
        }
        instances[task.index] = found.filter { ($0.mapIndex >= 0) == isExpanded }.sorted {
            $0.mapIndex < $1.mapIndex
        }
        return found.filter { ($0.mapIndex >= 0) != isExpanded }
    }

    /// The change in words: `the dag changed: removed load; added clean, check`.
    var description: String {
        var gone: [TaskID] = []
        for instance in lost where gone.last != instance.taskID { gone.append(instance.taskID) }
        var parts: [String] = []
        if !gone.isEmpty { parts.append("removed \(Self.list(gone))") }
        if !names.isEmpty { parts.append("added \(Self.list(names))") }
        return "the dag changed" + (parts.isEmpty ? "" : ": " + parts.joined(separator: "; "))
    }

    /// The first names; a reason is one line.
    private static func list(_ names: [TaskID]) -> String {
        let shown = names.prefix(5).map(\.rawValue).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }
}

extension TaskInstance {
    /// Whether its task was no longer part of the DAG.
    fileprivate var isLost: Bool { state == .removed && reason == RunMachine.lostTask }
}
