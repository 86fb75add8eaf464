import CryptoDags
import DagKit
import DagKitPostgres
import FoundationEssentials
import Synchronization

/// A deployment in a home of its own, in which DAGs run as `dagctl dags test` runs them.
final class Deployment: Sendable {
    let folder: TemporaryFolder
    private let metadata: Mutex<FixedMetadata>
    private let settings: FixedSettings
    private let time: Mutex<Date>
    private let lines = Mutex<[String]>([])

    /// - Parameter settings: Settings of section `[crypto]`, or `section.key` of another.
    init(
        _ settings: [String: String] = [:], variables: [String: String] = [:],
        connections: [Connection] = [], now: Date = .noon
    ) throws {
        folder = try TemporaryFolder()
        metadata = Mutex(FixedMetadata(variables: variables, connections: connections))
        var full: [String: String] = [:]
        for (key, value) in settings { full[key.contains(".") ? key : "crypto.\(key)"] = value }
        self.settings = FixedSettings(values: full)
        time = Mutex(now)
    }

    /// What the tasks wrote to their logs.
    var log: [String] { lines.withLock { $0 } }

    /// The deployment's only connection is this one from now on.
    func connect(_ connection: Connection) { metadata.withLock { $0.connections = [connection] } }

    /// The time moves on.
    func pass(_ seconds: TimeInterval) { time.withLock { $0 = $0.addingTimeInterval(seconds) } }

    /// Runs a DAG once, now.
    func run(_ dag: some DAG, runID: RunID? = nil) async throws -> RunSnapshot {
        let spec = try DAGSpec(dag)
        let run = DAGRun.manual(spec, runID: runID, by: "test", at: now)
        return try await rehearsal.run(run, of: spec)
    }

    /// Runs one try of a task of `crypto_data_pipeline`, whatever came before it.
    ///
    /// - Parameter late: Makes it a scheduled run whose half-hour interval ended so many seconds ago.
    func attempt(
        _ task: TaskID, runID: RunID = "run", tryNumber: Int = 1, type: RunType = .manual,
        late: TimeInterval? = nil
    ) async throws -> AttemptOutcome {
        let end = late.map { now.addingTimeInterval(-$0) }
        let interval = end.map { DataInterval(start: $0.addingTimeInterval(-1_800), end: $0) }
        let spec = try DAGSpec(CryptoDataPipeline())
        let run = DAGRun(
            key: RunKey(spec.id, runID), type: late == nil ? type : .scheduled, logicalDate: now,
            dataInterval: interval, runAfter: now,
            queuedAt: now, structureHash: spec.structureHash)
        let one = spec.tasks[spec.index(of: task)!]  // the tests name tasks that are there
        var instance = TaskInstance(
            key: TaskInstanceKey(run.key, one.id), maxTries: one.retries, operatorName: one.operatorName)
        instance.tryNumber = tryNumber
        let order = AttemptOrder(
            attemptID: AttemptID(rawValue: 1), instance: instance, run: run, task: one, params: .object([:]))
        return await AttemptRunner(services: services, logger: logger, now: { self.now }).run(
            order, work: one.work)
    }

    /// The market store as a reader sees it.
    func reading<Value: Sendable>(_ body: (MarketStore) async throws -> Value) async throws -> Value {
        let store = try await MarketStore.open(at: try await MarketStorePlace(services), now: now)
        do {
            let value = try await body(store)
            await store.database.close()
            return value
        } catch {
            await store.database.close()
            throw error
        }
    }

    var now: Date { time.withLock { $0 } }

    var logger: TaskLogger {
        TaskLogger { level, text, _ in self.lines.withLock { $0.append("\(level.rawValue) \(text)") } }
    }

    var services: TaskServices {
        var services = TaskServices(metadata: metadata.withLock { $0 }, settings: settings, home: folder.path)
        services[SQLDrivers.self] = SQLDrivers([SQLiteDriver(), PostgresDriver()])
        services[MarketClock.self] = MarketClock(now: { self.now }, sleep: { _ in })
        return services
    }

    /// What tasks get from a scheduler that keeps its metadata in a store.
    func services(over store: any MetadataStore) -> TaskServices {
        var services = services
        services.metadata = StoreTaskMetadata(store)
        return services
    }

    private var rehearsal: Rehearsal {
        Rehearsal(services: services, now: { self.now }, makeLogger: { _ in self.logger })
    }
}

/// Variables and connections that stand fast.
struct FixedMetadata: TaskMetadata {
    var variables: [String: String] = [:]
    var connections: [Connection] = []

    func variable(_ key: String) async throws -> String? { variables[key] }
    func connection(_ id: String) async throws -> Connection? { connections.first { $0.id == id } }
    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] { [] }
}

/// Settings that stand fast.
struct FixedSettings: Settings {
    var values: [String: String]

    func value(_ section: String, _ key: String) -> String? { values["\(section).\(key)"] }
}

extension RunSnapshot {
    /// The state of a task.
    func state(_ task: TaskID) -> TaskState? { instances.first { $0.key.taskID == task }?.state }

    /// The reason that stands beside the state of a task.
    func reason(_ task: TaskID) -> String? { instances.first { $0.key.taskID == task }?.reason }
}

extension AttemptOutcome {
    /// What a failed try says; `nil` if it did not fail.
    var failure: (reason: String, isRetryable: Bool, delay: Duration?)? {
        guard case .failed(let reason, let isRetryable, let delay) = verdict else { return nil }
        return (reason, isRetryable, delay)
    }
}
