import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// That the state tables are exactly what the events fold to, whatever happens in a run.
    static var foldChecks: [Check] {
        [
            Check("the events of a run fold exactly to its state") { store, findings in
                for seed in 1...12 {
                    var play = try RandomRun(seed: UInt64(seed), store: store)
                    try await play.play(&findings)
                }
            }
        ]
    }
}

/// A DAG with a mapped task, retries, a branch that may be skipped, waits and a task that runs in any case.
private struct RandomDAG: DAG {
    let configuration = DAGConfiguration(
        "random", defaults: TaskDefaults(retries: 2, retryDelay: .seconds(30)))

    /// Another structure: without a task, with one more, and with one that is mapped no longer.
    var isChanged = false

    func build(_ dag: inout DAGBuilder) {
        let start = dag.empty("start")
        let list = dag.task("list", after: start) { _ in ["a", "b", "c"] }
        if isChanged {
            dag.task("each", after: list) { _ in }
            dag.task("extra", after: start) { _ in }
            return
        }
        let each = dag.map("each", over: list) { _, item in item }
        let side = dag.task("side", after: start, options: TaskOptions(retries: 0)) { _ in }
        let gate = dag.task("gate", after: start, run: TimeDeltaSensor(.seconds(90), timeout: .minutes(2)))
        let other = dag.task(
            "other", after: start,
            run: ExternalTaskSensor(run: "elsewhere", timeout: .minutes(1), softFail: true))
        let join = dag.task(
            "join", after: each, side, gate, other, options: TaskOptions(triggerRule: .noneFailed)
        ) { _ in }
        dag.empty("end", after: join, options: TaskOptions(triggerRule: .allDone))
    }
}

/// Plays one run with random outcomes, in a random order, over a store.
private struct RandomRun {
    private let store: any MetadataStore
    private let specs: [DAGSpec]
    private var spec: DAGSpec
    private let seed: UInt64
    private var random: SeededGenerator
    private var machine: RunMachine
    private var now: Date

    /// How many clears and marks may still come.
    private var requests = 6

    init(seed: UInt64, store: any MetadataStore) throws {
        self.store = store
        self.seed = seed
        random = SeededGenerator(seed: seed)
        specs = [try DAGSpec(RandomDAG()), try DAGSpec(RandomDAG(isChanged: true))]
        spec = specs[0]
        now = .conformanceNoon + Double(seed) * 3_600
        machine = RunMachine(creating: .manual(spec, by: "conformance", at: now), of: spec)
    }

    mutating func play(_ findings: inout StoreConformance.Findings) async throws {
        try await commit()
        _ = machine.advance(.start, at: now)
        var steps = 0
        while !machine.run.state.isFinished, steps < 400 {
            steps += 1
            try await commit()
            if steps % 5 == 0 { try await reload() }
            try await step()
        }
        try await commit()
        try await compare(&findings)
        findings.expect(machine.run.state.isFinished, "the run of seed \(seed) to end")
    }

    /// Does one of the things that can happen next.
    private mutating func step() async throws {
        now = Date(microseconds: now.microsecondsSinceEpoch + .random(in: 1...20_000_000, using: &random))
        if Int.random(in: 0..<15, using: &random) == 0 { return setClock() }
        let (waiting, running) = (machine.waitingForSlot, machine.running)
        if requests > 0, Int.random(in: 0..<12, using: &random) == 0 { return ask() }
        if let reference = waiting.randomElement(using: &random),
            running.isEmpty || Bool.random(using: &random)
        {
            if spec.tasks[reference.task].work.deferral != nil {
                _ = machine.advance(.deferred([reference]), at: now)
                return
            }
            let token = try await store.reserveAttempts(1).lowerBound
            _ = machine.advance(.dispatched([(reference, AttemptID(rawValue: token))]), at: now)
        } else if let reference = running.randomElement(using: &random) {
            _ = machine.advance(.finished(try outcome(of: machine[reference])), at: now)
        } else {
            now = max(now, machine.nextDeadline ?? now)
            _ = machine.advance(.tick, at: now)
        }
    }

