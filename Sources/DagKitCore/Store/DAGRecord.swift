public import FoundationEssentials

/// A DAG as the store knows it: what listings show without the code.
public struct DAGRecord: Hashable, Sendable {
    public let id: DAGID
    public var isPaused: Bool

    /// Whether the executable that registered the DAG still has it.
    public var isActive: Bool

    /// The name of the executable that has the DAG.
    public var bundle: String

    /// Where the DAG was written: `CryptoDags/Pipeline.swift:12`, `dags.json:8:5`.
    public var fileloc: String
    public var owners: [String]
    public var about: String?
    public var tags: [String]

    /// The schedule as it was written: `*/30 * * * *`; `None` without one.
    public var schedule: String

    /// The schedule in words.
    public var timetableDescription: String
    public var maxActiveTasks: Int
    public var maxActiveRuns: Int
    public var structureHash: String
    public var structure: JSONValue
    public var hasImportErrors: Bool
    public var lastRegistered: Date?
    public var next: PlannedRun?

    /// The entry of `dags.json` as it was written; `nil` for compiled DAGs.
    public var source: String?

    /// The SHA-256 of the executable that has the DAG, 64 hex digits; `nil` if it was not told.
    public var executableHash: String?

    /// The assets that it runs on, and those of its tasks.
    public var assets: [AssetReference] = []

    /// Creates the record of a DAG that has just been checked.
    public init(_ spec: DAGSpec, bundle: String, isPaused: Bool, hasImportErrors: Bool = false) {
        let configuration = spec.configuration
        id = spec.id
        self.isPaused = configuration.isPausedAtCreation ?? isPaused
        isActive = true
        self.bundle = bundle
        fileloc = spec.location.description
        owners = Set(spec.tasks.map(\.owner)).sorted()
        about = configuration.about
        tags = configuration.tags.sorted()
        schedule = configuration.schedule.text
        timetableDescription = configuration.schedule.description
        maxActiveTasks = configuration.maxActiveTasks
        maxActiveRuns = configuration.maxActiveRuns
        structureHash = spec.structureHash
        structure = spec.structure
        self.hasImportErrors = hasImportErrors
        source = spec.source
        assets = spec.assetReferences
    }

    /// Creates a record from what a store holds.
    public init(
        id: DAGID, isPaused: Bool, isActive: Bool, bundle: String, fileloc: String, owners: [String],
        about: String?,
        tags: [String], schedule: String, timetableDescription: String, maxActiveTasks: Int,
        maxActiveRuns: Int,
        structureHash: String, structure: JSONValue, hasImportErrors: Bool, lastRegistered: Date?,
        next: PlannedRun?
    ) {
        self.id = id
        self.isPaused = isPaused
        self.isActive = isActive
        self.bundle = bundle
        self.fileloc = fileloc
        self.owners = owners
        self.about = about
        self.tags = tags
        self.schedule = schedule
        self.timetableDescription = timetableDescription
        self.maxActiveTasks = maxActiveTasks
        self.maxActiveRuns = maxActiveRuns
        self.structureHash = structureHash
        self.structure = structure
        self.hasImportErrors = hasImportErrors
        self.lastRegistered = lastRegistered
        self.next = next
    }
}

extension DAGSpec {
    /// The assets that runs of the DAG follow, and those that its tasks update and read.
    public var assetReferences: [AssetReference] {
        let schedule = configuration.schedule.assetCondition?.assets ?? []
        return schedule.map { AssetReference($0, .schedule) }
            + tasks.flatMap { task in
                task.outlets.map { AssetReference($0, .outlet(task.id)) }
                    + task.inlets.map { AssetReference($0, .inlet(task.id)) }
            }
    }
}

/// A DAG, or a file of DAGs, that could not be loaded.
public struct ImportError: Hashable, Codable, Sendable {
    /// `dags.json`, or the executable's name.
    public let file: String
    public let at: Date

    /// One line per problem.
    public let text: String

    public init(file: String, at: Date, text: String) {
        self.file = file
        self.at = at
        self.text = text
    }
}

/// A long-running process of the deployment, as the `job` table shows it.
public struct JobRecord: Hashable, Codable, Sendable {
    /// Given by the store; 0 before that.
    public var id: Int64
    /// `SchedulerJob`, as Airflow calls it.
    public var type: String
    /// `running`, `success` or `failed`.
    public var state: String
    public var hostname: String
    public var user: String
    public var processID: Int
    public var executor: String
    public var start: Date
    public var heartbeat: Date
    public var end: Date?

    public init(
        id: Int64 = 0, type: String, state: String, hostname: String, user: String, processID: Int,
        executor: String,
        start: Date, heartbeat: Date, end: Date? = nil
    ) {
        self.id = id
        self.type = type
        self.state = state
        self.hostname = hostname
        self.user = user
        self.processID = processID
        self.executor = executor
        self.start = start
        self.heartbeat = heartbeat
        self.end = end
    }
}

/// A line of the audit log: who did what, when.
public struct AuditEntry: Hashable, Codable, Sendable {
    public let at: Date
    /// What was done: `trigger`, `pause`, `variable.set`.
    public let event: String
    public let actor: String
    public let dagID: DAGID?
    public let runID: RunID?
    public let taskID: TaskID?

    /// What was changed, secrets masked.
    public let extra: JSONValue

    public init(
        at: Date, event: String, actor: String, dagID: DAGID? = nil, runID: RunID? = nil,
        taskID: TaskID? = nil,
        extra: JSONValue = .null
    ) {
        self.at = at
        self.event = event
        self.actor = actor
        self.dagID = dagID
        self.runID = runID
        self.taskID = taskID
        self.extra = extra
    }
}
