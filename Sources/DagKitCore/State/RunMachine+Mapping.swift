import FoundationEssentials

extension RunMachine {
    /// Gives a mapped task its instances, if what it is mapped over is there; `false` if it has none now.
    mutating func expandIfReady(_ task: TaskSpec, at now: Date) -> Bool {
        let summary = InstanceRef(task: task.index, instance: 0)
        guard sourcesAreDone(of: task) else {
            // Some rules settle the task before all is known.
            if case .settle(let state) = decision(summary) { settle(summary, state, at: now) }
            return false
        }
        if let state = settledBySources(task) {
            settle(summary, state, at: now)
            return false
        }
        if let group = task.mapGroup {
            expand(group, at: now)
        } else {
            switch decision(summary) {
            case .wait: return false
            case .settle(let state): settle(summary, state, at: now)
            case .run: expand([task], to: count(of: task), at: now)
            }
        }
        return nodes[task.index].isExpanded
    }

    func sourcesAreDone(of task: TaskSpec) -> Bool {
        task.mapSources.allSatisfy { nodes[$0].open == 0 }
    }

    /// The state that what is mapped over gives a mapped task, whatever its trigger rule; `nil` if it can have instances.
    func settledBySources(_ task: TaskSpec) -> TaskState? {
        var hasNothing = false
        for source in task.mapSources {
            let states = nodes[source].instances.compactMap(\.state)
            if states.contains(.failed) || states.contains(.upstreamFailed) { return .upstreamFailed }
            if !states.contains(.success) { hasNothing = true }
        }
        return hasNothing ? .skipped : nil
    }

    /// How many instances a mapped task gets.
    private func count(of task: TaskSpec) -> Int {
        task.mapping?.count { source in
            guard let index = spec.index(of: source) else { return 0 }
            if spec.tasks[index].isMapped { return nodes[index].instances.count { $0.state == .success } }
            return outputCounts[source] ?? 0
        } ?? 0
    }

    /// Gives all tasks of a mapped group that have not been settled their instances at once.
    private mutating func expand(_ group: String, at now: Date) {
        let members = (spec.mapMembers[group] ?? []).filter {
            !nodes[$0].isExpanded && nodes[$0].instances[0].state == nil
        }
        guard let first = members.first else { return }
        expand(members.map { spec.tasks[$0] }, to: count(of: spec.tasks[first]), at: now)
        for member in members where nodes[member].isExpanded { queue.append(member) }
    }

    private mutating func expand(_ tasks: [TaskSpec], to count: Int, at now: Date) {
        let limit = spec.configuration.maxMapLength
        for task in tasks where count == 0 || count > limit {
            change(
                InstanceRef(task: task.index, instance: 0), count == 0 ? .skipped : .failed, at: now,
                reason: count == 0
                    ? "nothing to map over"
                    : "\(count) instances are more than the dag's max_map_length of \(limit)")
        }
        guard count > 0, count <= limit else { return }
        for task in tasks {
            nodes[task.index].instances = (0..<count).map { task.newInstance(of: run.key, mapIndex: $0) }
            nodes[task.index].isExpanded = true
            unfinished += count - 1
            for position in 0..<count { changed.insert(InstanceRef(task: task.index, instance: position)) }
            record(
                RunEvent(
                    .expanded, run: run.key, at: now, taskID: task.id,
                    detail: ["count": .integer(Int64(count))]))
        }
        for task in tasks { recount(task, count) }
    }

    /// Counts the new instances of a task for those that depend on it: instance by instance within a mapped group, all
    /// together elsewhere.
    private mutating func recount(_ task: TaskSpec, _ count: Int) {
        let isSetup = task.kind == .setup
        for target in task.downstream where !isAligned(task.index, target) {
            nodes[target].tally.total += count - 1
            if isSetup { nodes[target].tally.setups += count - 1 }
        }
        for target in spec.guardedBySetup[task.index] where !isAligned(task.index, target) {
            nodes[target].setups.total += count - 1
            if isSetup { nodes[target].setups.setups += count - 1 }
        }
        guard task.mapGroup != nil else { return }
        nodes[task.index].aligned = [Aligned](repeating: Aligned(), count: count)
        for source in task.upstream where isAligned(source, task.index) {
            let setups = spec.tasks[source].kind == .setup ? 1 : 0
            nodes[task.index].tally.total -= 1
            nodes[task.index].tally.setups -= setups
            for position in 0..<count {
                nodes[task.index].aligned[position].tally.total += 1
                nodes[task.index].aligned[position].tally.setups += setups
            }
        }
        for source in spec.relevantSetups[task.index] where isAligned(source, task.index) {
            nodes[task.index].setups.total -= 1
            nodes[task.index].setups.setups -= 1
            for position in 0..<count {
                nodes[task.index].aligned[position].setups.total += 1
                nodes[task.index].aligned[position].setups.setups += 1
            }
        }
    }

