import DagKitCore
import FoundationEssentials

extension DAGSpec {
    /// The DAG as a simulation runs it: not paused, and without scheduled runs after the end of the simulation.
    func simulated(through end: Date) -> DAGSpec {
        var draft = draft()
        draft.configuration.isPausedAtCreation = false
        return (try? DAGSpec(draft, schedule: schedule.ending(at: end))) ?? self
    }

    /// The DAG without one of its tasks; `nil` if what is left is no DAG.
    func dropping(_ task: Int) -> DAGSpec? {
        let id = tasks[task].id
        var draft = draft()
        draft.tasks.removeAll { $0.id == id }
        for place in draft.tasks.indices {
            draft.tasks[place].edges.removeAll { $0.upstream == id }
            if draft.tasks[place].mapping?.sources.contains(id) == true { draft.tasks[place].mapping = nil }
        }
        return draft.tasks.isEmpty ? nil : try? DAGSpec(draft, schedule: schedule)
    }
}
