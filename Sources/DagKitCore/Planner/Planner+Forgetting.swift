// How the planner ceases to follow a run before its end.

extension Planner {
    /// Drops what is known of a run; its slots are freed.
    public mutating func forget(_ key: RunKey) {
        guard stopFollowing(key) || aside.contains(key) else { return }
        aside.remove(key)
        for (attempt, slot) in running where slot.run == key { release(attempt) }
        dags[key.dagID]?.activeRuns.remove(key)
        var queued = Heap<QueuedRun>()
        while let run = dags[key.dagID]?.queuedRuns.removeFirst() { if run.key != key { queued.insert(run) } }
        dags[key.dagID]?.queuedRuns = queued
        leaveBackfill(key)
        dueDAGs.insert(key.dagID)
        waitingDAGs.insert(key.dagID)
    }

    /// Drops what is known of a run that cannot be gone on with, but for what its running attempts hold: the run and they
    /// count against all limits until they end, or until the run is taken anew.
    ///
    /// - Complexity: O(running attempts + queued runs of the DAG).
    package mutating func setAside(_ key: RunKey) {
        guard holdsSlots(key) else { return forget(key) }
        stopFollowing(key)
        aside.insert(key)
    }

    /// Counts the attempts of a run whose DAG is not known.
    mutating func setAside(_ snapshot: RunSnapshot) {
        guard !snapshot.run.state.isFinished else { return }
        for instance in snapshot.instances where instance.state?.isActive == true { occupy(instance) }
        if holdsSlots(snapshot.run.key) { aside.insert(snapshot.run.key) }
    }

    /// Whether attempts of a run are counted.
    func holdsSlots(_ run: RunKey) -> Bool { running.values.contains { $0.run == run } }

    @discardableResult
    private mutating func stopFollowing(_ key: RunKey) -> Bool {
        forgetWaits(of: key)
        guard machines.remove(key) else { return false }
        floors[key] = nil
        alarms[key] = nil
        forgetPast(of: key)
        return true
    }
}
