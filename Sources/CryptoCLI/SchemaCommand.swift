import CryptoDags
import DagKit
import DagKitCLI

/// `crypto schema`: the tables of the market store as a script.
enum SchemaCommand {
    private static let fromSeed = CommandOption<Bool>.flag(
        "from-seed", "Makes them out of the tables of the original system, whose rows are kept.")

    static let command = CLICommand(
        "schema", "Prints the market store's tables on PostgreSQL as a script for psql.",
        examples: [
            .init("crypto schema | psql -d crypto_db", "makes the tables without dagctl's rights"),
            .init("crypto schema --from-seed | psql -d crypto_db", "takes the original system's tables over"),
        ], options: [fromSeed]
    ) { call in
        try call.console.print(MarketStore.postgresScript(fromSeed: call[fromSeed]))
        return .success
    }
}
