import DagKit

/// Callbacks, which a scheduler makes and `dagctl dags test` does not.
extension Deployment {
    /// Runs a DAG once, now, and calls back for each task that failed.
    @discardableResult
    func runAndTell(_ dag: some DAG, runID: RunID? = nil) async throws -> RunSnapshot {
        let result = try await run(dag, runID: runID)
        for instance in result.instances where instance.state == .failed {
            try await tell(dag, instance.key, tryNumber: instance.tryNumber, reason: instance.reason)
        }
        return result
    }

    /// Calls back for a task that failed for good.
    func tell(_ dag: some DAG, _ key: TaskInstanceKey, tryNumber: Int = 1, reason: String?) async throws {
        let spec = try DAGSpec(dag)
        let task = spec.tasks[spec.index(of: key.taskID)!]  // the tests name tasks that are there
        for callback in task.callbacks where callback.occasions.contains(.failure) {
            let notice = Notice(
                .taskFailed, at: now, run: key.run, task: key, tryNumber: tryNumber, lastTry: 3,
                reason: reason,
                to: Notice.Receiver(callback.name))
            let context = TaskContext(
                attempt: AttemptOrder(telling: notice, settings: [:]), logger: logger, services: services)
            try await task.notifier(callback.name)?.notify(notice, in: context)
        }
    }
}
