import DagKitCore
import FoundationEssentials

/// Holds backfills to what their users were told: every date gets one run, or a reason why it gets none.
struct BackfillCheck {
    /// The backfills whose creation was acknowledged.
    var ids: Set<Int64> = []

    /// Those of which dates still wait their turn, or that are not recorded as done.
    private(set) var waiting: Set<Int64> = []

    mutating func look(_ store: any MetadataStore) async throws {
        if ids.isEmpty { return }
        waiting = Set(try await store.openBackfills().filter { $0.completedAt == nil }.map(\.id))
    }

    /// What is wrong at the end, one line each.
    ///
    /// - Parameter runs: The logical dates that the DAGs have runs for.
    func findings(_ store: any MetadataStore, _ runs: [DAGID: Set<Date>]) async throws -> [String] {
        var findings: [String] = []
        for id in ids.sorted() {
            guard let backfill = try await store.backfill(id) else {
                findings.append("backfill \(id) was acknowledged and is lost")
                continue
            }
            for date in try await store.dates(of: id, pendingOnly: false) {
                let place = "backfill \(id), \(date.logicalDate.isoText)"
                let hasRun = runs[backfill.dagID]?.contains(date.logicalDate) == true
                if date.isPending, !waiting.contains(id) { findings.append("\(place) was forgotten") }
                if date.run != nil, date.exceptionReason != nil {
                    findings.append("\(place) has run and reason")
                }
                let wantsRun = date.run != nil || date.exceptionReason == BackfillDate.exists
                if wantsRun, !hasRun { findings.append("\(place) has no run") }
            }
        }
        return findings
    }
}
