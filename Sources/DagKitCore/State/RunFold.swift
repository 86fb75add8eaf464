import FoundationEssentials

// The state of a run and of its task instances changes by these functions alone, in the planner as in a fold of the
// stored events: that is why the two agree.

extension DAGRun {
    /// Changes the run by an event.
    public mutating func apply(_ event: RunEvent) {
        switch event.kind {
        case .runStarted:
            state = .running
            startDate = event.at
            reason = nil
        case .runWaiting: reason = event.reason
        case .runSucceeded, .runFailed:
            state = event.kind == .runSucceeded ? .success : .failed
            endDate = event.at
            reason = event.reason
        case .runEnding: reason = event.reason
        case .versionChanged: structureHash = event.detail["structure_hash"]?.string ?? structureHash
        case .clockShifted where event.taskID == nil: apply(clockShift: event)
        case .deadlineMissed:
            if let name = event.detail["deadline"]?.string { missedDeadlines.append(name) }
        case .runCleared:
            state = .queued
            queuedAt = event.at
            startDate = nil
            endDate = nil
            reason = event.reason
            clearNumber += 1
            backfillID = event.detail["backfill_id"]?.integer ?? backfillID
        default: break
        }
    }

    /// What the event of the run's creation tells, so that the run can be made anew from it.
    var creationDetail: JSONValue {
        var fields: [String: JSONValue] = [
            "run_type": .string(type.rawValue), "run_after": .string(runAfter.isoText), "conf": conf,
            "structure_hash": .string(structureHash),
        ]
        if let logicalDate { fields["logical_date"] = .string(logicalDate.isoText) }
        if let dataInterval {
            fields["data_interval_start"] = .string(dataInterval.start.isoText)
            fields["data_interval_end"] = .string(dataInterval.end.isoText)
        }
        if let backfillID { fields["backfill_id"] = .integer(backfillID) }
        if let triggeredBy { fields["triggered_by"] = .string(triggeredBy) }
        return .object(fields)
    }

    /// Creates the run that an event of its creation tells of; `nil` for any other event.
    public init?(creation event: RunEvent) {
        guard event.kind == .runCreated, case .object(let fields) = event.detail,
            let type = fields["run_type"]?.string.flatMap(RunType.init(rawValue:)),
            let runAfter = fields["run_after"]?.instant, let hash = fields["structure_hash"]?.string
        else { return nil }
        var interval: DataInterval?
        if let start = fields["data_interval_start"]?.instant, let end = fields["data_interval_end"]?.instant
        {
            interval = DataInterval(start: start, end: end)
        }
        self.init(
            key: event.run, type: type, logicalDate: fields["logical_date"]?.instant, dataInterval: interval,
            runAfter: runAfter, conf: fields["conf"] ?? .object([:]),
            triggeredBy: fields["triggered_by"]?.string,
            queuedAt: event.at, structureHash: hash)
        backfillID = fields["backfill_id"]?.integer
        reason = event.reason
    }
}

extension TaskInstance {
    /// Changes the instance by an event about it.
    public mutating func apply(_ event: RunEvent) {
        switch event.kind {
        case .scheduled: begin(event)
        case .running:
            state = .running
            attemptID = event.attemptID
            queuedAt = event.at
            // A sensor that looks again goes on with the try that it began.
            startDate = startDate ?? event.at
            reason = nil
        case .waiting: reason = event.reason
        case .requeued:
            state = .scheduled
            attemptID = nil
            if pokeCount == 0 { startDate = nil }
            reason = event.reason
        case .succeeded: end(.success, event)
        case .failed: end(.failed, event)
        case .skipped: end(.skipped, event)
        case .removed: end(.removed, event)
        case .upstreamFailed: end(.upstreamFailed, event)
        case .upForRetry:
            end(.upForRetry, event)
            nextTryAt = event.detail["next_try_at"]?.instant
        case .upForReschedule:
            state = .upForReschedule
            attemptID = nil
            beginWait(event)
        case .deferred:
            state = .deferred
            startDate = startDate ?? event.at
            beginWait(event)
        case .resumed:
            state = .scheduled
            awaits = nil
            reason = event.reason
        case .endRequested:
            endRequest = event.detail["request"]?.string.flatMap(EndRequest.init)
            reason = event.reason
            if endRequest == .clear { state = .restarting }
        case .cleared: clear(event)
        case .clockShifted: apply(clockShift: event)
        case .runCreated, .runWaiting, .runStarted, .runSucceeded, .runFailed, .runEnding, .runCleared,
            .runDeleted,
            .deadlineMissed, .versionChanged, .added, .expanded:
            break
        }
    }

