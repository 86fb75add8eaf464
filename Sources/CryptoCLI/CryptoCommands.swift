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
            MarketCommands.status, MarketCommands.top, MarketCommands.report, ReplayServerCommand.command,
        ])

    /// The settings of section `[crypto]`.
    static let configurationKeys: [ConfigurationKey] = [
        key(
            "source", .text, nil,
            "Where prices come from: coincap, replay:FOLDER or generated:SEED; CoinCap unless set."),
        key("wanted", .integer(1...10_000), "250", "How many assets a fetch asks for."),
        key("retention_days", .integer(1...3_650), "35", "How many days snapshots are kept."),
        key("timezone", .text, "UTC", "The zone by which snapshots get their day and hour."),
        key("credit_limit", .integer(0...10_000_000), "500", "The credits of CoinCap that a month may use."),
        key(
            "recipients", .text, CryptoSettings.standardRecipient,
            "Who gets mails, parted by commas; empty for nobody."),
        key("language", .choice(["fr", "en"]), "fr", "The language of mails."),
        key(
            "success_mail", .choice(["daily", "always", "never"]), "daily",
            "How often a green run sends a mail."),
        key("trend_flat", .text, "1", "Changes below this, in %, are stable."),
        key("trend_strong", .text, "5", "Changes from this on, in %, are strong."),
        key("anomaly_change", .text, "10", "The change in % that is an anomaly."),
        key("anomaly_rank", .integer(10...10_000), "200", "The lowest rank that is searched for anomalies."),
    ]

    private static func key(
        _ name: String, _ kind: ConfigurationKey.Kind, _ standard: String?, _ about: String
    ) -> ConfigurationKey {
        ConfigurationKey("crypto", name, kind: kind, default: standard, about)
    }
}
