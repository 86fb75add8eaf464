import DagKitCore
import DagKitProviders
import DagKitSQL

extension ConnectionsCommands {
    static let test = CLICommand(
        "test", "Opens the database of a connection and says whether it answers.",
        examples: [.init("connections test postgres_default", "host, password and database at once")],
        arguments: [id], exitCodes: [.notFound, .permission, .temporary, .unreachable]
    ) { call in
        let (connection, _) = try await named(call)
        let drivers = call.workspace.drivers
        guard drivers.connectionTypes.contains(connection.type) else {
            throw CommandError.failed(
                "connections of type \"\(connection.type)\" cannot be tested",
                remedy: "test one of type \(drivers.connectionTypes.joined(separator: ", "))")
        }
        let address = SQLAddress(connection)
        let database = try await drivers.open(address)
        do {
            _ = try await database.query("select 1")
            await database.close()
        } catch {
            await database.close()
            throw error
        }
        try call.console.note("connection \(connection.id) works (\(address))")
        return .success
    }
}
