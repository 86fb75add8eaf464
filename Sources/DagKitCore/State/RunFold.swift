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
        case .runCreated, .runWaiting, .runStarted, .runSucceeded, .runFailed, .runEnding, .runCleared,
            .deadlineMissed,
            .expanded:
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
    public let spec: DAGSpec
    public private(set) var run: DAGRun

    /// By task index.
    private var nodes: [[TaskInstance]]

    /// Starts with the event of a run's creation; `nil` for any other event.
    public init?(_ creation: RunEvent, of spec: DAGSpec) {
        guard let run = DAGRun(creation: creation) else { return nil }
        self.spec = spec
        self.run = run
        nodes = spec.tasks.map { [$0.newInstance(of: run.key)] }
    }

    /// Changes the state by the next event.
    public mutating func apply(_ event: RunEvent) {
        run.apply(event)
        guard let id = event.taskID, let index = spec.index(of: id) else { return }
        if event.kind == .expanded, let count = event.detail["count"]?.integer {
            // A list that became longer adds to the instances that are there.
            let known = nodes[index].filter { $0.mapIndex >= 0 }
            nodes[index] =
                known
                + (known.count..<max(known.count, Int(count))).map {
                    spec.tasks[index].newInstance(of: run.key, mapIndex: $0)
                }
        } else if nodes[index].indices.contains(max(event.mapIndex, 0)) {
            nodes[index][max(event.mapIndex, 0)].apply(event)
        }
    }

    /// The instances of the task at an index.
    public func instances(of task: Int) -> [TaskInstance] { nodes[task] }

    /// The instance that an event is about; `nil` if it is about the run as a whole.
    public func instance(of event: RunEvent) -> TaskInstance? {
        guard let index = event.taskID.flatMap(spec.index(of:)) else { return nil }
        let place = max(event.mapIndex, 0)
        return nodes[index].indices.contains(place) ? nodes[index][place] : nil
    }

    /// The run with all its instances, by the order of the DAG and the map index.
    public var snapshot: RunSnapshot { RunSnapshot(run: run, instances: nodes.flatMap { $0 }) }
}

extension RunSnapshot {
    /// Folds the events of a run, oldest first, into its state; `nil` if the first is not its creation.
    ///
    /// - Parameter spec: The structure that the run follows.
    public init?(folding events: [RunEvent], of spec: DAGSpec) {
        guard let first = events.first, var fold = RunFold(first, of: spec) else { return nil }
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
