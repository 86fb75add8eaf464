import CryptoDags
import DagKit
import DagKitCLI

/// The commands of `crypto`.
enum CryptoCommands {
    static let group = CLICommand(
        group: "crypto", "Looks at the crypto market's data, and stands in for its source.",
        examples: [
            .init("crypto top -n 5", "the five largest coins of the newest snapshot"),
            .init("crypto report", "the last daily report"),
            .init("crypto replay-server --port 8099 --seed 1", "an invented CoinCap on this machine"),
        ],
        subcommands: [
            MarketCommands.status, MarketCommands.top, MarketCommands.report, SchemaCommand.command,
            ReplayServerCommand.command,
        ])

    /// The settings of section `[crypto]`.
    static let configurationKeys = CryptoSettings.keys.map { key in
        let kind: ConfigurationKey.Kind =
            switch key.kind {
            case .text, .number: .text
            case .whole(let range): .integer(range)
            case .choice(let choices): .choice(choices)
            }
        return ConfigurationKey("crypto", key.name, kind: kind, default: key.standard, key.about)
    }
}
