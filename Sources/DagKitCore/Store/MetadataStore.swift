public import FoundationEssentials

/// Where DAGs, runs, task instances, outputs, variables, connections and pools are kept.
///
/// Every implementation passes the conformance suite of `DagKitTesting`. State changes of runs go through
/// ``commit(_:durability:)`` alone: a batch holds what a ``RunMachine`` decided, and is applied whole or, where
/// somebody else changed the run meanwhile, not at all.
public protocol MetadataStore: Sendable {
    // MARK: Runs

    /// Applies what was decided about some runs in one transaction.
    ///
    /// A run whose revision is not the expected one is left alone, and its key is among the conflicts; the others
    /// are applied. Creating a run whose id, or whose logical date, its DAG has already is a conflict too, and so are one
    /// for updates of assets that another run was created for, and a change that works off a date of a backfill which no
    /// longer waits its turn.
    func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult

    /// Issues attempt tokens that were never issued before.
    func reserveAttempts(_ count: Int) async throws -> ClosedRange<Int64>

    /// A run with its task instances; `nil` if there is no such run.
    func snapshot(of run: RunKey) async throws -> RunSnapshot?

    /// All runs that have not finished, with their task instances.
    func unfinishedRuns() async throws -> [RunSnapshot]

    /// The runs that a query asks for, newest run-after instant first.
    func runs(_ query: RunQuery) async throws -> [DAGRun]

    /// The newest run before a logical date; `nil` if there is none.
    func pastRun(_ query: PastQuery) async throws -> PastRun?

    /// The task instances of a run, by the order of their DAG; earlier tries are not among them.
    func taskInstances(of run: RunKey) async throws -> [TaskInstance]

    /// The earlier tries of a run's task instances, oldest first.
    func history(of run: RunKey) async throws -> [TaskInstance]

    /// The events of a run, oldest first.
    func events(of run: RunKey) async throws -> [RunEvent]

    /// The newest events whose number is above `number`, oldest first, at most `limit`.
    func changes(after number: Int64, limit: Int) async throws -> [RunEvent]

    /// The number of the newest event; 0 if there is none.
    func lastEventNumber() async throws -> Int64

    /// The newest data interval that was scheduled for each DAG.
    func lastScheduledIntervals() async throws -> [DAGID: DataInterval]

    /// How many runs there are by DAG and state.
    func runCounts() async throws -> [DAGID: [RunState: Int]]

    // MARK: Outputs

