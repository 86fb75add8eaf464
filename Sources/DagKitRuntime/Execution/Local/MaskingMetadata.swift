import DagKitCore

/// Gives a task its variables and connections once their secrets are masked in its log.
struct MaskingMetadata: TaskMetadata {
    private let metadata: any TaskMetadata
    private let channel: SupervisorChannel

    init(_ metadata: any TaskMetadata, channel: SupervisorChannel) {
        self.metadata = metadata
        self.channel = channel
    }

    func variable(_ key: String) async throws -> String? {
        let value = try await metadata.variable(key)
        if let value { try await channel.mask(SecretFinder.secrets(inValue: value, of: key)) }
        return value
    }

    func connection(_ id: String) async throws -> Connection? {
        let connection = try await metadata.connection(id)
        if let connection { try await channel.mask(SecretFinder.secrets(in: connection)) }
        return connection
    }

    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
        try await metadata.outputs(of: task, key: key, in: run)
    }

    func taskInstances(of run: RunKey) async throws -> [TaskInstance] {
        try await metadata.taskInstances(of: run)
    }

    func runs(_ query: RunQuery) async throws -> [DAGRun] { try await metadata.runs(query) }

    func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent] {
        try await metadata.assetEvents(query)
    }

    func dag(_ id: DAGID) async throws -> DAGRecord? { try await metadata.dag(id) }
}

/// Finds the values that must not stand in a log, by the names they have.
enum SecretFinder {
    private static let names = SensitiveNames.standard

    /// The secrets among what a task is started with.
    static func secrets(in order: AttemptOrder) -> [String] {
        let settings = order.settings.filter { names.contains($0.key) }.map(\.value)
        return settings + secrets(in: order.params) + secrets(in: order.conf)
    }

    /// The secrets in an environment, which every task sees: values under sensitive names, and what connections hold.
    static func secrets(inEnvironment environment: [String: String]) -> [String] {
        environment.flatMap { name, value in
            let isConnection = ["DAGKIT_CONN_", "AIRFLOW_CONN_"].contains { name.hasPrefix($0) }
            let connection = isConnection ? try? Connection(name, text: value) : nil
            // A shell's working folder is no password, though its name has the word.
            let isSecret = names.contains(name) && name != "PWD" && name != "OLDPWD"
            return (isSecret ? [value] : []) + (connection.map(secrets(in:)) ?? [])
        }
    }

    /// The password of a connection and the sensitive fields of its extra.
    static func secrets(in connection: Connection) -> [String] {
        let extra = connection.extra.flatMap { try? JSONValue(parsing: $0) }
        return [connection.password].compactMap { $0 } + (extra.map(secrets(in:)) ?? [])
    }

    /// The secrets in the value of a variable: all of it, or those in the JSON object that it is.
    static func secrets(inValue value: String, of name: String) -> [String] {
        let fields = (try? JSONValue(parsing: value)).map(secrets(in:)) ?? []
        return names.contains(name) ? [value] + fields : fields
    }

    private static func secrets(in value: JSONValue) -> [String] {
        switch value {
        case .object(let fields):
            fields.flatMap { name, value in names.contains(name) ? texts(in: value) : secrets(in: value) }
        case .array(let elements): elements.flatMap(secrets(in:))
        default: []
        }
    }

    private static func texts(in value: JSONValue) -> [String] {
        switch value {
        case .string(let text): [text]
        case .object(let fields): fields.values.flatMap(texts(in:))
        case .array(let elements): elements.flatMap(texts(in:))
        default: []
        }
    }
}
