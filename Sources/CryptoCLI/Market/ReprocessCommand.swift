import CryptoDags
import DagKit
import DagKitCLI
import FoundationEssentials

/// `crypto reprocess`.
enum ReprocessCommand {
    private static let snapshot = CommandArgument<Int64?>.optional(
        "snapshot", "The snapshot; the newest one unless given."
    ) { text throws(ParameterError) in
        guard let id = Int64(text), id > 0 else { throw ParameterError(text, remedy: "write its number") }
        return id
    }
    private static let all = CommandOption<Bool>.flag("all", "Takes every snapshot that has its answer.")
    private static let isTrial = CommandOption<Bool>.flag(
        "dry-run", "Tells what would change, and changes nothing.")

    static let command = CLICommand(
        "reprocess", "Makes the rows of stored snapshots anew from their raw answers.",
        discussion:
            """
            The code and the thresholds of today are used. Rows that are equal stay as they are; candles and quality \
            results follow what changed. No call is made to the source.
            """,
        examples: [
            .init("crypto reprocess --dry-run", "what the code of today makes of the newest answer"),
            .init("crypto reprocess --all", "after a change of thresholds"),
        ],
        arguments: [snapshot], options: [all, isTrial] + ReportOptions.all, exitCodes: [.notFound]
    ) { call in
        try await MarketAccess.reading(call) { store in
            let latest = try await MarketAccess.latest(store)
            let settings = try MarketAccess.settings(call)
            let processor = SnapshotProcessor(
                thresholds: settings.thresholds, calendar: try await calendar(settings, call))
            var ids = [call[snapshot] ?? latest.id]
            if call[all] {
                ids = try await store.snapshots(source: latest.source, since: .distantPast)
                    .filter { !$0.isThinned }.map(\.id)
            }
            var report = Report(["snapshot_id", "rows", "changed", "gone", .init("coins", isWide: true)])
            for id in ids {
                let outcome = try await store.reprocess(
                    id, with: processor, isTrial: call[isTrial], now: call.workspace.now)
                if outcome.hasChanges, !call[isTrial] { try await check(id, store, call) }
                report.add([
                    "snapshot_id": .integer(id), "rows": .integer(Int64(outcome.rows)),
                    "changed": .integer(Int64(outcome.changed.count)),
                    "gone": .integer(Int64(outcome.gone.count)),
                    "coins": .array((outcome.changed + outcome.gone).map { .string($0) }),
                ])
            }
            try call.show(report)
            return .success
        }
    }

    /// The quality of new rows, judged as of their fetch: that they are old is no fault of theirs.
    private static func check(_ id: Int64, _ store: MarketStore, _ call: Invocation) async throws {
        let fetchedAt = try await store.snapshot(id).fetchedAt
        let input = try await store.qualityInput(of: id, isLive: false, now: fetchedAt)
        try await store.save(QualityChecks.run(input), snapshotID: id, now: call.workspace.now)
    }

    private static func calendar(_ settings: CryptoSettings, _ call: Invocation) async throws
        -> MarketCalendar
    {
        guard settings.timezone != "UTC" else { return .utc }
        let services = try await call.workspace.services()
        if let calendar = services[MarketCalendar.self], calendar.name == settings.timezone {
            return calendar
        }
        let rules = try services.zones.rules(named: settings.timezone)
        return MarketCalendar(name: settings.timezone) { rules.offset(at: $0) }
    }
}
