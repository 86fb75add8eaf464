public import DagKitSQL

/// Opens SQLite files for connections of type `sqlite`.
public struct SQLiteDriver: SQLDriver {
    private let configuration: SQLiteConfiguration

    /// Creates the driver; every database is opened with the same configuration.
    public init(configuration: SQLiteConfiguration = SQLiteConfiguration()) {
        self.configuration = configuration
    }

    public var connectionTypes: Set<String> { ["sqlite"] }

    /// Opens the file that `database` names, else the one that `host` names, where Airflow keeps the path.
    public func open(_ address: SQLAddress) async throws -> any SQLDatabase {
        guard let path = [address.database, address.host].compactMap({ $0 }).first(where: { !$0.isEmpty })
        else {
            throw SQLError(.cannotOpen, message: "a connection of type \"sqlite\" names no file")
        }
        guard path != ":memory:" else { return SQLiteDatabase.inMemory() }
        return try await SQLiteDatabase.open(path, configuration: configuration)
    }
}
