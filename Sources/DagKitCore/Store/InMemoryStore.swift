public import FoundationEssentials
import Synchronization

/// A ``MetadataStore`` that keeps everything in memory: for tests, for `dags test`, and as the reference that the
/// other stores are held to.
public final class InMemoryStore: MetadataStore {
    let contents = Mutex(Contents())

    public init() {}

    /// All that the store holds.
    struct Contents {
        var runs: [RunKey: StoredRun] = [:]
        /// The logical dates that the DAGs have runs for.
        var logicalDates: [DAGID: Set<Date>] = [:]
        /// By ascending number.
        var events: [RunEvent] = []
        var lastEvent: Int64 = 0
        var nextAttempt: Int64 = 1
        var dags: [DAGID: DAGRecord] = [:]

        /// By DAG, the first version first.
        var versions: [DAGID: [DAGVersion]] = [:]
        var importErrors: [String: [ImportError]] = [:]
        var variables: [String: Variable] = [:]
        var connections: [String: Connection] = [:]
        var pools: [String: Pool] = [:]
        var jobs: [JobRecord] = []
        var audit: [AuditEntry] = []

        /// What callbacks are told, by number.
        var notices: [Int64: NoticeRecord] = [:]
        var lastNotice: Int64 = 0
        var assets = AssetLedger()

        /// By number, the first one being 1.
        var backfills: [KeptBackfill] = []
    }

    /// A run with what belongs to it.
    struct StoredRun {
        var run: DAGRun
        var instances: [TaskInstanceKey: TaskInstance] = [:]
        /// The keys of the instances in the order in which they were added.
        var order: [TaskInstanceKey] = []
        var history: [TaskInstance] = []
        var events: [RunEvent] = []
        var outputs: [TaskInstanceKey: [String: EncodedOutput]] = [:]
        var rendered: [TaskInstanceKey: [TemplateField]] = [:]
        var notes = RunNotes()
    }

    private func read<Result>(_ body: (Contents) -> sending Result) -> sending Result {
        contents.withLock { body($0) }
    }

    // MARK: Runs

