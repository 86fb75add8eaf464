import CryptoDags
import DagKit
import DagKitCLI
import DagKitSQL
import FoundationEssentials

/// `crypto quality`.
enum QualityCommand {
    private static let snapshot = CommandOption<Int?>.value(
        "snapshot", "ID", "The snapshot; the newest one unless given."
    ) { text throws(ParameterError) in
        guard let id = Int(text), id > 0 else { throw ParameterError(text, remedy: "write its number") }
        return id
    }
    private static let all = CommandOption<Bool>.flag(
        "all", short: "a", "Shows checks that passed too; programs get them anyway.")
    private static let days = CommandOption<Int?>.value(
        "history", "DAYS", "Shows the score of each snapshot of so many days in place of checks."
    ) { text throws(ParameterError) in
        guard let days = Int(text), (1...3_650).contains(days) else {
            throw ParameterError(text, remedy: "write a whole number, 1 to 3650")
        }
        return days
    }

    static let command = CLICommand(
        "quality", "Shows what the quality checks found in a snapshot, with the rows that broke them.",
        discussion: "The exit status is 1 if a check failed, so that scripts can ask.",
        examples: [
            .init("crypto quality --all", "every check of the newest snapshot"),
            .init("crypto quality --history 30", "the scores of a month"),
        ],
        options: [snapshot, all, days] + ReportOptions.all, exitCodes: [.notFound]
    ) { call in
        try await MarketAccess.reading(call) { store in
            if let days = call[days] { return try await showHistory(days, store, call) }
            let latest = try await MarketAccess.latest(store)
            let id = call[snapshot].map(Int64.init) ?? latest.id
            let rows = try await store.database.query(
                """
                select check_name, verdict, severity, rows, message, offenders, checked_at from quality_results
                where snapshot_id = \(id)
                order by case verdict when 'failed' then 0 when 'warning' then 1 when 'info' then 2 else 3 end,
                    check_name
                """)
            guard !rows.isEmpty else { throw MarketCommandError.noRows("checks of snapshot \(id)") }
            let isFailed = try rows.contains { try $0["verdict"] == QualityVerdict.failed.rawValue }
            try call.show(try report(rows, all: call[all] || !call[ReportOptions.format].isForEyes))
            if call[ReportOptions.format].isForEyes { try showScore(id, rows.count, latest, store, call) }
            return isFailed ? .failure : .success
        }
    }

    private static func showScore(
        _ id: Int64, _ checks: Int, _ latest: StoredSnapshot, _ store: MarketStore, _ call: Invocation
    ) throws {
        guard id == latest.id, let score = latest.qualityScore else { return }
        try call.console.print("snapshot \(id): \(score)/100, \(checks) checks")
    }

    private static func report(_ rows: [SQLRow], all: Bool) throws -> Report {
        var report = Report([
            "check", "verdict", "rows", "message", .init("severity", isWide: true),
            .init("offenders", isWide: true), .init("checked_at", isWide: true),
        ])
        for row in rows {
            let verdict: String = try row["verdict"]
            guard all || verdict != "passed" else { continue }
            report.add([
                "check": .string(try row["check_name"]), "verdict": .string(verdict),
                "rows": .integer(try row["rows"]), "message": .string(try row["message"]),
                "severity": .string(try row["severity"]),
                "offenders": try JSONValue(parsing: try row["offenders"] as String),
                "checked_at": .string(try Date(isoText: try row["checked_at"] as String).isoText),
            ])
        }
        return report
    }

    private static func showHistory(_ days: Int, _ store: MarketStore, _ call: Invocation) async throws
        -> ExitCode
    {
        let source = try await MarketAccess.source(store)
        let since = call.workspace.now.addingTimeInterval(-Double(days) * 86_400)
        let snapshots = try await store.snapshots(source: source, since: since)
        guard !snapshots.isEmpty else { throw MarketCommandError.noRows("the last \(days) days") }
        var report = Report(["snapshot_id", "fetched_at", "quality_score", "assets", "rejected"])
        for snapshot in snapshots {
            report.add([
                "snapshot_id": .integer(snapshot.id), "fetched_at": .string(snapshot.fetchedAt.isoText),
                "quality_score": snapshot.qualityScore.map { .integer(Int64($0)) } ?? .null,
                "assets": .integer(Int64(snapshot.assetCount)),
                "rejected": .integer(Int64(snapshot.rejectedCount)),
            ])
        }
        if call[ReportOptions.format].isForEyes {
            try call.console.print(Sparkline.text(snapshots.compactMap(\.qualityScore).map(Double.init)))
        }
        try call.show(report)
        return .success
    }
}