    /// The outputs stored under `key` for a task of a run, by ascending map index.
    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom]

    /// All outputs of a run, by task, map index and key.
    func outputs(in run: RunKey) async throws -> [XCom]

    /// The rendered templates of a task instance's newest try.
    func renderedTemplates(of task: TaskInstanceKey) async throws -> [TemplateField]

    // MARK: DAGs

    /// Records the DAGs of an executable and marks those of the same `bundle` that are not among them as inactive.
    ///
    /// Whether a DAG is paused is set where it is new and kept where it is not. A structure that the DAG did not have
    /// before becomes its next version.
    func register(_ dags: [DAGRecord], bundle: String, at now: Date) async throws

    /// Records one DAG of an executable as ``register(_:bundle:at:)`` does, and leaves all others as they are.
    func add(_ dag: DAGRecord, bundle: String, at now: Date) async throws

    /// Sets when the next run of some DAGs is planned.
    func setNextRuns(_ next: [DAGID: PlannedRun?]) async throws

    /// The DAG called `id`; `nil` if it was never registered.
    func dag(_ id: DAGID) async throws -> DAGRecord?

    /// The DAGs that are paused.
    func pausedDAGs() async throws -> Set<DAGID>

    /// All DAGs by id, inactive ones too if asked for.
    func dags(includingInactive: Bool) async throws -> [DAGRecord]

    /// Pauses or unpauses DAGs and gives those whose state changed.
    func setPaused(_ isPaused: Bool, _ dags: [DAGID], by actor: String, at now: Date) async throws -> [DAGID]

    /// Deletes a DAG with its runs and all that belongs to them, and gives how many records went.
    ///
    /// - Throws: ``DAGDeletionError/running(_:attempts:)``: nothing was deleted.
    func deleteDAG(_ id: DAGID, by actor: String, at now: Date) async throws -> Int

    /// Deletes a run with all that belongs to it; false if there is none.
    ///
    /// - Throws: ``RunDeletionError/open(_:)`` for a run that can be read and has not ended.
    func deleteRun(_ run: RunKey, by actor: String, at now: Date) async throws -> Bool

    /// The structure of a version of a DAG; `nil` if no such version was registered.
    func structure(of dag: DAGID, hash: String) async throws -> JSONValue?

    /// All versions of a DAG, the first one first.
    func versions(of dag: DAGID) async throws -> [DAGVersion]

    /// The version of a DAG that has a structure; `nil` if no such structure was registered.
    func version(of dag: DAGID, hash: String) async throws -> DAGVersion?

    /// The numbers of a DAG's versions by the hash of their structure.
    func versionNumbers(of dag: DAGID) async throws -> [String: Int]

    /// Replaces the import errors of one source (the name of a file or an executable).
    func setImportErrors(_ errors: [ImportError], of source: String, at now: Date) async throws

    /// All import errors by file.
    func importErrors() async throws -> [ImportError]

    // MARK: Variables, connections, pools

    func variable(_ key: String) async throws -> Variable?
    func variables() async throws -> [Variable]
    func setVariable(_ variable: Variable, by actor: String, at now: Date) async throws
    func deleteVariable(_ key: String, by actor: String, at now: Date) async throws -> Bool

    func connection(_ id: String) async throws -> Connection?
    func connections() async throws -> [Connection]

    /// Adds a connection, or replaces the one of the same id.
    func setConnection(_ connection: Connection, by actor: String, at now: Date) async throws
    func deleteConnection(_ id: String, by actor: String, at now: Date) async throws -> Bool

    /// All pools by name; the default pool is always among them.
    func pools() async throws -> [Pool]
    func setPool(_ pool: Pool, by actor: String, at now: Date) async throws
    func deletePool(_ name: String, by actor: String, at now: Date) async throws -> Bool

    // MARK: Jobs and the audit log

    /// Records that a scheduler started, and gives its number.
    func startJob(_ job: JobRecord) async throws -> Int64

    /// Records that a job lives, or ended.
    func updateJob(_ id: Int64, state: String, heartbeat: Date, end: Date?) async throws

    /// The newest jobs of a type, newest first.
    func jobs(type: String, limit: Int) async throws -> [JobRecord]

    /// The newest entries of the audit log, newest first.
    func auditLog(limit: Int) async throws -> [AuditEntry]

    // MARK: Notices

    /// The notices that are to be delivered by an instant: of each callback of a DAG one in turn, those that failed less often
    /// first, and then the oldest.
    func notices(dueBy instant: Date, limit: Int) async throws -> [Notice]

    /// When the next notice is due; `nil` if none waits.
    func nextNoticeAt() async throws -> Date?

    /// Records what became of an attempt to deliver a notice.
    func settle(_ notice: Notice, _ outcome: NoticeOutcome, at now: Date) async throws

    /// The notices that a query asks for, newest first, those that were delivered or given up among them.
    func notices(_ query: NoticeQuery) async throws -> [NoticeRecord]

    /// Lets a notice that waits or was given up be delivered at once, as if no delivery had failed.
    ///
    /// - Returns: False if there is none of that number, or it was delivered.
    func retryNotice(_ number: Int64, by actor: String, at now: Date) async throws -> Bool

    /// Removes the notices that were delivered before an instant; what waits or was given up stays.
    func pruneNotices(deliveredBefore instant: Date) async throws

    // MARK: Notes

    /// The notes on a run and its task instances.
    func notes(of run: RunKey) async throws -> RunNotes

    /// The notes on the runs of a DAG.
    func runNotes(of dag: DAGID) async throws -> [RunID: Note]

    /// Writes a note on a run, or on a task instance of it; `nil` takes it away.
    ///
    /// - Returns: False if there is no such run or task instance.
    func setNote(_ text: String?, of run: RunKey, task: TaskInstanceKey?, by actor: String, at now: Date)
        async throws -> Bool

    // MARK: Backfills

    /// Stores a backfill with its dates, and gives its number; one without a date that waits its turn is completed.
    ///
    /// - Throws: ``BackfillError/overlapping(_:other:)`` if the DAG has one in the range that is not done.
    func createBackfill(_ backfill: Backfill, dates: [BackfillDate]) async throws -> Int64

    /// The backfill of a number; `nil` if there is none.
    func backfill(_ id: Int64) async throws -> Backfill?

    /// The newest backfills, newest first; of all DAGs if none is given.
    func backfills(of dag: DAGID?, limit: Int) async throws -> [Backfill]

    /// The backfills that are not done, and those of which runs have not ended.
    func openBackfills() async throws -> [Backfill]

    /// The dates of a backfill in their order, or those alone that wait their turn.
    func dates(of backfill: Int64, pendingOnly: Bool) async throws -> [BackfillDate]

    /// Pauses or unpauses a backfill; false if it was so already, or is done.
    func setBackfillPaused(_ isPaused: Bool, _ id: Int64, by actor: String, at now: Date) async throws -> Bool

    /// Ends a backfill: no date that waits its turn gets a run; false if it is done.
    func cancelBackfill(_ id: Int64, by actor: String, at now: Date) async throws -> Bool

    /// Gives a date that waits its turn a reason why it gets no run.
    func skipDate(_ logicalDate: Date, of backfill: Int64, reason: String) async throws

    /// Records that a backfill is done, if no date of it waits its turn and no run of it is open.
    func completeBackfill(_ id: Int64, at now: Date) async throws

    // MARK: Assets

    /// What waits for asset-driven runs: for each DAG the URIs of the assets that were updated, while it was active and not
    /// paused, since its last such run, with the number of the newest update.
    func assetQueue() async throws -> [DAGID: [String: Int64]]

    /// The updates of some assets since the last asset-driven run of a DAG, in short; `nil` if there are none.
    func waitingAssetEvents(of dag: DAGID, uris: [String]) async throws -> WaitingAssetEvents?

    /// Records an update from outside; it survives a power cut. The scheduler should be woken afterwards.
    func recordAssetUpdate(_ update: AssetUpdate, by actor: String) async throws -> AssetEvent

    /// The updates that a query asks for, newest first.
    func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent]

    /// All assets by name; those that no loaded DAG names any more are not active.
    func assets() async throws -> [AssetRecord]

    // MARK: Life

    /// The same store for one who goes on in spite of rows that cannot be read: lists leave them out and tell of each, every
    /// time. What asks for one run, one DAG or one backfill fails with the ``UnreadableRow`` as before.
    func leavingOutUnreadable(_ tell: @escaping @Sendable (UnreadableRow) -> Void) -> any MetadataStore

    /// Where a scheduler runs best: what it commits then needs no hand-over from thread to thread. `nil` if it makes no
    /// difference.
    var writingExecutor: (any TaskExecutor)? { get }

    /// Ends the use of the store; what was committed stays.
    func close() async
}

