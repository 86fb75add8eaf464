package import DagKitCore

/// The variables and connections that the environment holds; they go before those of the store.
///
/// `DAGKIT_VAR_COINCAP_URL` and `AIRFLOW_VAR_COINCAP_URL` are the variable `coincap_url`; `DAGKIT_CONN_X` and
/// `AIRFLOW_CONN_X` the connection `x`, as a URI or as JSON. Ours win over Airflow's.
package struct EnvironmentEntries: Sendable {
    private let environment: [String: String]
    private let aliases: [String: String]

    /// - Parameter aliases: More names of the environment, by the variable that they hold.
    package init(_ environment: [String: String], aliases: [String: String] = [:]) {
        self.environment = environment
        self.aliases = aliases
    }

    /// The value of a variable and the name that held it; the case of `key` does not matter.
    package func variable(_ key: String) -> (value: String, name: String)? {
        let names =
            ["DAGKIT_VAR_", "AIRFLOW_VAR_"].map { $0 + key.uppercased() } + [aliases[key]].compactMap(\.self)
        return first(of: names)
    }

    /// A connection and the name that held it; the case of `id` does not matter.
    ///
    /// - Throws: ``EnvironmentError/badConnection(name:cause:)``.
    package func connection(_ id: String) throws(EnvironmentError) -> (connection: Connection, name: String)?
    {
        guard let (text, name) = first(of: ["DAGKIT_CONN_", "AIRFLOW_CONN_"].map({ $0 + id.uppercased() }))
        else {
            return nil
        }
        do {
            return (try Connection(id, text: text), name)
        } catch {
            throw .badConnection(name: name, cause: error)
        }
    }

    /// The keys of all variables, in lower case, in order.
    package var variableKeys: [String] {
        let aliased = aliases.filter { environment[$0.value] != nil }.map(\.key)
        return Set(keys(of: ["DAGKIT_VAR_", "AIRFLOW_VAR_"]) + aliased).sorted()
    }

    /// The ids of all connections, in lower case, in order.
    package var connectionIDs: [String] { Set(keys(of: ["DAGKIT_CONN_", "AIRFLOW_CONN_"])).sorted() }

    private func first(of names: [String]) -> (String, String)? {
        for name in names {
            if let value = environment[name] { return (value, name) }
        }
        return nil
    }

    private func keys(of prefixes: [String]) -> [String] {
        environment.keys.flatMap { name in
            prefixes.filter { name.hasPrefix($0) && name.count > $0.count }
                .map { String(name.dropFirst($0.count)).lowercased() }
        }
    }
}

/// Why an entry of the environment cannot be used.
package enum EnvironmentError: DagKitError {
    case badConnection(name: String, cause: ConnectionTextError)

    package var location: String? {
        switch self {
        case .badConnection(let name, _): name
        }
    }

    package var problem: String {
        switch self {
        case .badConnection(_, let cause): cause.problem
        }
    }

    package var remedy: String {
        switch self {
        case .badConnection(_, let cause): cause.remedy
        }
    }
}
