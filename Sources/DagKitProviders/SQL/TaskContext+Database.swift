public import DagKitCore
public import DagKitSQL

extension TaskContext {
    /// Opens the database of a connection with the driver that its type names; whoever opens it closes it.
    ///
    /// - Throws: ``ServiceError/noConnection(_:)``, ``ServiceError/noService(_:)`` if the executable offers no
    ///   ``SQLDrivers``, or ``SQLError`` if the database cannot be reached.
    public func database(_ id: String) async throws -> any SQLDatabase {
        let connection = try await connection(id)
        guard let drivers = services[SQLDrivers.self] else { throw ServiceError.noService("SQLDrivers") }
        return try await drivers.open(SQLAddress(connection))
    }

    /// Opens the database of a connection for as long as `body` takes.
    ///
    /// ```swift
    /// let rows = try await context.withDatabase("postgres_default") { try await $0.query("select 1") }
    /// ```
    ///
    /// - Throws: What ``database(_:)`` or `body` throws.
    public func withDatabase<Value>(
        _ id: String, _ body: (any SQLDatabase) async throws -> Value
    ) async throws -> Value {
        let database = try await database(id)
        do {
            let value = try await body(database)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}

extension SQLAddress {
    /// The SQL side of a connection; the extras that are texts, numbers or Booleans become options.
    ///
    /// A file database (`sqlite`) may be named by `schema` or, as Airflow's connections do, by `host`.
    public init(_ connection: Connection) {
        let schema = connection.schema.flatMap { $0.isEmpty ? nil : $0 }
        let isFile = connection.type == "sqlite"
        var options: [String: String] = [:]
        for (name, value) in (try? JSONValue(parsing: connection.extra ?? "{}"))?.object ?? [:] {
            switch value {
            case .string(let text): options[name] = text
            case .bool, .integer, .number: options[name] = value.text
            case .null, .array, .object: break
            }
        }
        self.init(
            type: connection.type, host: isFile ? nil : connection.host, port: connection.port,
            database: isFile ? schema ?? connection.host : schema, user: connection.login,
            password: connection.password, options: options)
    }
}
