// What a planner says of runs in which nothing happens any more by itself.

extension Planner {
    /// An open run that waits for somebody: nothing of it runs, and no instant changes anything.
    package struct HeldRun: Sendable {
        package let key: RunKey

        /// What it waits for, in words; `nil` where that is not known.
        package let reason: String?
    }

    /// Whether nothing happens any more by itself before the next schedule: what open runs there are wait for somebody, who
    /// unpauses their DAG or gives their pool slots. That such a run may come too late until then is no work.
    ///
    /// - Complexity: O(the instances of the open runs) where nothing runs, else O(1).
    package var isAtRest: Bool {
        running.isEmpty && deferred.isEmpty && !hasMoreToDo && !alarms.keys.contains(where: goesOnByItself)
    }

    /// Whether a task of a run starts by itself when its time has come.
    private func goesOnByItself(_ run: RunKey) -> Bool {
        guard dags[run.dagID]?.isPaused == false || backfill(of: run) != nil else { return false }
        return machines.read(run) { machine in
            machine.instances.contains { $0.state == .upForRetry || $0.state == .upForReschedule }
        } ?? false
    }

    /// The open runs, by DAG and run id, with what they wait for.
    ///
    /// - Complexity: O(the instances of the open runs).
    package var heldRuns: [HeldRun] {
        machines.values.map { machine in
            let waiting = machine.instances.lazy.filter { !$0.isFinished }.compactMap(\.reason).first
            return HeldRun(key: machine.run.key, reason: waiting ?? machine.run.reason)
        }.sorted { $0.key < $1.key }
    }
}
