/// What a task reads of a metadata store, with the environment's variables and connections over the store's.
public struct StoreTaskMetadata: TaskMetadata {
    private let store: any MetadataStore
    private let variables: [String: String]
    private let connections: [String: Connection]

    /// - Parameters:
    ///   - variables: Those that the environment gives; they win over the store's.
    ///   - connections: Those that the environment gives, by id; they win over the store's.
    public init(
        _ store: any MetadataStore, variables: [String: String] = [:], connections: [String: Connection] = [:]
    ) {
        self.store = store
        self.variables = variables
        self.connections = connections
    }

    public func variable(_ key: String) async throws -> String? {
        if let value = variables[key] { return value }
        return try await store.variable(key)?.value
    }

    public func connection(_ id: String) async throws -> Connection? {
        if let connection = connections[id] { return connection }
        return try await store.connection(id)
    }

    public func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
        try await store.outputs(of: task, key: key, in: run)
    }

    public func runs(_ query: RunQuery) async throws -> [DAGRun] { try await store.runs(query) }

    public func taskInstances(of run: RunKey) async throws -> [TaskInstance] {
        try await store.taskInstances(of: run)
    }

    public func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent] {
        try await store.assetEvents(query)
    }

    public func dag(_ id: DAGID) async throws -> DAGRecord? { try await store.dag(id) }
}
