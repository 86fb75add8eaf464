import DagKitCore

/// `connections …`: named addresses with their credentials.
enum ConnectionsCommands {
    static let group = CLICommand(
        group: "connections", "Adds, shows, tests and deletes connections.",
        discussion:
            "A connection of the environment (DAGKIT_CONN_ID, AIRFLOW_CONN_ID) goes before the stored one.",
        examples: [
            .init("connections add smtp_default --conn-uri smtp://mail.example.org:587", "without a secret"),
            .init("connections add postgres_default --conn-uri - < uri.txt", "with one, from a file"),
        ],
        subcommands: [list, get, add, test, delete])

    static let id = CommandArgument<String>.text("conn_id", "The id of the connection.")
    private static let showValues = CommandOption<Bool>.flag(
        "show-values", "Shows passwords and extras in clear.")

    // MARK: list, get

    private static let idFilter = CommandOption<String?>.text(
        "conn-id", "ID", "Only the connection of this id.")

    private static let list = CLICommand(
        "list", "Lists the connections.", options: [idFilter, showValues] + ReportOptions.all,
        exitCodes: [.unreachable]
    ) { call in
        var report = Report([
            "conn_id", "conn_type", "description", "host", "schema", "login", "password", "port",
            .init("extra", isWide: true), "source",
        ])
        let leftOut = LeftOutRows()
        for (connection, source) in try await connections(call, leavingOut: leftOut)
        where call[idFilter] == nil || call[idFilter] == connection.id {
            report.add(row(connection, source: source, inClear: call[showValues]))
        }
        try call.show(report)
        try call.tell(leftOut)
        return .success
    }

    /// All connections by their ids, each with where it is from.
    ///
    /// - Parameter leftOut: Gets those that cannot be read; without it they are an error.
    static func connections(
        _ call: Invocation, leavingOut leftOut: LeftOutRows? = nil
    ) async throws -> [(Connection, String)] {
        let entries = call.workspace.environmentEntries
        var store = try await call.storeIfPresent()
        if let leftOut { store = store?.leavingOutUnreadable { leftOut.add($0) } }
        let stored = try await store?.connections() ?? []
        let ids = Set(entries.connectionIDs)
        let fromEnvironment = try ids.sorted().compactMap { try entries.connection($0) }.map {
            ($0, "env \($1)")
        }
        let all = fromEnvironment + stored.filter { !ids.contains($0.id) }.map { ($0, "database") }
        return all.sorted { $0.0.id < $1.0.id }
    }

    private static func row(_ connection: Connection, source: String, inClear: Bool) -> [String: JSONValue] {
        [
            "conn_id": .string(connection.id), "conn_type": .string(connection.type),
            "description": .text(connection.about), "host": .text(connection.host),
            "schema": .text(connection.schema), "login": .text(connection.login),
            "password": .text(connection.password.map { inClear ? $0 : $0.isEmpty ? "" : "***" }),
            "port": .count(connection.port),
            "extra": .text(connection.extra.map { inClear ? $0 : $0.isEmpty ? "" : "***" }),
            "source": .string(source),
        ]
    }

    private static let get = CLICommand(
        "get", "Shows a connection; its password and extras only if asked for.",
        arguments: [id], options: [showValues] + ReportOptions.all, exitCodes: [.notFound]
    ) { call in
        let (connection, source) = try await named(call)
        let row = row(connection, source: source, inClear: call[showValues])
        let value = { (key: String) in row[key] ?? .null }
        try call.show(
            Report(object: [
                "conn_id": value("conn_id"), "conn_type": value("conn_type"),
                "description": value("description"),
                "host": value("host"), "schema": value("schema"), "login": value("login"),
                "password": value("password"),
                "port": value("port"), "extra": value("extra"),
                "get_uri": call[showValues] ? .string(connection.uri) : .string(maskedURI(of: connection)),
                "source": value("source"),
            ]))
        return .success
    }

    /// The connection that was asked for, and where it comes from.
    static func named(_ call: Invocation) async throws -> (Connection, String) {
        let all = try await connections(call)
        let name = call[id]
        guard
            let found = all.first(where: {
                $0.0.id == name || $0.0.id == name.lowercased() && $0.1 != "database"
            })
        else {
            throw CommandError.noConnection(name, near: NearMiss.nearest(to: name, among: all.map(\.0.id)))
        }
        return found
    }

    private static func maskedURI(of connection: Connection) -> String {
        var copy = connection
        copy.extra = nil
        guard !(copy.password ?? "").isEmpty else { return copy.uri }
        copy.password = "***"
        return copy.uri.replacing("%2A%2A%2A", with: "***")
    }

    // MARK: add

