import DagKitCore
import FoundationEssentials

/// A store that acknowledges everything and keeps nothing: what a conformance suite must not let pass.
struct ForgetfulStore: MetadataStore {
    func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult { CommitResult() }
    func reserveAttempts(_ count: Int) async throws -> ClosedRange<Int64> { 1...1 }
    func pastRun(_ query: PastQuery) async throws -> PastRun? { nil }
    func snapshot(of run: RunKey) async throws -> RunSnapshot? { nil }
    func unfinishedRuns() async throws -> [RunSnapshot] { [] }
    func runs(_ query: RunQuery) async throws -> [DAGRun] { [] }
    func taskInstances(of run: RunKey) async throws -> [TaskInstance] { [] }
    func history(of run: RunKey) async throws -> [TaskInstance] { [] }
    func events(of run: RunKey) async throws -> [RunEvent] { [] }
    func changes(after number: Int64, limit: Int) async throws -> [RunEvent] { [] }
    func lastEventNumber() async throws -> Int64 { 0 }
    func lastScheduledIntervals() async throws -> [DAGID: DataInterval] { [:] }
    func runCounts() async throws -> [DAGID: [RunState: Int]] { [:] }
    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] { [] }
    func outputs(in run: RunKey) async throws -> [XCom] { [] }
    func renderedTemplates(of task: TaskInstanceKey) async throws -> [TemplateField] { [] }
    func register(_ dags: [DAGRecord], bundle: String, at now: Date) async throws {}
    func add(_ dag: DAGRecord, bundle: String, at now: Date) async throws {}
    func setNextRuns(_ next: [DAGID: PlannedRun?]) async throws {}
    func dag(_ id: DAGID) async throws -> DAGRecord? { nil }
    func pausedDAGs() async throws -> Set<DAGID> { [] }
    func dags(includingInactive: Bool) async throws -> [DAGRecord] { [] }
    func setPaused(_ isPaused: Bool, _ dags: [DAGID], by actor: String, at now: Date) async throws -> [DAGID]
    { [] }
    func deleteRun(_ run: RunKey, by actor: String, at now: Date) async throws -> Bool { true }
    func deleteDAG(_ id: DAGID, by actor: String, at now: Date) async throws -> Int { 0 }
    func structure(of dag: DAGID, hash: String) async throws -> JSONValue? { nil }
    func versions(of dag: DAGID) async throws -> [DAGVersion] { [] }
    func version(of dag: DAGID, hash: String) async throws -> DAGVersion? { nil }
    func versionNumbers(of dag: DAGID) async throws -> [String: Int] { [:] }
    func setImportErrors(_ errors: [ImportError], of source: String, at now: Date) async throws {}
    func importErrors() async throws -> [ImportError] { [] }
    func variable(_ key: String) async throws -> Variable? { nil }
    func variables() async throws -> [Variable] { [] }
    func setVariable(_ variable: Variable, by actor: String, at now: Date) async throws {}
    func deleteVariable(_ key: String, by actor: String, at now: Date) async throws -> Bool { true }
    func connection(_ id: String) async throws -> Connection? { nil }
    func connections() async throws -> [Connection] { [] }
    func setConnection(_ connection: Connection, by actor: String, at now: Date) async throws {}
    func deleteConnection(_ id: String, by actor: String, at now: Date) async throws -> Bool { true }
    func pools() async throws -> [Pool] { [] }
    func setPool(_ pool: Pool, by actor: String, at now: Date) async throws {}
    func deletePool(_ name: String, by actor: String, at now: Date) async throws -> Bool { true }
    func startJob(_ job: JobRecord) async throws -> Int64 { 1 }
    func updateJob(_ id: Int64, state: String, heartbeat: Date, end: Date?) async throws {}
    func jobs(type: String, limit: Int) async throws -> [JobRecord] { [] }
    func auditLog(limit: Int) async throws -> [AuditEntry] { [] }
    func notices(dueBy instant: Date, limit: Int) async throws -> [Notice] { [] }
    func nextNoticeAt() async throws -> Date? { nil }
    func settle(_ notice: Notice, _ outcome: NoticeOutcome, at now: Date) async throws {}
    func createBackfill(_ backfill: Backfill, dates: [BackfillDate]) async throws -> Int64 { 1 }
    func backfill(_ id: Int64) async throws -> Backfill? { nil }
    func backfills(of dag: DAGID?, limit: Int) async throws -> [Backfill] { [] }
    func openBackfills() async throws -> [Backfill] { [] }
    func dates(of backfill: Int64, pendingOnly: Bool) async throws -> [BackfillDate] { [] }
    func setBackfillPaused(_ isPaused: Bool, _ id: Int64, by actor: String, at now: Date) async throws -> Bool
    { false }
    func cancelBackfill(_ id: Int64, by actor: String, at now: Date) async throws -> Bool { false }
    func skipDate(_ logicalDate: Date, of backfill: Int64, reason: String) async throws {}
    func completeBackfill(_ id: Int64, at now: Date) async throws {}
    func notices(_ query: NoticeQuery) async throws -> [NoticeRecord] { [] }
    func notes(of run: RunKey) async throws -> RunNotes { RunNotes() }
    func runNotes(of dag: DAGID) async throws -> [RunID: Note] { [:] }
    func setNote(_ text: String?, of run: RunKey, task: TaskInstanceKey?, by actor: String, at now: Date)
        async throws
        -> Bool
    { true }
    func retryNotice(_ number: Int64, by actor: String, at now: Date) async throws -> Bool { true }
    func pruneNotices(deliveredBefore instant: Date) async throws {}
    func assetQueue() async throws -> [DAGID: [String: Int64]] { [:] }
    func waitingAssetEvents(of dag: DAGID, uris: [String]) async throws -> WaitingAssetEvents? { nil }
    func recordAssetUpdate(_ update: AssetUpdate, by actor: String) async throws -> AssetEvent {
        AssetEvent(
            number: 1, uri: update.asset.uri, name: update.asset.name, at: update.at, extra: [:], source: nil)
    }
    func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent] { [] }
    func assets() async throws -> [AssetRecord] { [] }
    func close() async {}
}
