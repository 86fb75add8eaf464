import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// Commits, conflicts and attempt tokens.
    static var commitChecks: [Check] {
        [
            Check("a run comes back as it was created") { store, findings in
                let noon = Date.conformanceNoon
                var run = DAGRun(
                    key: RunKey("market", "manual__2025-10-25T12:00:00.123457+00:00"), type: .backfill,
                    logicalDate: noon + 0.123457, dataInterval: DataInterval(start: noon - 1_800, end: noon),
                    runAfter: noon + 0.000001, conf: ["deep": [1, 2.5, nil, ["ключ": "значение 🪙"]]],
                    triggeredBy: "ana", queuedAt: noon + 1, structureHash: "abc")
                run.state = .running
                run.startDate = noon + 2
                run.endDate = noon + 3.5
                run.reason = "because"
                run.clearNumber = 4
                run.revision = 7
                findings.expect(try await store.apply(run.creation()), "no conflict")
                findings.equal(try await store.snapshot(of: run.key)?.run, run, "the run")
            },
            Check("a run that does not exist has no snapshot") { store, findings in
                findings.equal(try await store.snapshot(of: RunKey("no", "no")), nil, "the snapshot")
            },
            Check("creating a run whose id exists is a conflict that changes nothing") { store, findings in
                let first = DAGRun.conformance(logicalDate: .conformanceNoon)
                let second = DAGRun.conformance(logicalDate: .conformanceNoon + 60)
                findings.expect(try await store.apply(first.creation(["a"])), "the first to be applied")
                findings.expect(try await !store.apply(second.creation(["b"])), "a conflict")
                let snapshot = try await store.snapshot(of: first.key)
                findings.equal(snapshot?.run, first, "the run")
                findings.equal(snapshot?.instances.map(\.taskID), ["a"], "its tasks")
                findings.equal(try await store.events(of: first.key).count, 1, "the number of events")
            },
            Check("creating a second run for a logical date is a conflict") { store, findings in
                let first = DAGRun.conformance("one", logicalDate: .conformanceNoon)
                let second = DAGRun.conformance("two", logicalDate: .conformanceNoon)
                let elsewhere = DAGRun.conformance("two", of: "other", logicalDate: .conformanceNoon)
                let result = try await store.commit(
                    [first, second, elsewhere].map { $0.creation() }, durability: .process)
                findings.equal(result.conflicts, [second.key], "the conflicts")
                findings.equal(try await store.snapshot(of: second.key), nil, "the second run")
            },
            Check("a batch pauses its DAG, once") { store, findings in
                let run = DAGRun.conformance()
                let record = record(run.dagID)
                try await store.register([record], bundle: "conformance", at: .conformanceNoon)
                _ = try await store.setPaused(false, [run.dagID], by: "ana", at: .conformanceNoon)
                var batch = run.creation(["a"])
                batch.pausesDAG = true
                findings.expect(try await store.apply(batch), "no conflict")
                findings.equal(try await store.pausedDAGs(), [run.dagID], "the paused DAGs")
                findings.equal(
                    try await store.auditLog(limit: 1).first?.actor, RunEvent.scheduler, "who paused it")
            },
            Check("runs without a logical date do not exclude each other") { store, findings in
                let runs = [DAGRun.conformance("one"), .conformance("two")]
                let result = try await store.commit(runs.map { $0.creation() }, durability: .full)
                findings.equal(result.conflicts, [], "the conflicts")
            },
            Check("a batch of an older revision changes nothing at all") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a"]))
                _ = try await store.apply(run.change())
                let before = try await store.snapshot(of: run.key)
                let stale = run.change { batch in
                    batch.updatedRun.state = .failed
                    batch.instances = [
                        TaskInstance(key: TaskInstanceKey(run.key, "a"), operatorName: "Other")
                    ]
                    batch.history = batch.instances
                    batch.outputs = [.conformance(run, "a", json: "1")]
                    batch.events = [RunEvent(.runFailed, run: run.key, at: .conformanceNoon)]
                }
                findings.expect(try await !store.apply(stale), "a conflict")
                findings.equal(try await store.snapshot(of: run.key), before, "the snapshot")
                findings.equal(try await store.history(of: run.key), [], "the history")
                findings.equal(try await store.outputs(in: run.key), [], "the outputs")
                findings.equal(try await store.events(of: run.key).map(\.kind), [.runCreated], "the events")
            },
            Check("changing a run that does not exist is a conflict") { store, findings in
                let result = try await store.commit([DAGRun.conformance().change()], durability: .process)
                findings.equal(result.conflicts, [DAGRun.conformance().key], "the conflicts")
                findings.equal(try await store.unfinishedRuns(), [], "the runs")
            },
            Check("a conflict does not keep the other batches of its commit back") { store, findings in
                let (known, fresh) = (DAGRun.conformance("known"), DAGRun.conformance("fresh"))
                _ = try await store.apply(known.creation())
                let result = try await store.commit(
                    [known.creation(), fresh.creation()], durability: .process)
                findings.equal(result.conflicts, [known.key], "the conflicts")
                findings.expect(try await store.snapshot(of: fresh.key) != nil, "the other run to exist")
            },
            Check("batches on one run follow each other within a commit") { store, findings in
                let run = DAGRun.conformance()
                let second = run.change()
                let third = second.updatedRun.change { $0.updatedRun.state = .running }
                let result = try await store.commit([run.creation(), second, third], durability: .process)
                findings.equal(result.conflicts, [], "the conflicts")
                findings.equal(try await store.snapshot(of: run.key)?.run, third.updatedRun, "the run")
            },
            Check("of writers at once on one revision exactly one wins") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a"]))
                let wins = try await withThrowingTaskGroup { group in
                    for writer in 0..<8 {
                        group.addTask {
                            let batch = run.change { batch in
                                batch.updatedRun.reason = "writer \(writer)"
                                batch.events = [
                                    RunEvent(
                                        .runStarted, run: run.key, at: .conformanceNoon, actor: "\(writer)")
                                ]
                            }
                            return try await store.apply(batch)
                        }
                    }
                    return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                let stored = try await store.snapshot(of: run.key)?.run
                let events = try await store.events(of: run.key)
                findings.equal(wins, 1, "the number of winners")
                findings.equal(stored?.revision, 1, "the revision")
                findings.equal(events.count, 2, "the number of events")
                findings.equal(events.last.map { "writer \($0.actor)" }, stored?.reason, "the winner's event")
            },
            Check("an attempt token is issued once") { store, findings in
                let ranges = try await withThrowingTaskGroup { group in
                    for count in [1, 2, 3, 700, 5_000, 1, 0, 40] {
                        group.addTask { try await store.reserveAttempts(count) }
                    }
                    return try await group.reduce(into: [ClosedRange<Int64>]()) { $0.append($1) }
                }
                let tokens = ranges.flatMap { Array($0) }
                findings.equal(ranges.map(\.count).sorted(), [1, 1, 1, 2, 3, 40, 700, 5_000], "the counts")
                findings.equal(Set(tokens).count, tokens.count, "the number of different tokens")
                findings.expect(tokens.allSatisfy { $0 > 0 }, "tokens above 0")
            },
        ]
    }
}
