import Synchronization

extension InMemoryStore {
    public func pastRun(_ query: PastQuery) async throws -> PastRun? {
        contents.withLock { $0.pastRun(query) }
    }
}

extension InMemoryStore.Contents {
    fileprivate func pastRun(_ query: PastQuery) -> PastRun? {
        var newest: InMemoryStore.StoredRun?
        var earlier: [InMemoryStore.StoredRun] = []
        for stored in runs.values where stored.run.dagID == query.dagID {
            guard let date = stored.run.logicalDate, date < query.before else { continue }
            earlier.append(stored)
            if query.leavesOutManualRuns, stored.run.type == .manual { continue }
            if newest?.run.logicalDate.map({ $0 < date }) ?? true { newest = stored }
        }
        guard let newest, let date = newest.run.logicalDate, query.since.map({ date >= $0 }) ?? true else {
            return nil
        }
        var passed: [TaskID: Bool] = [:]
        for instance in newest.instances.values where query.tasks.contains(instance.taskID) {
            let isDone = instance.state?.letsTheNextRunStart ?? false
            passed[instance.taskID] = isDone && passed[instance.taskID] ?? true
        }
        let missing = query.tasks.filter { passed[$0] == nil }
        let known = missing.filter { task in
            earlier.contains { $0.instances.keys.contains { $0.taskID == task } }
        }
        return PastRun(
            key: newest.run.key, logicalDate: date, passed: passed, knownEarlier: Set(known))
    }
}
