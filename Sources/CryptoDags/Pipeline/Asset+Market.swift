public import DagKit

extension Asset {
    /// The newest snapshot of the market that passed its checks: `crypto_data_pipeline` updates it.
    ///
    /// An update tells the `snapshot_id` and how many `rows` it has.
    public static let marketSnapshot = Asset(
        "crypto://market/snapshot", name: "crypto_snapshot", group: "crypto",
        extra: ["table": "crypto_historique"])
}