    private mutating func beginWait(_ event: RunEvent) {
        awaits = event.detail["awaits"].flatMap(Awaited.init(json:))
        notePokes(event)
        reason = event.reason
    }

    private mutating func notePokes(_ event: RunEvent) {
        if let count = event.detail["poke_count"]?.integer { pokeCount = Int(count) }
    }

    private mutating func begin(_ event: RunEvent) {
        state = .scheduled
        earlierStart = firstStart
        pokeCount = 0
        tryNumber = event.tryNumber ?? tryNumber
        attemptID = nil
        startDate = nil
        endDate = nil
        nextTryAt = nil
        usage = nil
        processID = nil
        hostname = nil
        reason = event.reason
    }

    private mutating func clear(_ event: RunEvent) {
        state = nil
        maxTries = event.detail["max_tries"]?.integer.map(Int.init) ?? maxTries
        clearNumber += 1
        attemptID = nil
        endRequest = nil
        awaits = nil
        pokeCount = 0
        earlierStart = nil
        startDate = nil
        endDate = nil
        queuedAt = nil
        nextTryAt = nil
        reason = nil
        usage = nil
        processID = nil
        hostname = nil
    }

    private mutating func end(_ state: TaskState, _ event: RunEvent) {
        self.state = state
        tryNumber = event.tryNumber ?? tryNumber
        attemptID = nil
        endRequest = nil
        startDate = startDate ?? event.at
        endDate = event.at
        awaits = nil
        notePokes(event)
        reason = event.reason
        if let name = event.detail["map_name"]?.string { mapName = name }
        usage = event.detail["usage"].flatMap(ResourceUsage.init(json:))
        processID = event.detail["pid"]?.integer.map(Int.init)
        hostname = event.detail["hostname"]?.string
    }
}

/// Folds the events of a run, oldest first, one by one into its state.
///
/// ```swift
/// var fold = RunFold(events[0], of: spec)
/// for event in events.dropFirst() where event.at <= instant { fold?.apply(event) }
/// fold?.snapshot  // what was so at that instant
/// ```
public struct RunFold: Sendable {
    /// The structure that the run follows.
    public private(set) var spec: DAGSpec
    public private(set) var run: DAGRun

    /// The structures that the run may have followed, by hash.
    private let specs: [String: DAGSpec]

    /// The instances of each task, in the order in which the run got the tasks.
    private var nodes: [[TaskInstance]]

    /// Where the tasks are among the nodes; those that the DAG lost are among them.
    private var places: [TaskID: Int]

    /// Starts with the event of a run's creation; `nil` for any other event.
    ///
    /// - Parameters:
    ///   - spec: The structure that the run follows now.
    ///   - earlier: Those that it followed before.
    public init?(_ creation: RunEvent, of spec: DAGSpec, earlier: [DAGSpec] = []) {
        guard let run = DAGRun(creation: creation) else { return nil }
        specs = Dictionary((earlier + [spec]).map { ($0.structureHash, $0) }) { $1 }
        let first = specs[run.structureHash] ?? spec
        self.spec = first
        self.run = run
        nodes = first.tasks.map { [$0.newInstance(of: run.key)] }
        places = Dictionary(uniqueKeysWithValues: first.tasks.map { ($0.id, $0.index) })
    }

