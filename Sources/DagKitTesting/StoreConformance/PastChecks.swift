import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// What is asked about the run before a run.
    static var pastChecks: [Check] {
        [
            Check("the run before is the one of the newest earlier logical date") { store, findings in
                let noon = Date.conformanceNoon
                for (id, offset) in [("b", 60.0), ("a", 0), ("c", 120)] {
                    let run = DAGRun.conformance(RunID(id), logicalDate: noon + offset)
                    _ = try await store.apply(run.creation(["load"]))
                }
                let other = DAGRun.conformance("o", of: "other", logicalDate: noon + 100)
                _ = try await store.apply(other.creation(["load"]))
                func before(_ offset: Double) async throws -> RunID? {
                    try await store.pastRun(
                        PastQuery(dagID: "market", before: noon + offset, tasks: ["load"]))?.key.runID
                }
                findings.equal(try await before(120), "b", "the run before the third")
                findings.equal(try await before(0), nil, "the run before the first")
                findings.equal(try await before(500), "c", "the newest run")
            },
            Check("manual runs, and what lies before the start, are left out where asked for") {
                store, findings in
                let noon = Date.conformanceNoon
                let runs: [DAGRun] = [
                    .conformance("s", type: .scheduled, logicalDate: noon),
                    .conformance("f", type: .backfill, logicalDate: noon + 60),
                    .conformance("m", type: .manual, logicalDate: noon + 120),
                ]
                for run in runs { _ = try await store.apply(run.creation()) }
                func found(since: Date? = nil, leavesOut: Bool = true) async throws -> RunID? {
                    try await store.pastRun(
                        PastQuery(
                            dagID: "market", before: noon + 180, since: since,
                            leavesOutManualRuns: leavesOut, tasks: []))?.key.runID
                }
                findings.equal(try await found(), "f", "the run before")
                findings.equal(try await found(leavesOut: false), "m", "the run before, of any type")
                findings.equal(try await found(since: noon + 60), "f", "the run at the start")
                findings.equal(try await found(since: noon + 61), nil, "the run before the start")
            },
            Check("a task has passed once all its instances succeeded or were skipped") { store, findings in
                let run = DAGRun.conformance("a", logicalDate: .conformanceNoon)
                let states: [TaskID: [TaskState?]] = [
                    "good": [.success], "mapped": [.success, .skipped, .removed], "bad": [.success, .failed],
                    "open": [nil], "running": [.running], "unasked": [.success],
                ]
                var batch = run.creation()
                batch.instances = states.sorted { $0.key < $1.key }.flatMap { task, states in
                    states.enumerated().map { index, state in
                        let key = TaskInstanceKey(run.key, task, mapIndex: states.count > 1 ? index : -1)
                        var instance = TaskInstance(key: key, operatorName: "SwiftOperator")
                        instance.state = state
                        return instance
                    }
                }
                _ = try await store.apply(batch)
                let asked: [TaskID] = ["good", "mapped", "bad", "open", "running", "new"]
                let past = try await store.pastRun(
                    PastQuery(dagID: "market", before: .conformanceNoon + 1, tasks: asked))
                findings.equal(
                    past?.passed,
                    ["good": true, "mapped": true, "bad": false, "open": false, "running": false],
                    "what has passed")
                findings.equal(past?.knownEarlier, [], "what an earlier run had")
            },
            Check("a task that the run before lacks is known if any earlier run had it") { store, findings in
                let first = DAGRun.conformance("a", logicalDate: .conformanceNoon)
                let second = DAGRun.conformance("b", logicalDate: .conformanceNoon + 60)
                _ = try await store.apply(first.creation(["gone", "load"]))
                _ = try await store.apply(second.creation(["load"]))
                let past = try await store.pastRun(
                    PastQuery(
                        dagID: "market", before: .conformanceNoon + 120, tasks: ["gone", "new", "load"]))
                findings.equal(past?.knownEarlier, ["gone"], "what an earlier run had")
            },
        ]
    }
}
