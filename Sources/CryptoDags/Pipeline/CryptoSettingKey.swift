/// A setting of section `[crypto]`: its name, what its values look like, and its standard.
///
/// Command lines show these, so that every threshold is seen with its value.
public struct CryptoSettingKey: Hashable, Sendable {
    /// What values look like.
    public enum Kind: Hashable, Sendable {
        case text
        /// A decimal number above zero.
        case number
        case whole(ClosedRange<Int>)
        case choice([String])
    }

    /// The name within the section.
    public let name: String

    /// What its values look like.
    public let kind: Kind

    /// The value if nobody sets it; `nil` for none.
    public let standard: String?

    /// What it is for: one sentence.
    public let about: String

    init(_ name: String, _ kind: Kind, _ standard: String?, _ about: String) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.about = about
    }
}

extension CryptoSettings {
    /// All settings of the section.
    public static let keys: [CryptoSettingKey] =
        sourceKeys + retentionKeys + mailKeys + classKeys + anomalyKeys

    private static let sourceKeys: [CryptoSettingKey] = [
        .init(
            "source", .text, nil,
            "Where prices come from: coincap, replay:FOLDER or generated:SEED; CoinCap unless set."),
        .init("wanted", .whole(1...10_000), "250", "How many assets a fetch asks for."),
        .init("timezone", .text, "UTC", "The zone by which snapshots get their day and hour."),
        .init(
            "metered", .choice(["auto", "always", "never"]), "auto",
            "Whether a call costs a credit; auto: calls to CoinCap's own address do."),
        .init(
            "credit_limit", .whole(0...10_000_000), "500", "The credits of CoinCap that a month may use."),
        .init(
            "credit_warning", .whole(1...100), "80",
            "The share of the credits, in %, from which on each run warns."),
    ]

    private static let retentionKeys: [CryptoSettingKey] = [
        .init("retention_days", .whole(1...3_650), "35", "How many days snapshots are kept."),
        .init(
            "detail_days", .whole(1...3_650), "8",
            "How many days every snapshot keeps its rows; before them, the last of each day does."),
        .init("daily_days", .whole(1...36_500), "3650", "How many days daily candles and reports are kept."),
    ]

    private static let mailKeys: [CryptoSettingKey] = [
        .init(
            "recipients", .text, standardRecipient, "Who gets mails, parted by commas; empty for nobody."),
        .init("language", .choice(["fr", "en"]), "fr", "The language of mails."),
        .init(
            "success_mail", .choice(["daily", "always", "never"]), "daily",
            "How often a green run sends a mail."),
        .init(
            "failure_mail", .choice(["always", "never"]), "always",
            "Whether a task that failed for good sends a mail at once."),
        .init(
            "alert_cooldown_hours", .whole(0...720), "6",
            "How many hours an anomaly must be gone before it alerts again."),
    ]

    private static let classKeys: [CryptoSettingKey] = [
        .init("trend_flat", .number, "1", "Changes below this, in %, are stable."),
        .init("trend_strong", .number, "5", "Changes from this on, in %, are strong."),
        .init("cap_mega", .number, "200000000000", "The smallest market cap of a mega_cap, in USD."),
        .init("cap_large", .number, "10000000000", "The smallest market cap of a large_cap, in USD."),
        .init("cap_mid", .number, "1000000000", "The smallest market cap of a mid_cap, in USD."),
        .init("cap_small", .number, "100000000", "The smallest market cap of a small_cap, in USD."),
    ]

    private static let anomalyKeys: [CryptoSettingKey] = [
        .init("anomaly_rank", .whole(10...10_000), "200", "The lowest rank that is searched for anomalies."),
        .init("anomaly_volume", .number, "100000", "The smallest volume, in USD, that is searched."),
        .init("anomaly_change", .number, "10", "The change in % that is an anomaly."),
        .init("anomaly_change_high", .number, "20", "The change in % of high severity."),
        .init("anomaly_change_critical", .number, "50", "The change in % of critical severity."),
        .init("anomaly_cross_score", .number, "3.5", "The robust z of a change against the market."),
        .init(
            "anomaly_cross_change", .number, "3",
            "The smallest change in % that may stand out from the market."),
        .init(
            "anomaly_history_score", .number, "6",
            "The robust z of a return or a volume against the coin's past."),
        .init("anomaly_history_days", .whole(1...365), "7", "How many days a coin's past goes back."),
        .init("anomaly_points", .whole(3...100_000), "48", "How many snapshots a coin's past must have."),
        .init(
            "anomaly_peg_band", .number, "0.5",
            "How far from 1 USD, in %, the median price of a stable coin is at most."),
        .init("anomaly_peg_break", .number, "2", "How far from 1 USD, in %, a stable coin may go."),
        .init("anomaly_rank_scope", .whole(1...10_000), "50", "The lowest rank whose moves matter."),
        .init(
            "anomaly_rank_move", .whole(1...10_000), "10",
            "The ranks gained or lost in a day that are an anomaly."),
    ]
}
