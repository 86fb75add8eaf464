import CryptoDags
import DagKit
import DagKitCLI
import FoundationEssentials

/// `crypto migrate`.
enum MigrateCommand {
    static let command = CLICommand(
        "migrate", "Brings the tables of the market store to the version of this program.",
        examples: [.init("crypto migrate", "after an upgrade of dagctl")], exitCodes: [.notFound]
    ) { call in
        let home = call.workspace.home.path
        guard FileManager.default.fileExists(atPath: "\(home)/\(MarketStore.fileName)") else {
            throw MarketCommandError.noStore(home: home)
        }
        let address = SQLAddress(type: "sqlite", database: "\(home)/\(MarketStore.fileName)")
        let database = try await SQLiteDriver().open(address)
        do {
            try await MarketStore.migrate(database, now: call.workspace.now)
            await database.close()
        } catch {
            await database.close()
            throw error
        }
        try call.console.print("the market store in \(home) is up to date")
        return .success
    }
}
