import CryptoDags
import DagKit
import DagKitCLI

/// `crypto migrate`.
enum MigrateCommand {
    static let command = CLICommand(
        "migrate", "Brings the tables of the market store to the version of this program.",
        examples: [.init("crypto migrate", "after an upgrade of dagctl")], exitCodes: [.notFound]
    ) { call in
        let place = try await MarketAccess.place(of: call)
        guard place.mayExist else { throw MarketCommandError.noStore(home: call.workspace.home.path) }
        let database = try await place.openDatabase()
        do {
            try await MarketStore.migrate(database, now: call.workspace.now)
            await database.close()
        } catch {
            await database.close()
            throw error
        }
        try call.console.print("the market store is up to date")
        return .success
    }
}
