import DagKitCore
import DagKitRuntime

/// `jobs check`: whether a scheduler lives.
enum JobsCommands {
    static let group = CLICommand(
        group: "jobs", "Tells whether a scheduler lives.",
        examples: [.init("jobs check", "ends with 0 if one does, for health checks")], subcommands: [check])

    private static let type = CommandOption<String?>.value(
        "job-type", "TYPE", "The type of the job: SchedulerJob, which is the only one."
    ) { text throws(ParameterError) in
        guard text == SchedulerJobs.type else {
            throw ParameterError(text, remedy: "write \(SchedulerJobs.type)")
        }
        return text
    }
    private static let hostname = CommandOption<String?>.value(
        "hostname", "NAME", "Those on this host alone."
    ) { text throws(ParameterError) in text }
    private static let local = CommandOption<Bool>.flag("local", "Those on the host of this command alone.")
    private static let allowMultiple = CommandOption<Bool>.flag(
        "allow-multiple", "More than one may live.")
    private static let limit = CommandOption<Int>.integer(
        "limit", default: 1, in: 0...1000, "How many are counted at most; 0 for all.")

    private static let check = CLICommand(
        "check", "Tells whether a scheduler lives, and ends with 1 if none does.",
        discussion:
            "On this host the lock of the home tells it, on others a heartbeat of the last 30 seconds. The row of one that died without a word becomes failed. Open runs that a scheduler leaves alone, since a row of them cannot be read, are told of.",
        examples: [
            .init("jobs check", "a scheduler of any host"),
            .init("jobs check --local", "one of this host"),
            .init("jobs check --allow-multiple --limit 0", "several may live"),
        ],
        options: [type, hostname, local, allowMultiple, limit], exitCodes: [.unreachable]
    ) { call in
        let system = call.workspace.system
        let host = system.hostName()
        let home = call.workspace.home.path
        var living: [JobRecord] = []
        if let store = try await call.storeIfPresent() {
            for row in try await unreadableRuns(in: store) {
                try call.console.note("warning: a scheduler leaves this run alone: \(row)")
            }
            living = try await SchedulerJobs(in: store, host: host) { row in
                try? call.console.note("warning: \(row)")
            }.settle(at: call.workspace.now) { system.schedulerProcess(home) }
        }
        if let wanted = call[local] ? host : call[hostname] { living.removeAll { $0.hostname != wanted } }
        let count = call[limit] == 0 ? living.count : min(living.count, call[limit])
        switch count {
        case 0:
            try call.console.note("No alive jobs found.")
            return .failure
        case 1: try call.console.print("Found one alive job.")
        case _ where call[allowMultiple]: try call.console.print("Found \(count) alive jobs.")
        default:
            try call.console.note("Found \(count) alive jobs. Expected only one.")
            return .failure
        }
        return .success
    }

    /// The rows that keep open runs from being carried on, each once.
    ///
    /// - Complexity: O(task instances of open runs).
    private static func unreadableRuns(in store: any MetadataStore) async throws -> [UnreadableRow] {
        let leftOut = LeftOutRows()
        let readable = store.leavingOutUnreadable { leftOut.add($0) }
        var rows: [UnreadableRow] = []
        for run in try await readable.runs(RunQuery(states: [.queued, .running])) {
            do {
                _ = try await store.snapshot(of: run.key)
            } catch let row as UnreadableRow {
                rows.append(row)
            }
        }
        return leftOut.takeAll().filter { $0.run != nil } + rows
    }
}
