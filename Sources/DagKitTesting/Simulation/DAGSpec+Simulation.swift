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

extension Simulator {
    /// A DAG as ``SimulatedFault/redeploy(step:dag:without:)`` deploys it; `nil` if there is none.
    func spec(_ dag: Int, without task: Int?) -> DAGSpec? {
        guard dags.indices.contains(dag) else { return nil }
        guard let task else { return dags[dag] }
        return dags[dag].tasks.indices.contains(task) ? dags[dag].dropping(task) : nil
    }

    /// Every structure that a DAG has in the course of the simulation.
    func structures(of dag: DAGID) -> [DAGSpec] {
        guard let place = dags.firstIndex(where: { $0.id == dag }) else { return [] }
        let changed = faults.compactMap { fault -> DAGSpec? in
            guard case .redeploy(_, place, let task) = fault else { return nil }
            return spec(place, without: task)
        }
        return [dags[place]] + changed
    }
}