    private static let uri = CommandOption<String?>.text(
        "conn-uri", "URI", "The whole connection as a URI; - reads it from the input.")
    private static let json = CommandOption<String?>.text(
        "conn-json", "JSON", "The whole connection as JSON; - reads it from the input.")
    private static let type = CommandOption<String?>.text(
        "conn-type", "TYPE", "The kind of service, such as postgres or smtp.")
    private static let about = CommandOption<String?>.text("conn-description", "TEXT", "What it is for.")
    private static let host = CommandOption<String?>.text("conn-host", "HOST", "The host.")
    private static let login = CommandOption<String?>.text("conn-login", "NAME", "The name to log in with.")
    private static let password = CommandOption<String?>.text(
        "conn-password", "TEXT", "The password; - reads it from the input.")
    private static let secret = CommandOption<Bool>.flag(
        "secret", "Asks for the password on the terminal, or reads it from the input.")
    private static let schema = CommandOption<String?>.text(
        "conn-schema", "NAME", "The database, or the scheme of an HTTP connection.")
    private static let port = CommandOption<Int>.integer(
        "conn-port", "PORT", default: 0, in: 0...65535, "The port; 0 for none.")
    private static let extra = CommandOption<String?>.text(
        "conn-extra", "JSON", "What else its type knows: a JSON object.")
    private static let overwrite = CommandOption<Bool>.flag(
        "overwrite", "Replaces a connection of the same id.")

    private static let add = CLICommand(
        "add", aliases: ["set"], "Adds a connection.",
        examples: [
            .init("connections add postgres_default --conn-uri - < uri.txt", "as a URI, from a file"),
            .init(
                "connections add smtp_default --conn-type smtp --conn-host mail.example.org --conn-port 587 --conn-login me --secret",
                "in parts, and asks for the password"),
        ],
        arguments: [id],
        options: [uri, json, type, about, host, login, password, secret, schema, port, extra, overwrite],
        exitCodes: [.conflict, .unreachable]
    ) { call in
        let connection = try connection(call)
        let store = try await call.workspace.store()
        if try await store.connection(connection.id) != nil, !call[overwrite] {
            throw CommandError.connectionExists(connection.id)
        }
        try await store.setConnection(connection, by: call.workspace.actor, at: call.workspace.now)
        try call.console.note("connection \(connection.id) added")
        if let (_, name) = try call.workspace.environmentEntries.connection(connection.id) {
            try call.console.note("note: \(name) in the environment goes before it")
        }
        return .success
    }

    private static func connection(_ call: Invocation) throws -> Connection {
        let name = call[id]
        guard !name.isEmpty, name.utf8.count <= 250 else {
            throw UsageError.invalidValue(name, of: "conn_id", remedy: "write 1 to 250 characters")
        }
        let given = [call[uri], call[json], call[type]].compactMap(\.self).count
        guard given == 1 else {
            throw UsageError.contradiction(
                given == 0 ? "the connection has no type" : "the connection is described twice",
                remedy: "give one of --conn-uri, --conn-json and --conn-type")
        }
        var made: Connection
        if let text = call[uri] {
            made = try Connection(
                name, uri: try call.secretText(text, of: "connection", isSecret: text.contains("@")))
        } else if let text = call[json] {
            made = try Connection(
                name, json: try call.secretText(text, of: "connection", isSecret: text.contains("password")))
        } else {
            made = Connection(name, type: call[type] ?? "")
        }
        try complete(&made, call)
        return made
    }

    private static func complete(_ connection: inout Connection, _ call: Invocation) throws {
        if let text = call[about] { connection.about = text }
        if let text = call[host] { connection.host = text }
        if let text = call[login] { connection.login = text }
        if let text = call[schema] { connection.schema = text }
        if call[port] > 0 { connection.port = call[port] }
        if let text = call[extra] {
            do throws(JSONError) {
                _ = try JSONValue(parsing: text)
            } catch {
                throw CommandError.notJSON("--conn-extra", cause: error)
            }
            connection.extra = text
        }
        if call[password] != nil || call[secret] {
            connection.password = try call.secretText(call[password], of: "the password", isSecret: true)
        }
    }

    // MARK: delete

    private static let delete = CLICommand(
        "delete", "Deletes a connection.", arguments: [id], exitCodes: [.notFound]
    ) { call in
        let name = call[id]
        let store = try await call.storeIfPresent()
        let isDeleted =
            try await store?.deleteConnection(name, by: call.workspace.actor, at: call.workspace.now) ?? false
        guard isDeleted else {
            let ids = try await store?.connections().map(\.id) ?? []
            throw CommandError.noConnection(name, near: NearMiss.nearest(to: name, among: ids))
        }
        try call.console.note("connection \(name) deleted")
        return .success
    }
}
