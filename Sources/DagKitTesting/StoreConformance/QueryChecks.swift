import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// What is asked about runs.
    static var queryChecks: [Check] {
        [
            Check("unfinished runs come with their instances, the earliest first") { store, findings in
                let late = DAGRun.conformance("late", runAfter: .conformanceNoon + 9)
                let early = DAGRun.conformance("early", runAfter: .conformanceNoon)
                let done = DAGRun.conformance("done")
                for run in [late, early, done] { _ = try await store.apply(run.creation(["a"])) }
                _ = try await store.apply(done.change { $0.updatedRun.state = .success })
                _ = try await store.apply(early.change { $0.updatedRun.state = .running })
                let unfinished = try await store.unfinishedRuns()
                findings.equal(unfinished.map(\.run.runID), ["early", "late"], "the runs")
                findings.equal(unfinished.map(\.instances.count), [1, 1], "the numbers of instances")
            },
            Check("runs are listed newest first, by what the query asks for") { store, findings in
                let noon = Date.conformanceNoon
                let runs = (0..<6).map { (index: Int) -> DAGRun in
                    let offset = Double(index)
                    return .conformance(
                        RunID("run\(index)"), of: index == 5 ? "other" : "market",
                        type: index.isMultiple(of: 2) ? .scheduled : .manual, logicalDate: noon + offset * 60,
                        runAfter: noon + offset)
                }
                for run in runs { _ = try await store.apply(run.creation()) }
                _ = try await store.apply(runs[3].change { $0.updatedRun.state = .failed })
                let expected: [(RunQuery, [RunID])] = [
                    (RunQuery(), ["run5", "run4", "run3", "run2", "run1", "run0"]),
                    (RunQuery(dagID: "market", limit: 2), ["run4", "run3"]),
                    (RunQuery(states: [.failed, .success]), ["run3"]),
                    (RunQuery(dagID: "market", types: [.scheduled]), ["run4", "run2", "run0"]),
                    (RunQuery(from: noon + 120, through: noon + 240), ["run4", "run3", "run2"]),
                    (RunQuery(logicalDate: noon + 60), ["run1"]),
                    (RunQuery(dagID: "unknown"), []),
                ]
                for (query, ids) in expected {
                    findings.equal(try await store.runs(query).map(\.runID), ids, "the answer to \(query)")
                }
            },
            Check("the last scheduled interval of each dag leaves manual runs out") { store, findings in
                let noon = Date.conformanceNoon
                let intervals = [0.0, 60, 120, 180].map {
                    DataInterval(start: noon + $0, end: noon + $0 + 60)
                }
                let runs: [DAGRun] = [
                    .conformance("b", type: .scheduled, logicalDate: noon + 1, interval: intervals[1]),
                    .conformance("a", type: .scheduled, logicalDate: noon, interval: intervals[0]),
                    .conformance("m", type: .manual, logicalDate: noon + 9, interval: intervals[3]),
                    .conformance(
                        "o", of: "other", type: .scheduled, logicalDate: noon, interval: intervals[2]),
                    .conformance("x", of: "manual_only", logicalDate: noon, interval: intervals[2]),
                ]
                for run in runs { _ = try await store.apply(run.creation()) }
                findings.equal(
                    try await store.lastScheduledIntervals(),
                    ["market": intervals[1], "other": intervals[2]],
                    "the intervals")
            },
            Check("runs are counted by dag and state") { store, findings in
                for (id, dag) in [("a", "market"), ("b", "market"), ("c", "other")] {
                    _ = try await store.apply(DAGRun.conformance(RunID(id), of: DAGID(dag)).creation())
                }
                _ = try await store.apply(DAGRun.conformance("b").change { $0.updatedRun.state = .success })
                findings.equal(
                    try await store.runCounts(),
                    ["market": [.queued: 1, .success: 1], "other": [.queued: 1]],
                    "the counts")
            },
        ]
    }
}
