public import DagKitCore
public import FoundationEssentials

/// A store that hands everything on to another one; a conforming type changes what it wants to change.
///
/// ```swift
/// struct CountingStore: StoreProxy {
///     let base: any MetadataStore
///     func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult { … }
/// }
/// ```
public protocol StoreProxy: MetadataStore {
    /// The store that does the work.
    var base: any MetadataStore { get }
}

extension StoreProxy {
    public func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        try await base.commit(batches, durability: durability)
    }
    public func reserveAttempts(_ count: Int) async throws -> ClosedRange<Int64> {
        try await base.reserveAttempts(count)
    }
    public func snapshot(of run: RunKey) async throws -> RunSnapshot? { try await base.snapshot(of: run) }
    public func unfinishedRuns() async throws -> [RunSnapshot] { try await base.unfinishedRuns() }
    public func runs(_ query: RunQuery) async throws -> [DAGRun] { try await base.runs(query) }
    public func pastRun(_ query: PastQuery) async throws -> PastRun? { try await base.pastRun(query) }
    public func taskInstances(of run: RunKey) async throws -> [TaskInstance] {
        try await base.taskInstances(of: run)
    }
    public func history(of run: RunKey) async throws -> [TaskInstance] { try await base.history(of: run) }
    public func events(of run: RunKey) async throws -> [RunEvent] { try await base.events(of: run) }
    public func changes(after number: Int64, limit: Int) async throws -> [RunEvent] {
        try await base.changes(after: number, limit: limit)
    }
    public func lastEventNumber() async throws -> Int64 { try await base.lastEventNumber() }
    public func lastScheduledIntervals() async throws -> [DAGID: DataInterval] {
        try await base.lastScheduledIntervals()
    }
    public func runCounts() async throws -> [DAGID: [RunState: Int]] { try await base.runCounts() }
    public func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
        try await base.outputs(of: task, key: key, in: run)
    }
    public func outputs(in run: RunKey) async throws -> [XCom] { try await base.outputs(in: run) }
    public func renderedTemplates(of task: TaskInstanceKey) async throws -> [TemplateField] {
        try await base.renderedTemplates(of: task)
    }
    public func register(_ dags: [DAGRecord], bundle: String, at now: Date) async throws {
        try await base.register(dags, bundle: bundle, at: now)
    }
    public func add(_ dag: DAGRecord, bundle: String, at now: Date) async throws {
        try await base.add(dag, bundle: bundle, at: now)
    }
    public func setNextRuns(_ next: [DAGID: PlannedRun?]) async throws { try await base.setNextRuns(next) }
    public func dag(_ id: DAGID) async throws -> DAGRecord? { try await base.dag(id) }
    public func pausedDAGs() async throws -> Set<DAGID> { try await base.pausedDAGs() }
    public func dags(includingInactive: Bool) async throws -> [DAGRecord] {
        try await base.dags(includingInactive: includingInactive)
    }
    public func setPaused(_ isPaused: Bool, _ dags: [DAGID], by actor: String, at now: Date) async throws
        -> [DAGID]
    {
        try await base.setPaused(isPaused, dags, by: actor, at: now)
    }
    public func deleteRun(_ run: RunKey, by actor: String, at now: Date) async throws -> Bool {
        try await base.deleteRun(run, by: actor, at: now)
    }
    public func deleteDAG(_ id: DAGID, by actor: String, at now: Date) async throws -> Int {
        try await base.deleteDAG(id, by: actor, at: now)
    }
    public func structure(of dag: DAGID, hash: String) async throws -> JSONValue? {
        try await base.structure(of: dag, hash: hash)
    }
    public func versions(of dag: DAGID) async throws -> [DAGVersion] { try await base.versions(of: dag) }
    public func version(of dag: DAGID, hash: String) async throws -> DAGVersion? {
        try await base.version(of: dag, hash: hash)
    }
    public func versionNumbers(of dag: DAGID) async throws -> [String: Int] {
        try await base.versionNumbers(of: dag)
    }
    public func setImportErrors(_ errors: [ImportError], of source: String, at now: Date) async throws {
        try await base.setImportErrors(errors, of: source, at: now)
    }
    public func importErrors() async throws -> [ImportError] { try await base.importErrors() }
    public func variable(_ key: String) async throws -> Variable? { try await base.variable(key) }
    public func variables() async throws -> [Variable] { try await base.variables() }
    public func setVariable(_ variable: Variable, by actor: String, at now: Date) async throws {
        try await base.setVariable(variable, by: actor, at: now)
    }
    public func deleteVariable(_ key: String, by actor: String, at now: Date) async throws -> Bool {
        try await base.deleteVariable(key, by: actor, at: now)
    }
    public func connection(_ id: String) async throws -> Connection? { try await base.connection(id) }
    public func connections() async throws -> [Connection] { try await base.connections() }
    public func setConnection(_ connection: Connection, by actor: String, at now: Date) async throws {
        try await base.setConnection(connection, by: actor, at: now)
    }
    public func deleteConnection(_ id: String, by actor: String, at now: Date) async throws -> Bool {
        try await base.deleteConnection(id, by: actor, at: now)
    }
    public func pools() async throws -> [Pool] { try await base.pools() }
    public func setPool(_ pool: Pool, by actor: String, at now: Date) async throws {
        try await base.setPool(pool, by: actor, at: now)
    }
    public func deletePool(_ name: String, by actor: String, at now: Date) async throws -> Bool {
        try await base.deletePool(name, by: actor, at: now)
    }
    public func startJob(_ job: JobRecord) async throws -> Int64 { try await base.startJob(job) }
    public func updateJob(_ id: Int64, state: String, heartbeat: Date, end: Date?) async throws {
        try await base.updateJob(id, state: state, heartbeat: heartbeat, end: end)
    }
    public func jobs(type: String, limit: Int) async throws -> [JobRecord] {
        try await base.jobs(type: type, limit: limit)
    }
    public func notices(dueBy instant: Date, limit: Int) async throws -> [Notice] {
        try await base.notices(dueBy: instant, limit: limit)
    }
    public func nextNoticeAt() async throws -> Date? { try await base.nextNoticeAt() }
    public func settle(_ notice: Notice, _ outcome: NoticeOutcome, at now: Date) async throws {
        try await base.settle(notice, outcome, at: now)
    }
    public func notices(_ query: NoticeQuery) async throws -> [NoticeRecord] { try await base.notices(query) }
    public func retryNotice(_ number: Int64, by actor: String, at now: Date) async throws -> Bool {
        try await base.retryNotice(number, by: actor, at: now)
    }
    public func pruneNotices(deliveredBefore instant: Date) async throws {
        try await base.pruneNotices(deliveredBefore: instant)
    }
    public func notes(of run: RunKey) async throws -> RunNotes { try await base.notes(of: run) }
    public func runNotes(of dag: DAGID) async throws -> [RunID: Note] { try await base.runNotes(of: dag) }
    public func setNote(
        _ text: String?, of run: RunKey, task: TaskInstanceKey?, by actor: String, at now: Date
    )
        async throws -> Bool
    {
        try await base.setNote(text, of: run, task: task, by: actor, at: now)
    }
    public func assetQueue() async throws -> [DAGID: [String: Int64]] { try await base.assetQueue() }
    public func waitingAssetEvents(of dag: DAGID, uris: [String]) async throws -> WaitingAssetEvents? {
        try await base.waitingAssetEvents(of: dag, uris: uris)
    }
    public func recordAssetUpdate(_ update: AssetUpdate, by actor: String) async throws -> AssetEvent {
        try await base.recordAssetUpdate(update, by: actor)
    }
    public func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent] {
        try await base.assetEvents(query)
    }
    public func assets() async throws -> [AssetRecord] { try await base.assets() }
    public func auditLog(limit: Int) async throws -> [AuditEntry] { try await base.auditLog(limit: limit) }
    public func createBackfill(_ backfill: Backfill, dates: [BackfillDate]) async throws -> Int64 {
        try await base.createBackfill(backfill, dates: dates)
    }
    public func backfill(_ id: Int64) async throws -> Backfill? { try await base.backfill(id) }
    public func backfills(of dag: DAGID?, limit: Int) async throws -> [Backfill] {
        try await base.backfills(of: dag, limit: limit)
    }
    public func openBackfills() async throws -> [Backfill] { try await base.openBackfills() }
    public func dates(of backfill: Int64, pendingOnly: Bool) async throws -> [BackfillDate] {
        try await base.dates(of: backfill, pendingOnly: pendingOnly)
    }
    public func setBackfillPaused(_ isPaused: Bool, _ id: Int64, by actor: String, at now: Date) async throws
        -> Bool
    {
        try await base.setBackfillPaused(isPaused, id, by: actor, at: now)
    }
    public func cancelBackfill(_ id: Int64, by actor: String, at now: Date) async throws -> Bool {
        try await base.cancelBackfill(id, by: actor, at: now)
    }
    public func skipDate(_ logicalDate: Date, of backfill: Int64, reason: String) async throws {
        try await base.skipDate(logicalDate, of: backfill, reason: reason)
    }
    public func completeBackfill(_ id: Int64, at now: Date) async throws {
        try await base.completeBackfill(id, at: now)
    }
    public func close() async { await base.close() }
}
