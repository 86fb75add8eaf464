import DagKitCore
import FoundationEssentials

/// What tasks that depend on their past ask of the run before, told anew from the documentation and not from the code.
struct PastCheck {
    /// Why a task may not start in a run; `nil` if it may.
    ///
    /// - Parameter runs: All runs of the DAG as they stand.
    func obstacle(to task: TaskSpec, of fold: RunFold, among runs: some Sequence<RunFold>) -> String? {
        guard let rule = task.pastRule, let date = fold.run.logicalDate else { return nil }
        let isRow = fold.spec.schedule.bounds.catchup == .all
        let earlier = runs.filter { other in
            guard let then = other.run.logicalDate, other.run.dagID == fold.run.dagID else { return false }
            return then < date && !(isRow && other.run.type == .manual)
        }
        let before = earlier.max { ($0.run.logicalDate ?? date) < ($1.run.logicalDate ?? date) }
        guard let before, let then = before.run.logicalDate else { return nil }
        if isRow, let start = fold.spec.schedule.bounds.earliest, then < start { return nil }
        let wanted = [task.index] + (rule.includesDownstream ? task.downstream : [])
        for id in wanted.map({ fold.spec.tasks[$0].id }) {
            for instance in before.instances(of: id)
            where ![.success, .skipped, .removed].contains(instance.state) {
                return "\(instance.taskID) of \(before.run.key) is \(instance.state?.rawValue ?? "none")"
            }
        }
        return nil
    }

    /// Whether an open run waits for the run before with good reason: nothing of it runs, and something may not start.
    func explains(_ fold: RunFold, among runs: some Sequence<RunFold>) -> Bool {
        let open = fold.snapshot.instances.filter { !$0.isFinished }
        let held = open.filter { instance in
            guard let task = fold.spec.task(instance.taskID) else { return false }
            return obstacle(to: task, of: fold, among: runs) != nil
        }
        let resting: Set<TaskState?> = [nil, .upForRetry]
        return !held.isEmpty
            && open.allSatisfy { instance in
                // One that waited for a slot already is held, too, if a run comes in between.
                resting.contains(instance.state) || (instance.state == .scheduled && held.contains(instance))
            }
    }
}
