public import FoundationEssentials

/// What made a run; the first part of its run id.
public enum RunType: String, Hashable, Sendable, Codable, CaseIterable {
    case scheduled
    case manual
    case backfill
    case assetTriggered = "asset_triggered"

    /// The run id of a run for `logicalDate`: `scheduled__2024-01-02T00:00:00+00:00`.
    public func runID(for logicalDate: Date) -> String { "\(rawValue)__\(logicalDate.isoText)" }

    /// The type that the text of a run id tells; one that a user chose is manual.
    public init(runID: String) {
        let known = Self.allCases.first { runID.hasPrefix("\($0.rawValue)__") }
        self = known ?? (runID.hasPrefix("dataset_triggered__") ? .assetTriggered : .manual)
    }
}