extension MetadataStore {
    /// For a store whose rows can all be read.
    public func leavingOutUnreadable(_ tell: @escaping @Sendable (UnreadableRow) -> Void)
        -> any MetadataStore
    { self }

    public var writingExecutor: (any TaskExecutor)? { nil }
}

/// Whether a commit must survive a power cut before it is acknowledged.
public enum Durability: String, Codable, Sendable {
    /// Survives the crash of any process; a power cut may undo the newest commits.
    case process
    /// Survives a power cut.
    case full
}

/// What one decision about a run changes, to be applied whole or not at all.
public struct RunBatch: Sendable {
    public let run: RunKey

    /// The revision that the decision was made on; `nil` creates the run.
    public var expectedRevision: Int64?

    /// The run after the change, with its new revision.
    public var updatedRun: DAGRun

    /// Whether anything of the run itself changes but its revision.
    public var changesRun = true

    /// The task instances that changed, as they are now; those that the store does not know are added.
    public var instances: [TaskInstance] = []

    /// Tries that ended and make room for the next one.
    public var history: [TaskInstance] = []
    public var outputs: [XCom] = []

    /// Task instances whose outputs go, since a new try of theirs begins.
    public var clearedOutputs: [TaskInstanceKey] = []
    public var rendered: [RenderedTemplates] = []
    public var events: [RunEvent] = []

