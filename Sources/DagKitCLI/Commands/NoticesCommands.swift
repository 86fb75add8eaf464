import DagKitCore
import FoundationEssentials

/// `notices …`: what callbacks were told, and what they are to be told.
enum NoticesCommands {
    static let group = CLICommand(
        group: "notices", "Shows what callbacks were told of tasks and runs, and tells it again.",
        examples: [
            .init("notices list --state failed", "what was given up, and why"),
            .init("notices retry 17", "tells it again once the cause is mended"),
        ],
        subcommands: [list, retry])

    // MARK: list

    private static let dag = CommandOption<DAGID?>.value(
        "dag-id", short: "d", "ID", "Those of this DAG alone.",
        read: { text throws(ParameterError) in try SharedParameters.identifier(text) })
    private static let run = CommandOption<RunID?>.value(
        "run-id", short: "r", "ID", "Those of this run alone.",
        read: { text throws(ParameterError) in try SharedParameters.identifier(text) })
    private static let state = CommandOption<NoticeRecord.State?>.value(
        "state", "STATE", "Those in this state alone: pending, delivered or failed.",
        read: { text throws(ParameterError) in
            guard let state = NoticeRecord.State(rawValue: text) else {
                throw ParameterError(text, remedy: "write pending, delivered or failed")
            }
            return state
        })
    private static let limit = CommandOption<Int>.integer(
        "limit", default: 100, in: 1...100_000, "How many are shown at most.")

    private static let list = CLICommand(
        "list", "Lists the notices, newest first.",
        discussion:
            "A notice is kept with what it tells of, waits until its notifier has taken it, and is given up after its last retry.",
        examples: [.init("notices list --state pending", "what waits, with the last error")],
        options: [dag, run, state, limit] + ReportOptions.all, exitCodes: [.unreachable]
    ) { call in
        let query = NoticeQuery(
            dagID: call[dag], runID: call[run], states: call[state].map { [$0] } ?? [], limit: call[limit])
        let found = try await call.storeIfPresent()?.notices(query) ?? []
        var report = Report([
            "number", "at", "kind", "dag_id", "run_id", "task_id", .init("map_index", isWide: true),
            "notifier",
            "state", "failures", .init("due_at", isWide: true), .init("updated_at", isWide: true),
            "last_error",
            .init("notice_id", isWide: true),
        ])
        report.add(contentsOf: found.map(row))
        try call.show(report)
        return .success
    }

    private static func row(_ record: NoticeRecord) -> [String: JSONValue] {
        let notice = record.notice
        return [
            "number": .integer(notice.number), "at": .instant(notice.at),
            "kind": .string(notice.kind.rawValue),
            "dag_id": .string(notice.run.dagID.rawValue), "run_id": .string(notice.run.runID.rawValue),
            "task_id": .text(notice.task?.taskID.rawValue),
            "map_index": notice.task.flatMap { $0.mapIndex < 0 ? nil : .count($0.mapIndex) } ?? .null,
            "notifier": .string(notice.receiver.name), "state": .string(record.state.rawValue),
            "failures": .count(notice.failures),
            "due_at": record.state == .pending ? .instant(record.dueAt) : .null,
            "updated_at": .instant(record.updatedAt), "last_error": .text(record.lastError),
            "notice_id": .string(notice.id),
        ]
    }

    // MARK: retry

    private static let number = CommandArgument<Int64>.required(
        "number", "The number of the notice, as notices list shows it.",
        read: { text throws(ParameterError) in
            guard let number = Int64(text) else { throw ParameterError(text, remedy: "write a whole number") }
            return number
        })

    private static let retry = CLICommand(
        "retry", "Lets a notice that waits or was given up be told at once.",
        examples: [.init("notices retry 17", "as if no delivery had failed")],
        arguments: [number], exitCodes: [.notFound, .unreachable]
    ) { call in
        let chosen = call[number]
        let store = try await call.workspace.store()
        guard try await store.retryNotice(chosen, by: call.workspace.actor, at: call.workspace.now) else {
            throw CommandError.notFound(
                "no notice \"\(chosen)\" waits or was given up", remedy: "list them with dagctl notices list")
        }
        await call.workspace.pokeScheduler()
        try call.console.note("notice \(chosen) is told at once")
        return .success
    }
}
