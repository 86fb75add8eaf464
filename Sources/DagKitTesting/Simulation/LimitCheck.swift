import DagKitCore

/// Counts what runs by pool, by DAG and in all, and holds it to the limits.
struct LimitCheck {
    private let simulator: Simulator
    private let maxTasks: [DAGID: Int]
    private let maxRuns: [DAGID: Int]

    /// The pools of which deferred instances hold slots.
    private let holdingPools: Set<String>
    private var running = 0
    private var byPool: [String: Int] = [:]
    private var byDAG: [DAGID: Int] = [:]
    private var runsByDAG: [DAGID: Int] = [:]
    private var runsByBackfill: [Int64: Int] = [:]
    private var maxBackfillRuns: [Int64: Int] = [:]

    /// The slots of the pools as the scheduler read them last; one that shrank meanwhile may be over its limit.
    private var slots: [String: Int] = [:]

    /// What was counted since the last check, so that a limit that shrank is not blamed on what ran before.
    private var grownPools: Set<String> = []

    init(_ simulator: Simulator) {
        self.simulator = simulator
        holdingPools = Set(simulator.pools.filter(\.includesDeferred).map(\.name))
        maxTasks = Dictionary(simulator.dags.map { ($0.id, $0.configuration.maxActiveTasks) }) { $1 }
        maxRuns = Dictionary(
            simulator.dags.map { spec in
                let limit = spec.schedule.timetable.maximumActiveRuns ?? .max
                return (spec.id, min(limit, spec.configuration.maxActiveRuns))
            }
        ) { $1 }
    }

    mutating func sawBackfill(_ id: Int64, maxActiveRuns: Int) { maxBackfillRuns[id] = maxActiveRuns }

    /// Whether a DAG, or a backfill of it, may have no more runs under way.
    func isFull(_ dag: DAGID, _ backfill: Int64?, _ count: Int) -> Bool {
        count >= backfill.map { maxBackfillRuns[$0] ?? .max } ?? maxRuns[dag] ?? .max
    }

    mutating func sawPools(_ pools: [Pool]) {
        slots = Dictionary(pools.map { ($0.name, $0.slots) }) { $1 }
    }

    mutating func count(
        _ event: RunEvent, of run: DAGRun, from runBefore: RunState, _ before: TaskInstance?,
        to runAfter: RunState, _ after: TaskInstance?
    ) {
        let dag = run.dagID
        let change = (runAfter == .running ? 1 : 0) - (runBefore == .running ? 1 : 0)
        if let backfill = run.backfillID {
            runsByBackfill[backfill, default: 0] += change
        } else {
            runsByDAG[dag, default: 0] += change
        }
        let (was, isNow) = (before?.state?.isActive == true, after?.state?.isActive == true)
        guard let instance = after else { return }
        if was != isNow {
            running += isNow ? 1 : -1
            byDAG[dag, default: 0] += isNow ? 1 : -1
        }
        let (held, holds) = (holdsSlots(before), holdsSlots(after))
        guard held != holds else { return }
        byPool[instance.pool, default: 0] += holds ? instance.poolSlots : -instance.poolSlots
        if holds { grownPools.insert(instance.pool) }
    }

    private func holdsSlots(_ instance: TaskInstance?) -> Bool {
        guard let instance, let state = instance.state else { return false }
        return state.isActive || (state == .deferred && holdingPools.contains(instance.pool))
    }

    /// The limit that is exceeded; `nil` if none is.
    mutating func excess() -> String? {
        defer { grownPools = [] }
        if running > simulator.parallelism {
            return "\(running) attempts run at once, parallelism is \(simulator.parallelism)"
        }
        for (dag, count) in byDAG where count > maxTasks[dag] ?? .max {
            return "dag \(dag) runs \(count) tasks at once, above max_active_tasks"
        }
        for (dag, count) in runsByDAG where count > maxRuns[dag] ?? .max {
            return "dag \(dag) has \(count) runs at once, above max_active_runs"
        }
        for (backfill, count) in runsByBackfill where count > maxBackfillRuns[backfill] ?? .max {
            return "backfill \(backfill) has \(count) runs at once, above its max_active_runs"
        }
        for pool in grownPools.sorted() where byPool[pool, default: 0] > slots[pool] ?? 0 {
            return "pool \(pool) has \(byPool[pool, default: 0]) slots taken of \(slots[pool] ?? 0)"
        }
        return nil
    }
}