    /// Whether two tasks of a mapped group follow each other instance by instance.
    func isAligned(_ source: Int, _ target: Int) -> Bool {
        guard let group = spec.tasks[target].mapGroup, spec.tasks[source].mapGroup == group else {
            return false
        }
        return nodes[source].isExpanded && nodes[target].isExpanded
    }

    /// Counts, for a run that is read from a store, what stands instance by instance.
    mutating func align(_ task: TaskSpec) {
        guard nodes[task.index].isExpanded else { return }
        var aligned = [Aligned](repeating: Aligned(), count: nodes[task.index].instances.count)
        for source in task.upstream where isAligned(source, task.index) {
            let isSetup = spec.tasks[source].kind == .setup
            for (position, instance) in nodes[source].instances.enumerated()
            where aligned.indices.contains(position) {
                aligned[position].tally.add(instance, isSetup: isSetup)
            }
        }
        for source in spec.relevantSetups[task.index] where isAligned(source, task.index) {
            for (position, instance) in nodes[source].instances.enumerated()
            where aligned.indices.contains(position) {
                aligned[position].setups.add(instance, isSetup: true)
            }
        }
        nodes[task.index].aligned = aligned
    }

    // MARK: Limits

    /// Why a task cannot be mapped over what it returned; `nil` if it can, or nobody does.
    func mappingProblem(_ task: TaskSpec, _ output: EncodedOutput?) -> String? {
        guard let reader = spec.mapReaders[task.index]?.first, !task.isMapped else { return nil }
        let name = spec.tasks[reader].id
        guard let count = output?.count else {
            return output == nil
                ? nil : "task \"\(task.id)\" returned no list, and \"\(name)\" is mapped over it"
        }
        let limit = spec.configuration.maxMapLength
        guard count > limit else { return nil }
        return "task \"\(task.id)\" returned \(count) elements, and \"\(name)\" may be mapped over \(limit); "
            + "raise max_map_length, or return fewer"
    }

    /// A list that is there anew may have another length: instances that it has no element for are removed, those of
    /// them that run once their attempts are dead; new elements get theirs.
    mutating func resizeReaders(of source: Int, at now: Date) {
        for reader in spec.mapReaders[source] ?? [] where nodes[reader].isExpanded {
            let task = spec.tasks[reader]
            let (old, new) = (nodes[reader].instances.count, count(of: task))
            for position in stride(from: new, to: old, by: 1) {
                let reference = InstanceRef(task: reader, instance: position)
                drop(reference, reason: "the list has \(new) elements now", at: now)
            }
            guard new > old, new <= spec.configuration.maxMapLength else { continue }
            append(task, from: old, to: new, at: now)
        }
    }

    private mutating func drop(_ reference: InstanceRef, reason: String, at now: Date) {
        let instance = self[reference]
        if instance.isFinished { return }
        guard instance.state?.isActive == true else {
            return change(reference, .removed, at: now, reason: reason)
        }
        guard instance.endRequest == nil || instance.endRequest == .clear else { return }
        request(.remove, of: reference, reason: reason, by: RunEvent.scheduler, at: now)
    }

    private mutating func append(_ task: TaskSpec, from old: Int, to new: Int, at now: Date) {
        let index = task.index
        for position in old..<new {
            nodes[index].instances.append(task.newInstance(of: run.key, mapIndex: position))
            changed.insert(InstanceRef(task: index, instance: position))
        }
        unfinished += new - old
        record(
            RunEvent(
                .expanded, run: run.key, at: now, taskID: task.id, detail: ["count": .integer(Int64(new))]))
        let isSetup = task.kind == .setup
        for target in task.downstream where !isAligned(index, target) {
            nodes[target].tally.total += new - old
            if isSetup { nodes[target].tally.setups += new - old }
        }
        for target in spec.guardedBySetup[index] where !isAligned(index, target) {
            nodes[target].setups.total += new - old
            nodes[target].setups.setups += new - old
        }
        queue.append(index)
        guard task.mapGroup != nil else { return }
        for _ in old..<new {
            var aligned = Aligned()
            for source in task.upstream where isAligned(source, index) {
                aligned.tally.total += 1
                if spec.tasks[source].kind == .setup { aligned.tally.setups += 1 }
            }
            for source in spec.relevantSetups[index] where isAligned(source, index) {
                aligned.setups.total += 1
                aligned.setups.setups += 1
            }
            nodes[index].aligned.append(aligned)
        }
    }
}

extension UpstreamTally {
    /// Counts an instance with its state.
    mutating func add(_ instance: TaskInstance, isSetup: Bool) {
        total += 1
        if isSetup { setups += 1 }
        count(instance.state, isSetup: isSetup)
    }
}