    public func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        contents.withLock { contents in
            var result = CommitResult()
            for batch in batches where !contents.apply(batch) { result.conflicts.insert(batch.run) }
            result.lastEvent = contents.events.last?.number
            return result
        }
    }

    public func reserveAttempts(_ count: Int) async throws -> ClosedRange<Int64> {
        contents.withLock { contents in
            let first = contents.nextAttempt
            contents.nextAttempt += Int64(max(count, 1))
            return first...(contents.nextAttempt - 1)
        }
    }

    public func snapshot(of run: RunKey) async throws -> RunSnapshot? { read { $0.runs[run]?.snapshot } }

    public func unfinishedRuns() async throws -> [RunSnapshot] {
        read { contents in
            contents.runs.values.filter { !$0.run.state.isFinished }.map(\.snapshot).sorted {
                $0.run.precedes($1.run)
            }
        }
    }

    public func runs(_ query: RunQuery) async throws -> [DAGRun] {
        read { contents in
            let found = contents.runs.values.map(\.run).filter(query.matches).sorted { $1.precedes($0) }
            return Array(found.prefix(query.limit))
        }
    }

    public func taskInstances(of run: RunKey) async throws -> [TaskInstance] {
        read { $0.runs[run]?.ordered ?? [] }
    }

    public func history(of run: RunKey) async throws -> [TaskInstance] {
        read { $0.runs[run]?.history ?? [] }
    }

    public func events(of run: RunKey) async throws -> [RunEvent] {
        read { $0.runs[run]?.events ?? [] }
    }

    public func changes(after number: Int64, limit: Int) async throws -> [RunEvent] {
        read { contents in
            let start = contents.firstEvent(after: number)
            return Array(contents.events[start...].prefix(limit))
        }
    }

    public func lastEventNumber() async throws -> Int64 { read { $0.events.last?.number ?? 0 } }

    public func lastScheduledIntervals() async throws -> [DAGID: DataInterval] {
        read { contents in
            var last: [DAGID: DataInterval] = [:]
            for stored in contents.runs.values where stored.run.type == .scheduled {
                guard let interval = stored.run.dataInterval else { continue }
                if last[stored.run.dagID].map({ $0.start < interval.start }) ?? true {
                    last[stored.run.dagID] = interval
                }
            }
            return last
        }
    }

    public func runCounts() async throws -> [DAGID: [RunState: Int]] {
        read { contents in
            var counts: [DAGID: [RunState: Int]] = [:]
            for stored in contents.runs.values {
                counts[stored.run.dagID, default: [:]][stored.run.state, default: 0] += 1
            }
            return counts
        }
    }

    // MARK: Outputs

    public func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
        read { contents in
            contents.runs[run]?.allOutputs.filter { $0.task.taskID == task && $0.key == key } ?? []
        }
    }

    public func outputs(in run: RunKey) async throws -> [XCom] { read { $0.runs[run]?.allOutputs ?? [] } }

    public func renderedTemplates(of task: TaskInstanceKey) async throws -> [TemplateField] {
        read { $0.runs[task.run]?.rendered[task] ?? [] }
    }

    // MARK: DAGs

    public func register(_ dags: [DAGRecord], bundle: String, at now: Date) async throws {
        contents.withLock { contents in
            for id in contents.dags.keys where contents.dags[id]?.bundle == bundle {
                contents.dags[id]?.isActive = false
            }
            for dag in dags { contents.add(dag, bundle: bundle, at: now) }
        }
    }

    public func add(_ dag: DAGRecord, bundle: String, at now: Date) async throws {
        contents.withLock { $0.add(dag, bundle: bundle, at: now) }
    }

    public func setNextRuns(_ next: [DAGID: PlannedRun?]) async throws {
        contents.withLock { contents in for (id, run) in next { contents.dags[id]?.next = run } }
    }

    public func dag(_ id: DAGID) async throws -> DAGRecord? { read { $0.dags[id] } }

    public func pausedDAGs() async throws -> Set<DAGID> {
        read { contents in Set(contents.dags.values.filter(\.isPaused).map(\.id)) }
    }

    public func dags(includingInactive: Bool) async throws -> [DAGRecord] {
        read { contents in
            contents.dags.values.filter { includingInactive || $0.isActive }.sorted { $0.id < $1.id }
        }
    }

    public func setPaused(_ isPaused: Bool, _ dags: [DAGID], by actor: String, at now: Date) async throws
        -> [DAGID]
    {
        contents.withLock { contents in
            let changed = dags.filter { contents.dags[$0].map { $0.isPaused != isPaused } ?? false }
            for id in changed {
                contents.dags[id]?.isPaused = isPaused
                contents.audit.append(
                    AuditEntry(at: now, event: isPaused ? "pause" : "unpause", actor: actor, dagID: id))
            }
            return changed
        }
    }

    public func deleteDAG(_ id: DAGID, by actor: String, at now: Date) async throws -> Int {
        try contents.withLock { contents in
            let running = contents.runs.filter { $0.key.dagID == id }.values.reduce(0) { sum, run in
                sum + run.instances.values.count { $0.state?.isActive == true }
            }
            guard running == 0 else { throw DAGDeletionError.running(id, attempts: running) }
            var count = contents.dags.removeValue(forKey: id) == nil ? 0 : 1
            contents.versions[id] = nil
            for (key, stored) in contents.runs where key.dagID == id {
                count += 1 + stored.instances.count + stored.history.count + stored.allOutputs.count
                contents.runs[key] = nil
            }
            contents.assets.forget(id)
            contents.events.removeAll { $0.run.dagID == id }
            contents.deleteBackfills(of: id)
            contents.logicalDates[id] = nil
            contents.notices = contents.notices.filter { $0.value.notice.run.dagID != id }
            if count > 0 {
                contents.audit.append(AuditEntry(at: now, event: "delete", actor: actor, dagID: id))
            }
            return count
        }
    }

    public func structure(of dag: DAGID, hash: String) async throws -> JSONValue? {
        try await version(of: dag, hash: hash)?.structure
    }

    public func setImportErrors(_ errors: [ImportError], of source: String, at now: Date) async throws {
        contents.withLock { $0.importErrors[source] = errors }
    }

    public func importErrors() async throws -> [ImportError] {
        read { contents in contents.importErrors.values.flatMap { $0 }.sorted { $0.file < $1.file } }
    }

    // MARK: Variables, connections, pools

    public func variable(_ key: String) async throws -> Variable? { read { $0.variables[key] } }

    public func variables() async throws -> [Variable] {
        read { $0.variables.values.sorted { $0.key < $1.key } }
    }

    public func setVariable(_ variable: Variable, by actor: String, at now: Date) async throws {
        contents.withLock { contents in
            contents.variables[variable.key] = variable
            contents.note("variable.set", actor, now, ["key": .string(variable.key)])
        }
    }

    public func deleteVariable(_ key: String, by actor: String, at now: Date) async throws -> Bool {
        contents.withLock { contents in
            guard contents.variables.removeValue(forKey: key) != nil else { return false }
            contents.note("variable.delete", actor, now, ["key": .string(key)])
            return true
        }
    }

    public func connection(_ id: String) async throws -> Connection? { read { $0.connections[id] } }

    public func connections() async throws -> [Connection] {
        read { $0.connections.values.sorted { $0.id < $1.id } }
    }

    public func setConnection(_ connection: Connection, by actor: String, at now: Date) async throws {
        contents.withLock { contents in
            contents.connections[connection.id] = connection
            contents.note("connection.set", actor, now, ["conn_id": .string(connection.id)])
        }
    }

    public func deleteConnection(_ id: String, by actor: String, at now: Date) async throws -> Bool {
        contents.withLock { contents in
            guard contents.connections.removeValue(forKey: id) != nil else { return false }
            contents.note("connection.delete", actor, now, ["conn_id": .string(id)])
            return true
        }
    }

    public func pools() async throws -> [Pool] {
        let standard = try Pool(Pool.defaultName, slots: 128, about: "Default pool")
        return read { contents in
            var pools = contents.pools
            if pools[standard.name] == nil { pools[standard.name] = standard }
            return pools.values.sorted { $0.name < $1.name }
        }
    }

    public func setPool(_ pool: Pool, by actor: String, at now: Date) async throws {
        contents.withLock { contents in
            contents.pools[pool.name] = pool
            contents.note("pool.set", actor, now, ["pool": .string(pool.name)])
        }
    }

    public func deletePool(_ name: String, by actor: String, at now: Date) async throws -> Bool {
        contents.withLock { contents in
            guard contents.pools.removeValue(forKey: name) != nil else { return false }
            contents.note("pool.delete", actor, now, ["pool": .string(name)])
            return true
        }
    }

    // MARK: Jobs and the audit log

    public func startJob(_ job: JobRecord) async throws -> Int64 {
        contents.withLock { contents in
            var stored = job
            stored.id = Int64(contents.jobs.count + 1)
            contents.jobs.append(stored)
            return stored.id
        }
    }

    public func updateJob(_ id: Int64, state: String, heartbeat: Date, end: Date?) async throws {
        contents.withLock { contents in
            guard let index = contents.jobs.firstIndex(where: { $0.id == id }) else { return }
            contents.jobs[index].state = state
            contents.jobs[index].heartbeat = heartbeat
            contents.jobs[index].end = end
        }
    }

    public func jobs(type: String, limit: Int) async throws -> [JobRecord] {
        read { contents in Array(contents.jobs.reversed().filter { $0.type == type }.prefix(limit)) }
    }

    public func auditLog(limit: Int) async throws -> [AuditEntry] {
        read { contents in Array(contents.audit.reversed().prefix(limit)) }
    }

    public func close() async {}
}

