import DagKitCore

/// `db backup` and `db restore`: copies of the metadata database.
enum DatabaseCopies {
    private static let target = CommandArgument<String?>.optional(
        "file", "Where to; backups/dagkit-INSTANT.db in the home unless given."
    ) { text throws(ParameterError) in text }

    static let backup = CLICommand(
        "backup", "Copies the database to a file, while all others go on.",
        discussion:
            "The copy is complete or not there, and replaces an older file of that name. It does not hold the keys "
            + "that seal secrets: keep the keys folder of the home too, in another place.",
        examples: [
            .init("db backup", "into the backups folder of the home"),
            .init("db backup /mnt/nightly.db", "the same file each night"),
        ],
        arguments: [target], exitCodes: [.unreachable, .permission, .temporary]
    ) { call in
        let place = try call.workspace.databasePlace()
        let keeper = call.workspace.system.databases
        guard keeper.exists(place) else {
            throw CommandError.unreachable(
                "there is no database at \"\(place.path)\"", remedy: "run: dagctl db migrate")
        }
        let path = try call.absolute(call[target]) ?? place.backup(at: call.workspace.now)
        try await keeper.backup(place, to: path)
        try call.console.note("database \(place.path) copied to \(path)")
        return .success
    }

    private static let source = CommandArgument<String>.text("file", "The backup.")

    static let restore = CLICommand(
        "restore", "Puts a backup in the place of the database; what was there is kept beside it.",
        discussion:
            "No scheduler may work on the home, and no process have the database open. What happened since the backup "
            + "is lost.",
        examples: [.init("db restore /mnt/nightly.db --yes", "without asking")],
        arguments: [source], options: [SharedParameters.confirmed],
        exitCodes: [.notFound, .conflict, .unreachable, .permission, .temporary]
    ) { call in
        let place = try call.workspace.databasePlace()
        let path = try call.absolute(call[source]) ?? call[source]
        try call.requireNoScheduler()
        guard
            try call.confirm(
                "put \"\(path)\" in the place of \"\(place.path)\"", given: SharedParameters.confirmed)
        else {
            try call.console.note("nothing was changed")
            return .failure
        }
        let kept = try await call.keepingSchedulersOut {
            try await call.workspace.system.databases.restore(place, from: path, at: call.workspace.now)
        }
        try call.console.note(
            "database \(place.path) restored from \(path)" + (kept.map { "; the old one is \($0)" } ?? ""))
        return .success
    }
}

extension Invocation {
    /// A path as the working folder of the command makes it absolute.
    fileprivate func absolute(_ path: String?) throws -> String? {
        path.map { Home.absolute($0, workspace.system.environment, workspace.system.files) }
    }
}
