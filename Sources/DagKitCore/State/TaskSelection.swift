/// Which task instances of a run somebody means, for a clear or a mark.
///
/// ```swift
/// let failed = TaskSelection(tasks: ["load"], includesDownstream: true, states: [.failed, .upstreamFailed])
/// machine.advance(.clear(failed.references(in: machine), actor: "ada"), at: now)
/// ```
public struct TaskSelection: Hashable, Sendable {
    /// The tasks that are named; `nil` for all.
    public var tasks: Set<TaskID>?
    public var includesUpstream: Bool
    public var includesDownstream: Bool

    /// The instance of a mapped task that is meant; `nil` for all of them.
    public var mapIndex: Int?

    /// The states that are meant; empty for any.
    public var states: Set<TaskState>

    /// Whether the setups that a named task works under, and their teardowns, come along.
    public var includesScopes: Bool

    public init(
        tasks: Set<TaskID>? = nil, includesUpstream: Bool = false, includesDownstream: Bool = false,
        mapIndex: Int? = nil, states: Set<TaskState> = [], includesScopes: Bool = false
    ) {
        self.tasks = tasks
        self.includesUpstream = includesUpstream
        self.includesDownstream = includesDownstream
        self.mapIndex = mapIndex
        self.states = states
        self.includesScopes = includesScopes
    }

    /// The instances that are meant, in the order of the DAG; ids that the DAG does not have mean nothing.
    ///
    /// - Complexity: O(the tasks and edges of the DAG).
    public func references(in machine: RunMachine) -> [InstanceRef] {
        let named = tasks.map { ids in Set(ids.compactMap(machine.spec.index(of:))) }
        let chosen = named.map { spread($0, in: machine.spec) } ?? Set(machine.spec.tasks.indices)
        return chosen.sorted().flatMap { task in
            machine.references(of: task) { instance in
                if !states.isEmpty, !(instance.state.map(states.contains) ?? false) { return false }
                guard let mapIndex, named?.contains(task) ?? true else { return true }
                return instance.mapIndex == mapIndex
            }
        }
    }

    private func spread(_ named: Set<Int>, in spec: DAGSpec) -> Set<Int> {
        var chosen = named
        if includesUpstream { chosen.formUnion(spec.tasks(reachedFrom: named, by: \.upstream)) }
        if includesDownstream { chosen.formUnion(spec.tasks(reachedFrom: named, by: \.downstream)) }
        guard includesScopes else { return chosen }
        for task in chosen {
            let setups =
                spec.relevantSetups[task] + spec.tasks[task].upstream.filter { isSetup($0, of: spec) }
            for setup in setups {
                chosen.insert(setup)
                chosen.formUnion(spec.tasks[setup].downstream.filter { spec.tasks[$0].kind == .teardown })
            }
        }
        return chosen
    }

    private func isSetup(_ task: Int, of spec: DAGSpec) -> Bool { spec.tasks[task].kind == .setup }
}

extension RunMachine {
    /// The places of a task's instances that are meant.
    func references(of task: Int, where isMeant: (TaskInstance) -> Bool) -> [InstanceRef] {
        nodes[task].instances.enumerated().compactMap { position, instance in
            isMeant(instance) ? InstanceRef(task: task, instance: position) : nil
        }
    }
}

extension DAGSpec {
    /// The tasks that can be reached from `start` over at least one edge.
    func tasks(reachedFrom start: Set<Int>, by neighbours: KeyPath<TaskSpec, [Int]>) -> Set<Int> {
        var found: Set<Int> = []
        var open = Array(start)
        while let next = open.popLast() {
            for neighbour in tasks[next][keyPath: neighbours] where found.insert(neighbour).inserted {
                open.append(neighbour)
            }
        }
        return found
    }
}
