package import FoundationEssentials

/// What commands take from the machine: its clock, user, environment and files; tests hand over their own.
package struct HostView: Sendable {
    package var environment: [String: String]
    package var files: FileView
    package var now: @Sendable () -> Date
    package var userName: @Sendable () -> String
    package var hostName: @Sendable () -> String

    /// How the metadata database is opened and looked after.
    package var databases: any DatabaseKeeper

    /// Whether a scheduler of a home lives.
    package var occupation: @Sendable (String) -> Bool

    /// The process of the scheduler that works on a home; `nil` if none does.
    package var schedulerProcess: @Sendable (String) -> Int32?

    /// Keeps schedulers out of a home for as long as what it gives lives; `nil` if one works there.
    package var occupy: @Sendable (String) throws -> (any Sendable)?

    /// Makes this process the one that orphans among its descendants fall to: a scheduler ends what a dead supervisor left.
    package var adoptOrphans: @Sendable () throws -> Void = {}

    /// The release of the machine's time zone data; `nil` if it does not say.
    package var timeZoneData: @Sendable () -> String?

    /// Wakes the scheduler of a home; quiet if none is there.
    package var knock: @Sendable (String) async -> Void

    package init(
        environment: [String: String], files: FileView, now: @escaping @Sendable () -> Date,
        userName: @escaping @Sendable () -> String, hostName: @escaping @Sendable () -> String,
        databases: any DatabaseKeeper, occupation: @escaping @Sendable (String) -> Bool = { _ in false },
        schedulerProcess: @escaping @Sendable (String) -> Int32? = { _ in nil },
        occupy: @escaping @Sendable (String) throws -> (any Sendable)? = { _ in true },
        timeZoneData: @escaping @Sendable () -> String? = { nil },
        knock: @escaping @Sendable (String) async -> Void = { _ in }
    ) {
        self.environment = environment
        self.files = files
        self.now = now
        self.userName = userName
        self.hostName = hostName
        self.databases = databases
        self.occupation = occupation
        self.schedulerProcess = schedulerProcess
        self.occupy = occupy
        self.timeZoneData = timeZoneData
        self.knock = knock
    }
}
