import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// What people are to be told, kept with the change that it tells of.
    static var noticeChecks: [Check] {
        [
            Check("a notice is kept with its change until it is delivered") { store, findings in
                let notice = try await keep(in: store)
                let early = try await store.notices(dueBy: .conformanceNoon - 1, limit: 10)
                findings.equal(early, [], "the notices before they are due")
                let due = try await store.notices(dueBy: .conformanceNoon, limit: 10)
                findings.equal(due.map(\.id), [notice.id], "the due notices")
                guard var kept = due.first else { return }
                kept.number = 0
                findings.equal(kept, notice, "the notice")
                kept = due[0]
                try await store.settle(kept, .delivered, at: .conformanceNoon + 1)
                let left = try await store.notices(dueBy: .conformanceNoon + 9_999, limit: 10)
                findings.equal(left, [], "the notices after the delivery")
                findings.equal(try await store.nextNoticeAt(), nil, "the next instant")
            },
            Check("a notice that is postponed comes again later, with its failures counted") {
                store, findings in
                _ = try await keep(in: store)
                guard let kept = try await store.notices(dueBy: .conformanceNoon, limit: 1).first else {
                    return findings.add("no notice is due")
                }
                let later = Date.conformanceNoon + 60
                try await store.settle(kept, .postponed(until: later, error: "away"), at: .conformanceNoon)
                findings.equal(try await store.nextNoticeAt(), later, "the next instant")
                let early = try await store.notices(dueBy: later - 1, limit: 1)
                findings.equal(early, [], "the notices before then")
                let again = try await store.notices(dueBy: later, limit: 1)
                findings.equal(again.map(\.failures), [1], "the failures")
                try await store.settle(again[0], .failed(error: "never"), at: later)
                findings.equal(try await store.nextNoticeAt(), nil, "the next instant in the end")
            },
            Check("the notices of different callbacks come in turn, those that failed less often first") {
                store, findings in
                let runs: [(DAGID, RunID)] = [("bad", "1"), ("bad", "2"), ("bad", "3"), ("good", "4")]
                for (dag, id) in runs {
                    let run = DAGRun.conformance(id, of: dag)
                    var batch = run.creation(["a"])
                    batch.notices = [notice(run)]
                    _ = try await store.apply(batch)
                }
                let due = try await store.notices(dueBy: .conformanceNoon, limit: 10)
                findings.equal(due.map(\.run.runID), ["1", "4", "2", "3"], "the notices in their turn")
                let few = try await store.notices(dueBy: .conformanceNoon, limit: 2)
                findings.equal(few.map(\.run.runID), ["1", "4"], "the first of them")
                guard let first = due.first else { return }
                try await store.settle(
                    first, .postponed(until: .conformanceNoon + 60, error: "away"), at: .conformanceNoon)
                let later = try await store.notices(dueBy: .conformanceNoon + 60, limit: 10)
                findings.equal(
                    later.map(\.run.runID), ["2", "4", "3", "1"], "the notices once one has failed")
            },
            Check("a notice about a run is kept, and found by what became of it") { store, findings in
                let run = DAGRun.conformance()
                var batch = run.creation(["a"])
                batch.notices = [
                    Notice(.runSucceeded, at: .conformanceNoon, run: run.key, to: Notice.Receiver("bell"))
                ]
                _ = try await store.apply(batch)
                let waiting = try await store.notices(NoticeQuery(dagID: run.dagID, states: [.pending]))
                findings.equal(waiting.map(\.notice.receiver.name), ["bell"], "who waits to be told")
                findings.equal(waiting.first?.notice.task, nil, "the task of a notice about a run")
                guard let kept = waiting.first?.notice else { return }
                try await store.settle(kept, .failed(error: "gone"), at: .conformanceNoon + 5)
                let lost = try await store.notices(NoticeQuery(runID: run.runID, states: [.failed]))
                findings.equal(lost.map(\.lastError), ["gone"], "why it was given up")
                findings.equal(lost.map(\.updatedAt), [.conformanceNoon + 5], "when it was given up")
                let others = try await store.notices(NoticeQuery(dagID: "another"))
                findings.equal(others, [], "the notices of another DAG")
            },
            Check("a notice that was given up is told again when somebody asks for it") { store, findings in
                _ = try await keep(in: store)
                guard let kept = try await store.notices(dueBy: .conformanceNoon, limit: 1).first else {
                    return findings.add("no notice is due")
                }
                try await store.settle(kept, .failed(error: "gone"), at: .conformanceNoon)
                let later = Date.conformanceNoon + 60
                findings.expect(
                    try await store.retryNotice(kept.number, by: "ada", at: later), "that it is found")
                let due = try await store.notices(dueBy: later, limit: 10)
                findings.equal(due.map(\.failures), [0], "the failures")
                findings.equal(
                    try await store.auditLog(limit: 1).map(\.event), ["notice.retry"], "the audit log")
                try await store.settle(due[0], .delivered, at: later)
                findings.expect(
                    try await !store.retryNotice(kept.number, by: "ada", at: later),
                    "that what was delivered is not told again")
                findings.expect(
                    try await !store.retryNotice(kept.number + 99, by: "ada", at: later),
                    "that others are not found")
            },
            Check("notices that were delivered long ago are removed, and no others") { store, findings in
                let run = DAGRun.conformance()
                var batch = run.creation(["a"])
                batch.notices = (0..<3).map { number in
                    Notice(
                        .runSucceeded, at: .conformanceNoon, run: run.key,
                        to: Notice.Receiver("bell\(number)"))
                }
                _ = try await store.apply(batch)
                let kept = try await store.notices(dueBy: .conformanceNoon, limit: 3)
                guard kept.count == 3 else { return findings.add("\(kept.count) notices are due, not 3") }
                try await store.settle(kept[0], .delivered, at: .conformanceNoon + 1)
                try await store.settle(kept[1], .failed(error: "gone"), at: .conformanceNoon + 1)
                try await store.pruneNotices(deliveredBefore: .conformanceNoon + 1)
                findings.equal(try await store.notices(NoticeQuery()).count, 3, "those since then")
                try await store.pruneNotices(deliveredBefore: .conformanceNoon + 2)
                let left = try await store.notices(NoticeQuery()).map(\.state)
                findings.equal(Set(left), [.failed, .pending], "what is left")
            },
            Check("a batch that is refused keeps no notice") { store, findings in
                _ = try await keep(in: store)
                var stale = DAGRun.conformance().creation(["a"])
                stale.notices = [notice(.conformance())]
                findings.expect(try await !store.apply(stale), "a conflict")
                let due = try await store.notices(dueBy: .conformanceNoon, limit: 10)
                findings.equal(due.count, 1, "the number of notices")
            },
        ]
    }

    private static func keep(in store: any MetadataStore) async throws -> Notice {
        let run = DAGRun.conformance()
        var batch = run.creation(["a"])
        batch.notices = [notice(run)]
        _ = try await store.apply(batch)
        return batch.notices[0]
    }

    private static func notice(_ run: DAGRun) -> Notice {
        Notice(
            .taskFailed, at: .conformanceNoon, run: run.key, task: TaskInstanceKey(run.key, "a"),
            tryNumber: 3,
            lastTry: 3, reason: "no \"luck\" 🪙",
            to: Notice.Receiver(
                "mail", declaration: ["mail": ["ana@example.org"]], timeout: .milliseconds(1500), retries: 2),
            facts: Notice.RunFacts(run, params: ["limit": 5]))
    }
}
