import DagKitCore

/// `version`, `info`.
enum InfoCommands {
    static let version = CLICommand("version", "Prints the version.") { call in
        try call.console.print(DagKitVersion.current)
        return .success
    }

    static let info = CLICommand(
        "info", "Shows the home, database, DAGs and platform: what a report of a bug should hold.",
        examples: [.init("info -o json", "for programs")], options: ReportOptions.all
    ) { call in
        let workspace = call.workspace
        let home = workspace.home
        let place = try workspace.databasePlace()
        let dags = try workspace.dags()
        if let refused = home.refusedBag {
            try call.console.note("note: \(refused) belongs to another user and is not read")
        }
        for warning in try workspace.configuration().warnings() { try call.console.note("note: \(warning)") }
        try call.show(
            Report(object: [
                "version": .string(DagKitVersion.current), "executable": .string(workspace.tool.bundle),
                "home": .string(home.path), "home_origin": .string(home.origin.description),
                "dags_file": .text(try workspace.bagPath()), "database": .string(place.path),
                "database_state": .string(try await state(of: place, call)),
                "logs": .string(try workspace.logs),
                "time_zone_data": .text(workspace.system.timeZoneData()),
                "dag_count": .count(dags.specs.count), "broken_dag_count": .count(dags.bag.problems.count),
                "hostname": .string(workspace.system.hostName()), "user": .string(workspace.actor),
            ]))
        return .success
    }

    private static func state(of place: DatabasePlace, _ call: Invocation) async throws -> String {
        do {
            switch try await call.workspace.system.databases.state(of: place) {
            case .missing: return "missing"
            case .current(let version): return "version \(version)"
            case .outdated(let found, let needed): return "version \(found), needs migration to \(needed)"
            case .tooNew(let found, let known): return "version \(found), newer than \(known)"
            case .foreign: return "tables of another program"
            }
        } catch {
            return "unreachable: \(error)"
        }
    }
}
