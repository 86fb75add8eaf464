import DagKitCore

/// `db …`: the metadata database.
enum DatabaseCommands {
    static let group = CLICommand(
        group: "db", "Makes, upgrades, checks and resets the metadata database.",
        examples: [
            .init("db migrate", "makes the database, or brings it to this version"),
            .init("db check", "says whether it can be used"),
            .init("db backup", "copies it while all others go on"),
        ],
        subcommands: [migrate, initialize, check, DatabaseCopies.backup, DatabaseCopies.restore, reset])

    private static let migrate = CLICommand(
        "migrate", aliases: ["upgrade"], "Makes the database, or brings an older one to this version.",
        exitCodes: [.unreachable, .permission, .temporary], run: runMigration)

    private static let initialize = CLICommand(
        "init", "The same as migrate, under its old name.",
        exitCodes: [.unreachable, .permission, .temporary]
    ) { call in
        try call.console.note("note: `db init` is the old name of `db migrate`")
        return try await runMigration(call)
    }

    private static func runMigration(_ call: Invocation) async throws -> ExitCode {
        let place = try call.workspace.databasePlace()
        let steps = try await call.workspace.system.databases.migrate(place, at: call.workspace.now)
        let done = steps.isEmpty ? "is up to date" : "migrated (\(steps.joined(separator: ", ")))"
        try call.console.note("database \(place.path) \(done)")
        return .success
    }

    private static let retries = CommandOption<Int>.integer(
        "retry", "N", default: 0, in: 0...10_000, "How often to try again if it cannot be reached.")
    private static let retryDelay = CommandOption<Int>.integer(
        "retry-delay", "SECONDS", default: 1, in: 0...3600, "How long to wait in between.")

    private static let check = CLICommand(
        "check", "Says by its exit status whether the database can be used; quiet if it can.",
        options: [retries, retryDelay], exitCodes: [.unreachable, .permission, .temporary]
    ) { call in
        var left = call[retries]
        while true {
            do {
                try await examine(call)
                return .success
            } catch  where left > 0 {
                left -= 1
                try call.console.note("note: \(error); trying again in \(call[retryDelay]) s")
                try await Task.sleep(for: .seconds(call[retryDelay]))
            }
        }
    }

    private static func examine(_ call: Invocation) async throws {
        let place = try call.workspace.databasePlace()
        // First of all: what stands on damaged pages says nothing.
        try await DatabaseHealth(call.workspace).requireSound()
        switch try await call.workspace.system.databases.state(of: place) {
        case .missing:
            throw CommandError.unreachable(
                "there is no database at \"\(place.path)\"", remedy: "run: dagctl db migrate")
        case .outdated(let found, let needed):
            throw CommandError.unreachable(
                "the database has schema version \"\(found)\", this program needs \"\(needed)\"",
                remedy: "run: dagctl db migrate")
        case .tooNew(let found, let known):
            throw CommandError.unreachable(
                "the database has schema version \"\(found)\", this program knows up to \"\(known)\"",
                remedy: "use the newer program that wrote it")
        case .foreign:
            throw CommandError.unreachable(
                "\"\(place.path)\" holds the tables of another program",
                remedy: "name an empty or missing file")
        case .current: return
        }
    }

    private static let skipInit = CommandOption<Bool>.flag(
        "skip-init", short: "s", "Does not make a new database.")

    private static let reset = CLICommand(
        "reset", "Deletes the database with all that is in it, and makes a new one.",
        discussion: "Runs, task instances, outputs, variables and connections are lost. Logs stay.",
        examples: [.init("db reset --yes", "without asking")],
        options: [SharedParameters.confirmed, skipInit], exitCodes: [.unreachable, .permission, .temporary]
    ) { call in
        let place = try call.workspace.databasePlace()
        guard
            try call.confirm(
                "delete \"\(place.path)\" with all that is in it", given: SharedParameters.confirmed)
        else {
            try call.console.note("nothing was deleted")
            return .failure
        }
        try await call.workspace.system.databases.delete(place)
        try call.console.note("database \(place.path) deleted")
        return call[skipInit] ? .success : try await runMigration(call)
    }
}
