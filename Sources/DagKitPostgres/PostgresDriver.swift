public import DagKitSQL

/// Opens PostgreSQL databases for connections of type `postgres`.
public struct PostgresDriver: SQLDriver {
    private let configuration: PostgresConfiguration

    /// Creates the driver; the extras of a connection go before its configuration.
    public init(configuration: PostgresConfiguration = PostgresConfiguration()) {
        self.configuration = configuration
    }

    public var connectionTypes: Set<String> { ["postgres", "postgresql"] }

    public func open(_ address: SQLAddress) async throws -> any SQLDatabase {
        try await PostgresDatabase.open(address, configuration: configuration)
    }
}
