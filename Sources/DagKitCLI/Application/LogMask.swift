import DagKitCore
import Synchronization

/// The secrets that tasks of this process have been given, and that its logs must not show.
final class LogMask: Sendable {
    private let patterns = Mutex(SecretPatterns())

    /// The text with every known secret blotted out.
    func mask(_ text: String) -> String {
        let patterns = patterns.withLock { $0 }
        return patterns.isEmpty ? text : SecretMasker(patterns).mask(text)
    }

    /// Hides a secret from now on.
    func add(_ secret: String) { patterns.withLock { _ = $0.insert(secret) } }

    /// Hides the password of a connection and what its extras hold under sensitive names.
    func add(_ connection: Connection) {
        if let password = connection.password { add(password) }
        if let extra = connection.extra, let value = try? JSONValue(parsing: extra) {
            add(value, isSecret: false)
        }
    }

    private func add(_ value: JSONValue, isSecret: Bool) {
        switch value {
        case .string(let text): if isSecret { add(text) }
        case .array(let elements): for element in elements { add(element, isSecret: isSecret) }
        case .object(let members):
            for (name, member) in members {
                add(member, isSecret: isSecret || SensitiveNames.standard.contains(name))
            }
        default: break
        }
    }
}

/// Variables and connections as tasks see them: the environment's before the store's.
struct DeploymentMetadata: TaskMetadata {
    let store: any StoreAccess
    let entries: EnvironmentEntries

    /// Is told of every secret before a task gets it.
    let mask: LogMask

    func variable(_ key: String) async throws -> String? {
        if let (value, _) = entries.variable(key) {
            if SensitiveNames.standard.contains(key) { mask.add(value) }
            return value
        }
        guard let variable = try await store.read({ try await $0.variable(key) }) else { return nil }
        if variable.isSecret || SensitiveNames.standard.contains(key) { mask.add(variable.value) }
        return variable.value
    }

    func connection(_ id: String) async throws -> Connection? {
        let own = try entries.connection(id)?.connection
        guard
            let connection = if let own { own } else { try await store.read({ try await $0.connection(id) }) }
        else { return nil }
        mask.add(connection)
        return connection
    }

    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
        try await store.read { try await $0.outputs(of: task, key: key, in: run) }
    }

    func runs(_ query: RunQuery) async throws -> [DAGRun] {
        try await store.read { try await $0.runs(query) }
    }

    func taskInstances(of run: RunKey) async throws -> [TaskInstance] {
        try await store.read { try await $0.taskInstances(of: run) }
    }

    func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent] {
        try await store.read { try await $0.assetEvents(query) }
    }

    func dag(_ id: DAGID) async throws -> DAGRecord? {
        try await store.read { try await $0.dag(id) }
    }
}
