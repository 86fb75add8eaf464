import FoundationEssentials

// A task that depends on its past is asked about once all else lets it start: the machine knows its own run alone.
// Whoever drives it answers with `Event.past`; until then the instance stays as it is.

extension RunMachine {
    /// Whether a task that could start has to ask about the run before first.
    func asksAboutPast(_ task: TaskSpec) -> Bool {
        task.pastRule != nil && run.logicalDate != nil && !ignoresPast && pastIsMet != task.index
    }

    /// Whether a task has to ask about the run before even to be skipped.
    func asksBeforeSkipping(_ task: TaskSpec) -> Bool {
        task.pastRule?.waitsBeforeSkipping == true && asksAboutPast(task)
    }

    mutating func askAboutPast(_ task: TaskSpec) {
        if step.questions.last != task.index { step.questions.append(task.index) }
    }

    /// The tasks of which something would start if the run before allowed it, or waits for a slot.
    func openQuestions(at now: Date) -> [Int] {
        spec.pastTasks.filter { task in
            asksAboutPast(spec.tasks[task])
                && nodes[task].instances.indices.contains { position in
                    let reference = InstanceRef(task: task, instance: position)
                    return self[reference].state == .scheduled || waitsForPast(reference, at: now)
                }
        }
    }

    /// Whether an instance would start but for the run before.
    private func waitsForPast(_ reference: InstanceRef, at now: Date) -> Bool {
        let instance = self[reference]
        if instance.state == .upForRetry { return instance.nextTryAt.map { $0 <= now } ?? false }
        guard instance.state == nil else { return false }
        let task = spec.tasks[reference.task]
        if skipDecider(of: task.index) != nil { return asksBeforeSkipping(task) }
        guard nodes[task.index].isExpanded else {
            guard asksBeforeSkipping(task) else { return false }
            if decision(reference) == .settle(.skipped) { return true }
            return sourcesAreDone(of: task) && settledBySources(task) == .skipped
        }
        switch decision(reference) {
        case .run: return true
        case .settle(.skipped): return asksBeforeSkipping(task)
        case .settle, .wait: return false
        }
    }

    /// Takes what the run before says of some tasks: what it lets start starts, the rest says what it waits for.
    mutating func take(_ answers: [Int: PastAnswer], at now: Date) {
        guard run.state == .running, !isEnding else { return }
        for (task, answer) in answers.sorted(by: { $0.key < $1.key }) {
            if answer == .met {
                pastIsMet = task
                defer { pastIsMet = nil }
                beginRetries(of: task, at: now)
                evaluate(task, at: now)
                continue
            }
            for position in nodes[task].instances.indices {
                let reference = InstanceRef(task: task, instance: position)
                let waits = waitsForPast(reference, at: now)
                switch answer {
                case .met: break
                case .waits(let obstacle) where waits: wait(reference, for: obstacle, at: now)
                case .waits(let obstacle): explainWait(reference, reason: obstacle.reason, at: now)
                }
            }
        }
    }

    /// Begins the next try of the instances whose time for it has come.
    private mutating func beginRetries(of task: Int, at now: Date) {
        for position in nodes[task].instances.indices {
            let reference = InstanceRef(task: task, instance: position)
            if self[reference].state == .upForRetry, waitsForPast(reference, at: now) {
                begin(reference, at: now)
            }
        }
    }

    private mutating func wait(_ reference: InstanceRef, for obstacle: PastObstacle, at now: Date) {
        let instance = self[reference]
        let reason =
            instance.state == .upForRetry ? obstacle.reason(beside: instance.reason) : obstacle.reason
        if instance.reason != reason { change(reference, .waiting, at: now, reason: reason) }
    }

    /// Whether something waits for the run before, so that the run is not stuck by itself.
    func isHeldByPast(at now: Date) -> Bool {
        spec.pastTasks.contains { task in
            asksAboutPast(spec.tasks[task])
                && nodes[task].instances.indices.contains {
                    waitsForPast(InstanceRef(task: task, instance: $0), at: now)
                }
        }
    }

    /// Whether all instances of a task succeeded or were skipped; `nil` if the run has no such task.
    func hasPassed(_ id: TaskID) -> Bool? {
        guard let task = spec.index(of: id) else { return nil }
        return nodes[task].passed == nodes[task].instances.count
    }
}

/// What a task is told about the run before.
public enum PastAnswer: Hashable, Sendable {
    /// Nothing is to be waited for.
    case met
    case waits(PastObstacle)
}