    /// What people are to be told of the change.
    public var notices: [Notice] = []

    /// The assets that tasks updated with the change: whoever runs on them is queued in the same transaction.
    public var assetUpdates: [AssetUpdate] = []

    /// The updates that a new run is created for; `nil` for one that something else made.
    public var consumption: AssetConsumption?

    /// Whether the run's DAG is paused with the change.
    public var pausesDAG = false

    public init(run: DAGRun, expectedRevision: Int64?) {
        self.run = run.key
        self.expectedRevision = expectedRevision
        updatedRun = run
    }
}

extension RunBatch {
    /// The line of the audit log for a DAG that is paused with the change.
    package var pause: AuditEntry {
        AuditEntry(
            at: events.last?.at ?? updatedRun.queuedAt, event: "pause", actor: RunEvent.scheduler,
            dagID: run.dagID, runID: run.runID, extra: ["reason": "too many runs failed in a row"])
    }
}

/// The templates of a task instance as they were rendered.
public struct RenderedTemplates: Hashable, Sendable {
    public let task: TaskInstanceKey
    public let fields: [TemplateField]

    public init(task: TaskInstanceKey, fields: [TemplateField]) {
        self.task = task
        self.fields = fields
    }
}

/// What became of a commit.
public struct CommitResult: Hashable, Sendable {
    /// The runs whose batch was not applied, since somebody else changed or created them.
    public var conflicts: Set<RunKey>

    /// The number of the newest event that the commit wrote; `nil` if it wrote none.
    public var lastEvent: Int64?

    public init(conflicts: Set<RunKey> = [], lastEvent: Int64? = nil) {
        self.conflicts = conflicts
        self.lastEvent = lastEvent
    }
}

/// A run as the store holds it, with all that a ``RunMachine`` needs to go on with it.
public struct RunSnapshot: Hashable, Sendable {
    public var run: DAGRun
    public var instances: [TaskInstance]

    /// How many elements the outputs that are mapped over have.
    public var outputCounts: [TaskID: Int]

    /// The outputs under ``XCom/skipDecision``, by task: what branches and their kin decided.
    public var skipDecisions: [XCom]

    public init(
        run: DAGRun, instances: [TaskInstance], outputCounts: [TaskID: Int] = [:], skipDecisions: [XCom] = []
    ) {
        self.run = run
        self.instances = instances
        self.outputCounts = outputCounts
        self.skipDecisions = skipDecisions
    }
}

/// Which runs are asked for.
public struct RunQuery: Hashable, Sendable {
    public var dagID: DAGID?
    public var states: Set<RunState>
    public var types: Set<RunType>

    /// The earliest and the latest logical date, both included.
    public var from: Date?
    public var through: Date?
    public var logicalDate: Date?
    public var limit: Int

    public init(
        dagID: DAGID? = nil, states: Set<RunState> = [], types: Set<RunType> = [], from: Date? = nil,
        through: Date? = nil, logicalDate: Date? = nil, limit: Int = 1000
    ) {
        self.dagID = dagID
        self.states = states
        self.types = types
        self.from = from
        self.through = through
        self.logicalDate = logicalDate
        self.limit = limit
    }
}
