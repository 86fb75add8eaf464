import DagKitSQL
import DagKitSQLite
import DagKitSecrets
import DagKitStore
import DagKitSystem
public import FoundationEssentials
import Glibc

/// A scheduler inside a program of one's own, on a home folder with its SQLite database.
///
/// ```swift
/// let orchestrator = try await Orchestrator(home: "/var/lib/app", dags: [Hello()])
/// let running = Task { try await orchestrator.run() }
/// let run = try await orchestrator.trigger("hello", conf: ["name": "Ada"])
/// ```
///
/// The command line works on the same home: `dagctl --home /var/lib/app dags list-runs -d hello`. One home has one
/// scheduler at a time.
public final class Orchestrator: Sendable {
    /// Where runs are recorded.
    public let store: any MetadataStore

    /// The DAGs that can be run.
    public let dags: [DAGSpec]
    private let home: String
    private let scheduler: Scheduler

    /// How attempts are run.
    public enum Execution: Sendable {
        /// As tasks of this process; one that does not heed its cancellation cannot be ended.
        case inProcess
        /// In warm worker processes; the program calls ``DagKitWorker/runIfRequested(_:services:)`` first of all.
        case workers
    }

    /// Opens the home, which is made if it is missing.
    ///
    /// - Parameters:
    ///   - services: Adds what tasks ask for by type.
    /// - Throws: ``OrchestratorError/invalid(_:)`` with all that is wrong with the DAGs, or why the database cannot be
    ///   opened.
    public init(
        home: String, dags: [any DAG], bundle: String = "orchestrator", parallelism: Int = 32,
        execution: Execution = .inProcess, arePausedAtCreation: Bool = false,
        services: @Sendable (inout TaskServices) async throws -> Void = { _ in }
    ) async throws {
        let zones = TimeZones(loading: DAGBag.timeZoneNames(of: dags, file: nil), from: SystemTimeZones())
        let bag = DAGBag(compiled: dags, zones: zones)
        guard bag.isSound else { throw OrchestratorError.invalid(bag.problems.values.flatMap { $0 }) }
        self.dags = bag.specs
        self.home = home
        try FileSystem.createFolder(home)
        let clock = SystemSchedulerClock()
        let keys = try KeyRing.load(orCreateAt: "\(home)/keys/secrets.key")
        let database = try await SQLiteDatabase.open("\(home)/dagkit.db")
        store = try await SQLMetadataStore.open(database, sealing: SecretBox(keys), at: clock.now)
        var taskServices = TaskServices(metadata: StoreTaskMetadata(store), zones: zones, home: home)
        taskServices[SQLDrivers.self] = SQLDrivers([SQLiteDriver()])
        try await services(&taskServices)
        let executor: any Executor =
            switch execution {
            case .inProcess: InProcessExecutor(bag.specs, capacity: parallelism, services: taskServices)
            case .workers: LocalExecutor(home: home, capacity: parallelism)
            }
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: SchedulerJobs.type, state: "running", hostname: CurrentProcess.hostName,
                user: CurrentProcess.userName, processID: Int(getpid()), executor: "\(execution)",
                start: clock.now,
                heartbeat: clock.now))
        configuration.parallelism = parallelism
        let library = TaskLibrary(dags) {
            try OperatorRegistry.standard.work(of: $0)
        } declaredNotifier: {
            try OperatorRegistry.standard.notifier(of: $0)
        }
        let callbackServices = taskServices
        configuration.courier =
            switch execution {
            case .inProcess: InProcessCourier(library) { _ in callbackServices }
            case .workers: WorkerCourier(settings: { _ in [:] }, log: .none)
            }
        scheduler = Scheduler(
            store: store, executor: executor,
            deployment: Deployment(
                bundle: bundle, specs: bag.specs, arePausedAtCreation: arePausedAtCreation),
            configuration: configuration)
    }

    /// Runs what is due until ``stop()`` is called.
    ///
    /// - Throws: The error that names the scheduler which works on this home already.
    public func run() async throws {
        let door = try SchedulerDoor(home: home, now: SystemSchedulerClock().now)
        _ = try await SchedulerJobs(in: store, host: CurrentProcess.hostName).settle(
            at: SystemSchedulerClock().now, holder: { nil })
        let scheduler = scheduler
        let doorkeeper = Task {
            await door.serve { visit in
                if visit == .knock { scheduler.poke() } else { scheduler.handOver() }
            }
        }
        defer { doorkeeper.cancel() }
        let naming = Task { await nameExecutable() }
        defer { naming.cancel() }
        try await scheduler.run()
    }

    /// Works out which executable this is, beside the work; where it cannot be read, it stays unknown.
    private func nameExecutable() async {
        let hash = try? await Blocking.run { try FileHash.sha256(ofFile: CurrentProcess.executable) }
        if let hash { scheduler.nameExecutable(hash) }
    }

    /// Asks for a run of a DAG, which is recorded once this returns.
    ///
    /// - Throws: ``OrchestratorError/noDAG(_:)``, ``OrchestratorError/runExists(_:)``.
    public func trigger(
        _ id: DAGID, conf: JSONValue = .object([:]), logicalDate: Date? = nil, runID: RunID? = nil
    ) async throws -> RunKey {
        guard let spec = dags.first(where: { $0.id == id }) else { throw OrchestratorError.noDAG(id) }
        let run = DAGRun.manual(
            spec, logicalDate: logicalDate, runID: runID, conf: conf, by: CurrentProcess.userName,
            at: SystemSchedulerClock().now)
        var machine = RunMachine(
            creating: run, of: spec, actor: RunEvent.actor(ofUser: CurrentProcess.userName))
        if let batch = machine.takeBatch() {
            let result = try await store.commit([batch], durability: .full)
            guard result.conflicts.isEmpty else { throw OrchestratorError.runExists(run.key) }
        }
        scheduler.poke()
        return run.key
    }

    /// Starts nothing new, lets what runs end within the grace, and ends ``run()``.
    public func stop() { scheduler.stop() }

    /// Ends ``run()`` and leaves what runs to the next scheduler of this home.
    public func handOver() { scheduler.handOver() }
}

/// The time zones of this machine.
private struct SystemTimeZones: TimeZoneSource {
    func tzif(named name: String) throws -> [UInt8]? {
        do {
            return try ZoneInfo.system().bytes(of: name)
        } catch ZoneInfoError.unknown {
            return nil
        }
    }
}

/// Why an ``Orchestrator`` cannot do what it was asked.
public enum OrchestratorError: DagKitError, Equatable {
    case invalid([DAGProblem])
    case noDAG(DAGID)
    case runExists(RunKey)

    public var problem: String {
        switch self {
        case .invalid(let problems): problems.map(\.description).joined(separator: "\n")
        case .noDAG(let id): "dag \"\(id)\" does not exist"
        case .runExists(let key): "run \"\(key)\" exists already, or its dag has a run for that logical date"
        }
    }

    public var remedy: String {
        switch self {
        case .invalid: "mend the dags"
        case .noDAG: "hand it to the orchestrator"
        case .runExists: "name another run id and logical date"
        }
    }
}
