// What a planner says of runs in which nothing happens any more by itself.

extension Planner {
    /// An open run that waits for somebody: nothing of it runs, and no instant changes anything.
    package struct HeldRun: Sendable {
        package let key: RunKey

        /// What it waits for, in words; `nil` where that is not known.
        package let reason: String?
    }

    /// Whether nothing happens any more by itself before the next schedule: what open runs there are wait for somebody, who
    /// unpauses their DAG or gives their pool slots.
    package var isAtRest: Bool { running.isEmpty && alarms.isEmpty && deferred.isEmpty && !hasMoreToDo }

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