extension InMemoryStore.Contents {
    mutating func add(_ dag: DAGRecord, bundle: String, at now: Date) {
        var dag = dag
        if let known = dags[dag.id] {
            dag.isPaused = known.isPaused
            dag.next = known.next
        }
        dag.bundle = bundle
        dag.lastRegistered = now
        let version = keepVersion(of: dag, at: now)
        dag.executableHash = version.executableHash
        dags[dag.id] = dag
        for reference in dag.assets { assets.know(reference.asset, at: now) }
        assets.keep(dag.assets.filter { $0.role == .schedule }.map(\.asset.uri), waitingFor: dag.id)
    }

    /// Appends an event to the log and gives it with its number.
    @discardableResult
    mutating func append(_ event: RunEvent) -> RunEvent {
        lastEvent += 1
        var event = event
        event.number = lastEvent
        events.append(event)
        return event
    }

    mutating func note(_ event: String, _ actor: String, _ now: Date, _ extra: JSONValue) {
        audit.append(AuditEntry(at: now, event: event, actor: actor, extra: extra))
    }

    /// Applies a batch whole; false if somebody else changed or created the run meanwhile.
    mutating func apply(_ batch: RunBatch) -> Bool {
        guard runs[batch.run]?.run.revision == batch.expectedRevision else { return false }
        if batch.expectedRevision == nil, hasRun(batch.updatedRun) { return false }
        if let step = batch.backfillStep, !workOff(step, by: batch.run.runID) { return false }
        if let consumption = batch.consumption {
            guard assets.take(consumption, for: batch.run) else { return false }
        }
        // Taken out, so that the change does not copy what the dictionary holds.
        var stored = runs.removeValue(forKey: batch.run) ?? InMemoryStore.StoredRun(run: batch.updatedRun)
        stored.apply(batch)
        for event in batch.events { stored.events.append(append(event)) }
        runs[batch.run] = stored
        if let date = batch.updatedRun.logicalDate {
            logicalDates[batch.run.dagID, default: []].insert(date)
        }
        for var notice in batch.notices {
            lastNotice += 1
            notice.number = lastNotice
            notices[lastNotice] = NoticeRecord(
                notice, state: .pending, dueAt: notice.at, updatedAt: notice.at, lastError: nil)
        }
        for update in batch.assetUpdates { _ = assets.record(update, consumers: consumers(of: update.asset)) }
        if batch.pausesDAG, dags[batch.run.dagID]?.isPaused == false {
            dags[batch.run.dagID]?.isPaused = true
            audit.append(batch.pause)
        }
        return true
    }

