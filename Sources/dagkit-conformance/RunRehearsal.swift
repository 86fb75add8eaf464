import DagKitCore
import FoundationEssentials

/// Drives one run to its end, executing nothing: each attempt ends as its vector says.
struct RunRehearsal {
    private let vector: RunVector
    private let order: RunVector.Order
    private var machine: RunMachine
    private var now: Date
    private var tries: [TaskID: Int] = [:]
    private var attemptCount: Int64 = 0

    init(_ vector: RunVector, order: RunVector.Order) throws {
        self.vector = vector
        self.order = order
        let spec = try Self.spec(of: vector)
        now = try Date(isoText: "2024-01-01T00:00:00Z")
        let run = DAGRun(
            key: RunKey(spec.id, RunID(RunType.manual.runID(for: now))), type: .manual, logicalDate: now,
            dataInterval: DataInterval(exactly: now), runAfter: now, queuedAt: now,
            structureHash: spec.structureHash)
        machine = RunMachine(creating: run, of: spec)
    }

    private static func spec(of vector: RunVector) throws -> DAGSpec {
        var draft = GraphDraft(configuration: DAGConfiguration(DAGID(vector.id)))
        draft.tasks = vector.tasks.enumerated().map { line, member in
            let upstream = Set(member.upstream + (member.teardown_of ?? [])).sorted()
            var task = TaskDraft(
                id: TaskID(member.id), edges: upstream.map { TaskEdge(to: TaskID($0)) },
                options: TaskOptions(retries: member.retries, triggerRule: member.rule),
                operatorName: "rehearsal",
                kind: member.kind, work: TaskWork { _ in nil },
                location: SourceLocation(file: vector.id, line: line))
            task.teardownFailsRun = member.on_failure_fail_dagrun == true
            return task
        }
        return try DAGSpec(draft, zones: TimeZones())
    }

    /// Runs it, and says what became of it.
    mutating func finish() -> RunVector.Expectation {
        _ = machine.advance(.start, at: now)
        while !machine.run.state.isFinished {
            if let next = nextReady() {
                execute(next)
            } else if let due = machine.nextDeadline {
                // Past the instant: a retry that is due may wait for time to have passed it.
                now = max(now, due).addingTimeInterval(1)
                _ = machine.advance(.tick, at: now)
            } else {
                break
            }
        }
        return expectation
    }

    private func nextReady() -> InstanceRef? {
        let ready = machine.waitingForSlot
        return switch order {
        case .first: ready.first
        case .last: ready.last
        case .middle: ready.isEmpty ? nil : ready[ready.count / 2]
        }
    }

    private mutating func execute(_ reference: InstanceRef) {
        attemptCount += 1
        let attempt = AttemptID(rawValue: attemptCount)
        _ = machine.advance(.dispatched([(reference, attempt)]), at: now)
        let instance = machine[reference]
        let done = tries[instance.taskID, default: 0]
        tries[instance.taskID] = done + 1
        let start = now
        now = now.addingTimeInterval(1)
        let outcome = AttemptOutcome(
            attemptID: attempt, key: instance.key, tryNumber: instance.tryNumber,
            verdict: verdict(of: instance.taskID, attempt: done), startedAt: start, endedAt: now)
        _ = machine.advance(.finished(outcome), at: now)
    }

    private func verdict(of task: TaskID, attempt: Int) -> AttemptOutcome.Verdict {
        let effects = vector.tasks.first { $0.id == task.rawValue }?.attempts ?? []
        switch effects.indices.contains(attempt) ? effects[attempt] : effects.last ?? .success {
        case .success: return .success(nil)
        case .skip: return .skipped(reason: "the vector says so")
        case .fail: return .failed(reason: "the vector says so", isRetryable: true, retryDelay: nil)
        case .failNow: return .failed(reason: "the vector says so", isRetryable: false, retryDelay: nil)
        }
    }

    private var expectation: RunVector.Expectation {
        let states = machine.instances.map { ($0.taskID.rawValue, $0.state?.rawValue ?? "none") }
        let counts = vector.tasks.map { ($0.id, tries[TaskID($0.id)] ?? 0) }
        return RunVector.Expectation(
            run: machine.run.state.rawValue, tasks: Dictionary(states) { $1 },
            tries: Dictionary(counts) { $1 })
    }
}