    /// Changes the state by the next event.
    public mutating func apply(_ event: RunEvent) {
        run.apply(event)
        if event.kind == .versionChanged { spec = specs[run.structureHash] ?? spec }
        guard let id = event.taskID else { return }
        switch event.kind {
        case .added: add(id)
        case .expanded: expand(id, to: Int(event.detail["count"]?.integer ?? 0))
        default:
            guard let node = places[id], let place = place(of: event.mapIndex, in: node) else { return }
            nodes[node][place].apply(event)
        }
    }

    private mutating func add(_ id: TaskID) {
        guard let task = spec.task(id) else { return }
        let instance = task.newInstance(of: run.key)
        if let known = places[id] {
            nodes[known].insert(instance, at: 0)
        } else {
            places[id] = nodes.count
            nodes.append([instance])
        }
    }

    /// A list that became longer adds to the instances that are there.
    private mutating func expand(_ id: TaskID, to count: Int) {
        guard let node = places[id], let task = spec.task(id) else { return }
        let known = nodes[node].filter { $0.mapIndex >= 0 }
        nodes[node] =
            known
            + (known.count..<max(known.count, count)).map { task.newInstance(of: run.key, mapIndex: $0) }
    }

    private func place(of mapIndex: Int, in node: Int) -> Int? {
        let likely = max(mapIndex, 0)
        if nodes[node].indices.contains(likely), nodes[node][likely].mapIndex == mapIndex { return likely }
        return nodes[node].firstIndex { $0.mapIndex == mapIndex }
    }

    /// The instances that the task at an index of ``spec`` has now: not those of before it was mapped, or no longer is.
    public func instances(of task: Int) -> [TaskInstance] {
        let all = instances(of: spec.tasks[task].id)
        guard all.count > 1, all[0].mapIndex < 0 else { return all }
        return spec.tasks[task].isMapped ? Array(all.dropFirst()) : [all[0]]
    }

    /// All instances of a task, also of one that the DAG lost; empty if the run never had it.
    public func instances(of task: TaskID) -> [TaskInstance] { places[task].map { nodes[$0] } ?? [] }

    /// The instance that an event is about; `nil` if it is about the run as a whole.
    public func instance(of event: RunEvent) -> TaskInstance? {
        guard let node = event.taskID.flatMap({ places[$0] }) else { return nil }
        return place(of: event.mapIndex, in: node).map { nodes[node][$0] }
    }

    /// The run with all its instances, as a store holds them: by the order in which the run got the tasks, and the map
    /// index.
    public var snapshot: RunSnapshot { RunSnapshot(run: run, instances: nodes.flatMap { $0 }) }
}

extension RunSnapshot {
    /// Folds the events of a run, oldest first, into its state; `nil` if the first is not its creation.
    ///
    /// - Parameters:
    ///   - spec: The structure that the run follows now.
    ///   - earlier: Those that it followed before.
    public init?(folding events: [RunEvent], of spec: DAGSpec, earlier: [DAGSpec] = []) {
        guard let first = events.first, var fold = RunFold(first, of: spec, earlier: earlier) else {
            return nil
        }
        for event in events { fold.apply(event) }
        self = fold.snapshot
    }
}

extension ResourceUsage {
    /// The usage as the detail of an event holds it.
    var json: JSONValue {
        [
            "cpu_seconds": .number(cpuSeconds), "peak_memory": .integer(peakMemory),
            "read_bytes": .integer(readBytes), "written_bytes": .integer(writtenBytes),
            "context_switches": .integer(contextSwitches),
        ]
    }

    init?(json: JSONValue) {
        guard let cpu = json["cpu_seconds"]?.number, let peak = json["peak_memory"]?.integer else {
            return nil
        }
        self.init(
            cpuSeconds: cpu, peakMemory: peak, readBytes: json["read_bytes"]?.integer ?? 0,
            writtenBytes: json["written_bytes"]?.integer ?? 0,
            contextSwitches: json["context_switches"]?.integer ?? 0)
    }
}

extension JSONValue {
    var instant: Date? { string.flatMap { try? Date(isoText: $0) } }
}
