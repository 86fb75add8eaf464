import CryptoDags
import DagKit
import DagKitCLI
import DagKitSQL
import FoundationEssentials

/// `crypto anomalies`.
enum AnomaliesCommand {
    private static let days = CommandOption<Int>.integer(
        "days", short: "d", "N", default: 1, in: 1...3_650, "How many days to look back.")
    private static let rule = CommandOption<AnomalyRule?>.value(
        "rule", "RULE",
        "Only those of a rule: \(AnomalyRule.allCases.map(\.rawValue).joined(separator: ", "))."
    ) { text throws(ParameterError) in
        guard let rule = AnomalyRule(rawValue: text) else {
            let known = AnomalyRule.allCases.map(\.rawValue).joined(separator: ", ")
            throw ParameterError(text, remedy: "write one of \(known)")
        }
        return rule
    }
    private static let severity = CommandOption<AnomalySeverity?>.value(
        "severity", "LEVEL", "Only those of a severity: moyenne, haute, critique."
    ) { text throws(ParameterError) in
        guard let severity = AnomalySeverity(rawValue: text) else {
            throw ParameterError(text, remedy: "write one of moyenne, haute, critique")
        }
        return severity
    }

    static let command = CLICommand(
        "anomalies", "Lists what stood out, the newest first.",
        discussion:
            "Each line has the value, what was usual, the bound of the rule and how far the value went.",
        examples: [
            .init("crypto anomalies --days 7 --severity critique", "the worst of a week"),
            .init("crypto anomalies --rule stablecoin_depeg -o json", "for programs"),
        ],
        options: [days, rule, severity] + ReportOptions.all, exitCodes: [.notFound]
    ) { call in
        try await MarketAccess.reading(call) { store in
            let source = try await MarketAccess.source(store)
            let since = call.workspace.now.addingTimeInterval(-Double(call[days]) * 86_400).databaseText
            var condition: SQLStatement = "source = \(source) and detected_at >= \(since)"
            if let rule = call[rule] { condition += " and rule = \(rule.rawValue)" }
            if let severity = call[severity] { condition += " and severity = \(severity.rawValue)" }
            let rows = try await store.database.query(
                """
                select detected_at, severity, rule, direction, symbole, nom, rang, value, baseline, threshold, score,
                    crypto_id, snapshot_id
                from anomalies where \(condition) order by detected_at desc, score desc
                """)
            try call.show(try report(rows))
            return .success
        }
    }

    private static func report(_ rows: [SQLRow]) throws -> Report {
        var report = Report([
            "detected_at", "severity", "rule", "direction", "symbole", "value", "baseline", "threshold",
            "score",
            .init("nom", isWide: true), .init("rang", isWide: true), .init("crypto_id", isWide: true),
            .init("snapshot_id", isWide: true),
        ])
        for row in rows {
            var cells: [String: JSONValue] = [:]
            for name in ["severity", "rule", "direction", "symbole", "nom", "crypto_id"] {
                cells[name] = .string(try row[name])
            }
            for name in ["value", "baseline", "threshold", "score"] { cells[name] = .number(try row[name]) }
            for name in ["rang", "snapshot_id"] { cells[name] = .integer(try row[name]) }
            cells["detected_at"] = .string(try Date(isoText: try row["detected_at"] as String).isoText)
            report.add(cells)
        }
        return report
    }
}
