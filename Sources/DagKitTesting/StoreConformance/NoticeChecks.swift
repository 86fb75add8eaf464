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
                findings.equal(due.first?.reason, "no \"luck\" 🪙", "the reason")
                guard let kept = due.first else { return }
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
            .taskFailed, at: .conformanceNoon, task: TaskInstanceKey(run.key, "a"), tryNumber: 3, lastTry: 3,
            reason: "no \"luck\" 🪙", recipients: ["ana@example.org"])
    }
}