    /// The wall clock is set, by up to a day.
    private mutating func setClock() {
        let shift: Duration = .seconds(Int.random(in: -86_400...86_400, using: &random))
        now += shift.seconds
        _ = machine.advance(.clockShifted(by: shift), at: now)
    }

    /// Somebody clears or marks what is there.
    private mutating func ask() {
        requests -= 1
        let state: MarkedState = Bool.random(using: &random) ? .success : .failed
        if Int.random(in: 0..<6, using: &random) == 0 {
            _ = machine.advance(.markRun(state, actor: "ada"), at: now)
            return
        }
        let task = spec.tasks.randomElement(using: &random)!  // the DAG above has tasks
        let selection = TaskSelection(
            tasks: [task.id], includesDownstream: Bool.random(using: &random), includesScopes: true)
        let references = selection.references(in: machine)
        _ = machine.advance(
            Bool.random(using: &random)
                ? .clear(references, actor: "ada") : .mark(references, state, actor: "ada"), at: now)
        if machine.run.state == .queued { _ = machine.advance(.start, at: now) }
    }

    private mutating func outcome(of instance: TaskInstance) throws -> AttemptOutcome {
        let verdict: AttemptOutcome.Verdict
        switch Int.random(in: 0..<8, using: &random) {
        case 0: verdict = .failed(reason: "exit code 1", isRetryable: true, retryDelay: nil)
        case 1:
            verdict = .failed(
                reason: "no use", isRetryable: Bool.random(using: &random), retryDelay: .seconds(5))
        case 2 where instance.taskID != "list": verdict = .skipped(reason: "not today")
        case 3: verdict = .notStarted(reason: "worker lost")
        case 4: verdict = .waiting(until: now + .random(in: 0...60, using: &random), reason: "not yet")
        default: verdict = .success(try EncodedOutput(encoding: ["a", "b", "c"]))
        }
        var outcome = AttemptOutcome(
            attemptID: instance.attemptID ?? AttemptID(rawValue: 0), key: instance.key,
            tryNumber: instance.tryNumber,
            verdict: verdict, startedAt: now, endedAt: now,
            usage: ResourceUsage(cpuSeconds: .random(in: 0...9, using: &random), peakMemory: 1 << 20),
            processID: 77, hostname: "here", rendered: [TemplateField("command", "echo")])
        outcome.pokeCount = instance.pokeCount + 1
        return outcome
    }

    private mutating func commit() async throws {
        guard let batch = machine.takeBatch() else { return }
        let result = try await store.commit([batch], durability: .process)
        guard result.conflicts.isEmpty else { throw RandomRunError.conflict(seed: seed) }
    }

    /// Goes on from what the store holds, as a new scheduler does.
    private mutating func reload() async throws {
        guard let snapshot = try await store.snapshot(of: machine.run.key) else {
            throw RandomRunError.lost(seed: seed)
        }
        // Half of the runs live through changes of their DAG.
        if seed.isMultiple(of: 2), Int.random(in: 0..<3, using: &random) == 0 {
            spec = specs[spec.structureHash == specs[0].structureHash ? 1 : 0]
        }
        machine = RunMachine(snapshot, of: spec, at: now)
        if machine.run.state == .running { _ = machine.advance(.start, at: now) }
        try await commit()
    }

    private func compare(_ findings: inout StoreConformance.Findings) async throws {
        let events = try await store.events(of: machine.run.key)
        let stored = try await store.snapshot(of: machine.run.key)
        guard let folded = RunSnapshot(folding: events, of: spec, earlier: specs), let stored else {
            return findings.add("the run of seed \(seed) cannot be folded")
        }
        var run = folded.run
        run.revision = stored.run.revision
        findings.equal(stored.run, machine.run, "seed \(seed): the stored run")
        // What the run's present structure has no place for is stored and folded, and of no concern to the machine.
        let known = Dictionary(stored.instances.map { ($0.key, $0) }) { $1 }
        findings.equal(
            machine.instances.map { known[$0.key] }, machine.instances, "seed \(seed): the stored instances")
        findings.equal(run, stored.run, "seed \(seed): the folded run")
        findings.equal(folded.instances, stored.instances, "seed \(seed): the folded instances")
    }
}

private enum RandomRunError: Error {
    case conflict(seed: UInt64)
    case lost(seed: UInt64)
}
