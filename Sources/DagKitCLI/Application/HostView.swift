import DagKitCore
import FoundationEssentials

/// What commands take from the machine: its clock, user, environment and files; tests hand over their own.
struct HostView: Sendable {
    var environment: [String: String]
    var files: FileView
    var now: @Sendable () -> Date
    var userName: @Sendable () -> String
    var hostName: @Sendable () -> String

    /// How the metadata database is opened and looked after.
    var databases: any DatabaseKeeper

    /// Whether a scheduler of a home lives.
    var occupation: @Sendable (String) -> Bool

    /// Wakes the scheduler of a home; quiet if none is there.
    var knock: @Sendable (String) async -> Void
}