    private func hasRun(_ run: DAGRun) -> Bool {
        guard let date = run.logicalDate else { return false }
        return logicalDates[run.dagID]?.contains(date) ?? false
    }

    /// The place of the first event whose number is above `number`.
    ///
    /// - Complexity: O(log n).
    func firstEvent(after number: Int64) -> Int {
        var (low, high) = (0, events.count)
        while low < high {
            let middle = (low + high) / 2
            if events[middle].number <= number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension InMemoryStore.StoredRun {
    var ordered: [TaskInstance] { order.compactMap { instances[$0] } }

    var snapshot: RunSnapshot {
        var counts: [TaskID: Int] = [:]
        for (key, values) in outputs where key.mapIndex < 0 {
            counts[key.taskID] = values[XCom.returnValue]?.count
        }
        return RunSnapshot(
            run: run, instances: ordered, outputCounts: counts,
            skipDecisions: allOutputs.filter { $0.key == XCom.skipDecision })
    }

    var allOutputs: [XCom] {
        var all: [XCom] = []
        for key in order {
            for (name, output) in (outputs[key] ?? [:]).sorted(by: { $0.key < $1.key }) {
                all.append(XCom(task: key, key: name, output: output))
            }
        }
        return all
    }

    mutating func apply(_ batch: RunBatch) {
        run = batch.updatedRun
        history += batch.history
        for instance in batch.instances { set(instance) }
        for key in batch.clearedOutputs { outputs[key] = nil }
        for output in batch.outputs { outputs[output.task, default: [:]][output.key] = output.output }
        for rendered in batch.rendered { self.rendered[rendered.task] = rendered.fields }
    }

    /// Sets an instance; the instances of a task that was expanded take the place of the one that stood for all.
    private mutating func set(_ instance: TaskInstance) {
        let key = instance.key
        if instances.updateValue(instance, forKey: key) != nil { return }
        let summary = TaskInstanceKey(key.run, key.taskID)
        if key.mapIndex >= 0 {
            instances[summary] = nil
            let last = order.lastIndex { $0.taskID == key.taskID }
            order.insert(key, at: last.map { $0 + 1 } ?? order.endIndex)
            order.removeAll { $0 == summary }
        } else {
            // One that stands beside the instances of a mapping that its task had comes before them.
            order.insert(key, at: order.firstIndex { $0.taskID == key.taskID } ?? order.endIndex)
        }
    }
}

extension DAGRun {
    /// Whether the run comes before another in time: by its run-after instant, then by its id.
    func precedes(_ other: DAGRun) -> Bool {
        (runAfter, dagID, runID) < (other.runAfter, other.dagID, other.runID)
    }
}

extension RunQuery {
    /// Whether the query asks for `run`.
    public func matches(_ run: DAGRun) -> Bool {
        if let dagID, dagID != run.dagID { return false }
        if !states.isEmpty, !states.contains(run.state) { return false }
        if !types.isEmpty, !types.contains(run.type) { return false }
        if let logicalDate, run.logicalDate != logicalDate { return false }
        if let from, run.logicalDate.map({ $0 < from }) ?? true { return false }
        if let through, run.logicalDate.map({ $0 > through }) ?? true { return false }
        return true
    }
}
