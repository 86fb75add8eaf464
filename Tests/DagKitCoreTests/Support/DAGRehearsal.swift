import DagKitCore
import FoundationEssentials

/// Runs a DAG in memory, its closures too, one attempt after the other.
struct DAGRehearsal {
    private(set) var spec: DAGSpec
    let store: InMemoryStore
    private var services: TaskServices
    private(set) var machine: RunMachine
    private(set) var now: Date
    private var waiting: [InstanceRef] = []
    private var attempts: Int64 = 0

    init(_ dag: some DAG, conf: JSONValue = [:], run: DAGRun? = nil, at now: Date = .noon) throws {
        try self.init(DAGSpec(dag), conf: conf, run: run, at: now)
    }

    init(
        _ spec: DAGSpec, conf: JSONValue = [:], run: DAGRun? = nil, at now: Date = .noon,
        store: InMemoryStore = InMemoryStore()
    ) throws {
        self.spec = spec
        self.store = store
        services = TaskServices(metadata: StoreTaskMetadata(store))
        self.now = now
        machine = RunMachine(creating: run ?? .manual(spec, conf: conf, by: "test", at: now), of: spec)
    }

    /// Clears tasks of the run as the store holds it, and runs what follows.
    mutating func clear(_ tasks: [TaskID], mapped: [TaskID] = []) async throws {
        guard let snapshot = try await store.snapshot(of: machine.run.key) else { return }
        machine = RunMachine(snapshot, of: spec, at: now)
        waiting = []
        let places =
            tasks.compactMap { machine.reference(to: TaskInstanceKey(machine.run.key, $0)) }
            + machine.instances.filter { mapped.contains($0.taskID) }.compactMap {
                machine.reference(to: $0.key)
            }
        try await advance(.clear(places, actor: "test"))
        try await run()
    }

    /// The same run, to go on with another version of its DAG.
    func following(_ dag: some DAG) throws -> DAGRehearsal {
        var other = self
        other.spec = try DAGSpec(dag)
        return other
    }

    /// Changes what the tasks are offered.
    mutating func services(_ change: (inout TaskServices) -> Void) { change(&services) }

    /// What a task returned, as JSON; the values of a mapped task as a list.
    func value(_ id: TaskID) async throws -> String {
        let stored = try await store.outputs(of: id, key: XCom.returnValue, in: machine.run.key)
        if stored.first?.task.mapIndex == -1 { return stored[0].output.json }
        return "[\(stored.map(\.output.json).joined(separator: ","))]"
    }

    /// Why instances are in their states.
    var reasons: [String] {
        machine.instances.compactMap { one in one.reason.map { "\(one.taskID): \($0)" } }
    }

    /// Runs to the end; a retry follows at once.
    mutating func run() async throws {
        try await advance(.start)
        while !machine.run.state.isFinished {
            guard !waiting.isEmpty else {
                guard let deadline = machine.nextDeadline else { return }
                now = max(now, deadline)
                try await advance(.tick)
                continue
            }
            let place = waiting.removeFirst()
            guard machine[place].state == .scheduled else { continue }
            attempts += 1
            let attempt = AttemptID(rawValue: attempts)
            try await advance(.dispatched([(place, attempt)]))
            let order = AttemptOrder(
                attemptID: attempt, instance: machine[place], run: machine.run, task: spec.tasks[place.task],
                params: spec.configuration.params.merging(machine.run.conf))
            let instant = now
            let runner = AttemptRunner(
                services: services, logger: TaskLogger { _, _, _ in },
                now: { instant })
            try await advance(.finished(await runner.run(order, work: spec.tasks[place.task].work)))
        }
    }

    private mutating func advance(_ event: RunMachine.Event) async throws {
        waiting += machine.advance(event, at: now).ready
        if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .process) }
    }

    /// The states by task id; those of mapped tasks as `id[0]`.
    var states: [String: String] {
        Dictionary(
            uniqueKeysWithValues: machine.instances.map { instance in
                let index = instance.mapIndex < 0 ? "" : "[\(instance.mapIndex)]"
                return ("\(instance.taskID)\(index)", instance.state?.rawValue ?? "none")
            })
    }

    /// Why an instance is in its state.
    func reason(_ id: String) -> String? { machine.instances.first { $0.taskID.rawValue == id }?.reason }
}
