import CryptoDags
import DagKit
import DagKitCLI

/// The commands of `crypto`.
enum CryptoCommands {
    static let group = CLICommand(
        group: "crypto", "Looks at the crypto market's data, and stands in for its source.",
        examples: [
            .init("crypto top -n 5", "the five largest coins of the newest snapshot"),
            .init("crypto history BTC --days 30", "a month of Bitcoin with its shape"),
            .init("crypto quality", "what the checks found, and which rows"),
            .init("crypto demo", "both workflows on an invented market, offline"),
        ],
        subcommands: [
            StatusCommand.command, TopCommand.command, ReportCommand.command, HistoryCommand.command,
            AnomaliesCommand.command, QualityCommand.command, ExportCommand.command, ReprocessCommand.command,
            BackfillCommand.command, DemoCommand.command, SimulateCommand.command, MigrateCommand.command,
            SchemaCommand.command,
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
