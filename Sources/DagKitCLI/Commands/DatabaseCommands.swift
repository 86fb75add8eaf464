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
        exitCodes: [.conflict, .unreachable, .permission, .temporary], run: runMigration)

    private static let initialize = CLICommand(
        "init", "The same as migrate, under its old name.",
        exitCodes: [.conflict, .unreachable, .permission, .temporary]
    ) { call in
        try call.console.note("note: `db init` is the old name of `db migrate`")
        return try await runMigration(call)
    }

    private static func runMigration(_ call: Invocation) async throws -> ExitCode {
        let place = try call.workspace.databasePlace()
        let databases = call.workspace.system.databases
        // A scheduler of the older program would go on with tables that it does not know.
        let mustWork = databases.exists(place) ? try await isOutdated(databases.state(of: place)) : false
        let steps = try await call.keepingSchedulersOut(if: mustWork) {
            try await databases.migrate(place, at: call.workspace.now)
        }
        let done = steps.isEmpty ? "is up to date" : "migrated (\(steps.joined(separator: ", ")))"
        try call.console.note("database \(place.path) \(done)")
        return .success
    }

    private static func isOutdated(_ state: DatabaseState) -> Bool {
        if case .outdated = state { return true }
        return false
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
        discussion:
            "Runs, task instances, outputs, variables and connections are lost. Logs stay. No scheduler may work on the "
            + "home meanwhile.",
        examples: [.init("db reset --yes", "without asking")],
        options: [SharedParameters.confirmed, skipInit],
        exitCodes: [.conflict, .unreachable, .permission, .temporary]
    ) { call in
        let place = try call.workspace.databasePlace()
        try call.requireNoScheduler()
        guard
            try call.confirm(
                "delete \"\(place.path)\" with all that is in it", given: SharedParameters.confirmed)
        else {
            try call.console.note("nothing was deleted")
            return .failure
        }
        try await call.keepingSchedulersOut {
            try await call.workspace.system.databases.delete(place)
        }
        try call.console.note("database \(place.path) deleted")
        return call[skipInit] ? .success : try await runMigration(call)
    }
}

extension Invocation {
    /// - Throws: An error if a scheduler works on the home, so that nobody is asked a question in vain.
    func requireNoScheduler() throws {
        if workspace.system.occupation(workspace.home.path) { throw schedulerWorks }
    }

    /// Does what no scheduler may live through, while none can start.
    func keepingSchedulersOut<Value>(
        if isNeeded: Bool = true, _ body: () async throws -> Value
    ) async throws -> Value {
        guard isNeeded else { return try await body() }
        guard let hold = try workspace.system.occupy(workspace.home.path) else { throw schedulerWorks }
        defer { withExtendedLifetime(hold) {} }
        return try await body()
    }

    private var schedulerWorks: CommandError {
        .conflict("a scheduler works on \"\(workspace.home.path)\"", remedy: "stop it first")
    }
}
