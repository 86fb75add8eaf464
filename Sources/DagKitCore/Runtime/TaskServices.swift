/// What an executable offers to its tasks, by type.
///
/// ```swift
/// var services = TaskServices(metadata: metadata)
/// services[MarketStore.self] = store
/// ```
public struct TaskServices: Sendable {
    /// Variables, connections and the outputs of other tasks.
    public var metadata: any TaskMetadata

    /// The deployment's configuration.
    public var settings: any Settings

    /// The time zones that names are looked up in.
    public var zones: TimeZones

    /// The folder that the deployment lives in; `nil` for a run that has none.
    public var home: String?

    /// The least level of what tasks log.
    public var logLevel = TaskLogger.Level.debug
    private var others: [ObjectIdentifier: any Sendable] = [:]

    public init(
        metadata: any TaskMetadata, settings: any Settings = NoSettings(), zones: TimeZones = TimeZones(),
        home: String? = nil
    ) {
        self.metadata = metadata
        self.settings = settings
        self.zones = zones
        self.home = home
    }

    /// The service of a type; `nil` if the executable offers none.
    public subscript<Service: Sendable>(_ type: Service.Type) -> Service? {
        get { others[ObjectIdentifier(type)] as? Service }
        set { others[ObjectIdentifier(type)] = newValue }
    }
}

/// What a running task reads of the metadata store.
public protocol TaskMetadata: Sendable {
    /// The value of a variable, the environment's before the store's; `nil` if there is none.
    func variable(_ key: String) async throws -> String?

    /// A connection, the environment's before the store's; `nil` if there is none.
    func connection(_ id: String) async throws -> Connection?

    /// The outputs stored under `key` for a task of a run, by ascending map index.
    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom]

    /// The runs that a query asks for, newest first; none where earlier runs cannot be seen.
    func runs(_ query: RunQuery) async throws -> [DAGRun]

    /// The task instances of a run; none where other runs cannot be seen.
    func taskInstances(of run: RunKey) async throws -> [TaskInstance]

    /// The updates of assets that a query asks for, newest first; none where they cannot be seen.
    func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent]

    /// What is known of a DAG; `nil` if it does not exist, or where other DAGs cannot be seen.
    func dag(_ id: DAGID) async throws -> DAGRecord?
}

extension TaskMetadata {
    public func taskInstances(of run: RunKey) async throws -> [TaskInstance] { [] }

    public func runs(_ query: RunQuery) async throws -> [DAGRun] { [] }
    public func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent] { [] }
    public func dag(_ id: DAGID) async throws -> DAGRecord? { nil }
}

/// The deployment's configuration as tasks and extensions read it.
public protocol Settings: Sendable {
    /// The value of `section.key`; `nil` if nobody set it and it has no default.
    func value(_ section: String, _ key: String) -> String?
}

/// A configuration in which nothing is set.
public struct NoSettings: Settings {
    public init() {}
    public func value(_ section: String, _ key: String) -> String? { nil }
}

/// Why a task does not get what it asked the deployment for.
public enum ServiceError: DagKitError, Equatable {
    case noVariable(String)
    case noConnection(String)
    case noService(String)

    public var problem: String {
        switch self {
        case .noVariable(let key): "variable \"\(key)\" does not exist"
        case .noConnection(let id): "connection \"\(id)\" does not exist"
        case .noService(let type): "this executable offers no \"\(type)\" to its tasks"
        }
    }

    public var remedy: String {
        switch self {
        case .noVariable(let key): "run: dagctl variables set \(key) VALUE"
        case .noConnection(let id): "run: dagctl connections add \(id) --conn-uri URI"
        case .noService: "hand one to the command line's services"
        }
    }
}
