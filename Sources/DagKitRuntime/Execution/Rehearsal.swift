public import DagKitCore
import DagKitSystem
public import FoundationEssentials
import Glibc

/// Runs one DAG run to its end in this process, one task at a time, on a store of its own: what `dags test` does.
///
/// Nothing of the run is recorded. Tasks get the deployment's variables, connections and data; a retry follows at
/// once, as if its delay had passed.
public struct Rehearsal: Sendable {
    private let services: TaskServices
    private let makeLogger: @Sendable (AttemptOrder) -> TaskLogger
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - services: What the tasks get; outputs of other tasks come from the rehearsal itself.
    ///   - now: The wall clock.
    public init(
        services: TaskServices, now: @escaping @Sendable () -> Date,
        makeLogger: @escaping @Sendable (AttemptOrder) -> TaskLogger
    ) {
        self.services = services.offeringOutputFiles()
        self.now = now
        self.makeLogger = makeLogger
    }

    /// Runs a run that nobody started yet and gives what became of it.
    ///
    /// - Parameters:
    ///   - settings: What the deployment sets for the DAG's tasks (`section.key`).
    ///   - tell: Is given every event in order.
    /// - Throws: What the store in memory throws; a failed task is part of the result.
    public func run(
        _ run: DAGRun, of spec: DAGSpec, settings: [String: String] = [:],
        tell: @Sendable (RunEvent) async -> Void = { _ in }
    ) async throws -> RunSnapshot {
        let store = InMemoryStore()
        var services = services
        services.metadata = RehearsalMetadata(outputs: store, deployment: self.services.metadata)
        var machine = RunMachine(creating: run, of: spec)
        machine.ignoresPast = true
        var waiting: [InstanceRef] = []
        var attempts: Int64 = 0
        func settle(_ event: RunMachine.Event, at now: Date) async throws {
            let step = machine.advance(event, at: now)
            waiting += step.ready
            if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .process) }
            for event in step.events { await tell(event) }
        }
        func look(after wait: Double) async throws {
            try await BootTimeClock().sleep(for: .seconds(max(0, wait)))
            for (reference, awaited) in machine.outsideWaits {
                guard let verdict = try await awaited.verdict(asking: self.services.metadata) else {
                    continue
                }
                try await settle(.awaited(reference, awaited, verdict), at: now())
            }
        }
        try await settle(.start, at: now())
        while !machine.run.state.isFinished {
            try Task.checkCancellation()
            guard let next = Self.heaviest(waiting, in: machine) else {
                if !machine.outsideWaits.isEmpty {
                    let left = machine.nextDeadline.map { $0.timeIntervalSince(now()) } ?? .infinity
                    try await look(after: min(left, Self.lookInterval))
                    try await settle(.tick, at: now())
                    continue
                }
                guard let deadline = machine.nextDeadline else { break }
                if machine.instances.contains(where: { $0.state?.isWaiting == true }) {
                    // What a sensor waits for takes its time; a retry need not.
                    try await BootTimeClock().sleep(for: .seconds(max(0, deadline.timeIntervalSince(now()))))
                }
                try await settle(.tick, at: max(deadline, now()))
                continue
            }
            waiting.removeAll { $0 == next }
            if spec.tasks[next.task].work.deferral != nil {
                try await settle(.deferred([next]), at: now())
                try await look(after: 0)
                continue
            }
            attempts += 1
            try await settle(.dispatched([(next, AttemptID(rawValue: attempts))]), at: now())
            let order = AttemptOrder(
                attemptID: AttemptID(rawValue: attempts), instance: machine[next], run: machine.run,
                task: spec.tasks[next.task], params: spec.configuration.params.merging(run.conf),
                settings: settings)
            let outcome = await attempt(order, spec.tasks[next.task].work, services)
            try await settle(.finished(outcome), at: now())
        }
        return RunSnapshot(run: machine.run, instances: machine.instances)
    }

    /// Runs one task alone, without its dependencies, and gives its outcome: what `tasks test` does.
    public func run(
        _ task: TaskSpec, in run: DAGRun, of spec: DAGSpec, settings: [String: String] = [:]
    ) async -> AttemptOutcome {
        var instance = TaskInstance(
            key: TaskInstanceKey(run.key, task.id), maxTries: task.retries, operatorName: task.operatorName)
        instance.tryNumber = 1
        let order = AttemptOrder(
            attemptID: AttemptID(rawValue: 1), instance: instance, run: run, task: task,
            params: spec.configuration.params.merging(run.conf), settings: settings)
        return await attempt(order, task.work, services)
    }

    private func attempt(_ order: AttemptOrder, _ work: TaskWork, _ services: TaskServices) async
        -> AttemptOutcome
    {
        let clock = TaskClock(now: now, elapsed: { BootTimeClock().now.sinceBoot }) {
            try await BootTimeClock().sleep(for: $0)
        }
        let runner = AttemptRunner(services: services, logger: makeLogger(order), clock: clock)
        var outcome = await runner.run(order, work: work)
        outcome.processID = Int(getpid())
        outcome.hostname = CurrentProcess.hostName
        return outcome
    }

    /// How often to ask how it stands with what tasks wait for outside the run, in seconds: nobody tells a rehearsal.
    private static let lookInterval = 1.0

    private static func heaviest(_ waiting: [InstanceRef], in machine: RunMachine) -> InstanceRef? {
        waiting.min { left, right in
            (-machine[left].priorityWeight, left) < (-machine[right].priorityWeight, right)
        }
    }
}

/// Variables and connections of the deployment, outputs of the rehearsal.
private struct RehearsalMetadata: TaskMetadata {
    let outputs: any MetadataStore
    let deployment: any TaskMetadata

    func variable(_ key: String) async throws -> String? { try await deployment.variable(key) }
    func connection(_ id: String) async throws -> Connection? { try await deployment.connection(id) }

    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
        let own = try await outputs.outputs(of: task, key: key, in: run)
        return own.isEmpty ? try await deployment.outputs(of: task, key: key, in: run) : own
    }

    func taskInstances(of run: RunKey) async throws -> [TaskInstance] {
        try await deployment.taskInstances(of: run)
    }

    func runs(_ query: RunQuery) async throws -> [DAGRun] { try await deployment.runs(query) }

    func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent] {
        try await deployment.assetEvents(query)
    }

    func dag(_ id: DAGID) async throws -> DAGRecord? { try await deployment.dag(id) }
}
