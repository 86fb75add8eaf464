/// What the planner needs of a graph besides its edges, worked out once per DAG.
struct GraphFacts: Sendable {
    /// For each task, the setups whose scope holds it without being direct upstream tasks: those further up that
    /// have no teardown, or one downstream of the task. Direct ones count under the task's own trigger rule alone.
    let relevantSetups: [[Int]]

    /// The reverse of ``relevantSetups``: for each setup, the tasks that it guards.
    let guardedBySetup: [[Int]]

    /// The tasks whose states make the verdict on a run: those followed by nothing but ignored teardowns.
    let verdictLeaves: [Int]

    /// For each branch, the tasks on its paths.
    let choices: [Int: BranchChoices]

    /// The tasks of each mapped group.
    let mapMembers: [String: [Int]]

    /// For each task, the tasks that are mapped over its output.
    let mapReaders: [Int: [Int]]

    /// The tasks that ask about the run before.
    let pastTasks: [Int]

    init(_ tasks: [TaskSpec]) {
        let setups = Self.relevantSetups(tasks)
        relevantSetups = setups
        var guarded = [[Int]](repeating: [], count: tasks.count)
        for (task, sources) in setups.enumerated() { for source in sources { guarded[source].append(task) } }
        guardedBySetup = guarded
        let leaves = tasks.indices.filter { index in
            !tasks[index].isIgnoredByVerdict
                && tasks[index].downstream.allSatisfy { tasks[$0].isIgnoredByVerdict }
        }
        verdictLeaves = leaves.isEmpty ? tasks.indices.filter { tasks[$0].downstream.isEmpty } : leaves
        let branches = tasks.filter { $0.skipRule == .branch }.map {
            ($0.index, BranchChoices(of: $0, tasks))
        }
        choices = Dictionary(uniqueKeysWithValues: branches)
        var members: [String: [Int]] = [:]
        var readers: [Int: [Int]] = [:]
        for task in tasks where task.isMapped {
            if let group = task.mapGroup { members[group, default: []].append(task.index) }
            for source in task.mapSources { readers[source, default: []].append(task.index) }
        }
        mapMembers = members
        mapReaders = readers
        pastTasks = tasks.indices.filter { tasks[$0].pastRule != nil }
    }

    private static func relevantSetups(_ tasks: [TaskSpec]) -> [[Int]] {
        var relevant = [[Int]](repeating: [], count: tasks.count)
        for setup in tasks where setup.kind == .setup {
            let teardowns = setup.downstream.filter { tasks[$0].kind == .teardown }
            let direct = Set(setup.downstream)
            let below = reached(from: [setup.index], tasks) { $0.downstream }
            let above = teardowns.isEmpty ? below : reached(from: teardowns, tasks) { $0.upstream }
            for task in below.intersection(above) where task != setup.index && !direct.contains(task) {
                relevant[task].append(setup.index)
            }
        }
        return relevant
    }

    /// The tasks that are reached from `start` over at least one step.
    static func reached(
        from start: [Int], _ tasks: [TaskSpec], by neighbours: (TaskSpec) -> [Int]
    ) -> Set<Int> {
        var found: Set<Int> = []
        var open = start
        while let next = open.popLast() {
            for neighbour in neighbours(tasks[next]) where found.insert(neighbour).inserted {
                open.append(neighbour)
            }
        }
        return found
    }
}

/// The tasks on the paths of a branch, and which of them follow which.
struct BranchChoices: Sendable {
    /// The first tasks on each path.
    private(set) var targets: [String: [Int]] = [:]

    /// For each of those tasks, the others among them that follow it.
    private var followers: [Int: Set<Int>] = [:]

    /// The first tasks on any path, ascending; teardowns are not among them.
    private(set) var all: [Int] = []

    init() {}

    init(of branch: TaskSpec, _ tasks: [TaskSpec]) {
        for target in branch.downstream where tasks[target].kind != .teardown {
            for path in tasks[target].paths[branch.index] ?? [] { targets[path, default: []].append(target) }
            if tasks[target].paths[branch.index] != nil { all.append(target) }
        }
        for target in all {
            followers[target] = GraphFacts.reached(from: [target], tasks) { $0.downstream }.intersection(all)
        }
    }

    /// The tasks that are skipped where these paths are chosen: those on other paths that follow no chosen one.
    func skipped(choosing paths: [String]) -> [Int] {
        let chosen = Set(paths.flatMap { targets[$0] ?? [] })
        let kept = chosen.reduce(into: chosen) { kept, target in kept.formUnion(followers[target] ?? []) }
        return all.filter { !kept.contains($0) }
    }
}
