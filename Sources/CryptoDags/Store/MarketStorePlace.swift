public import DagKit
import DagKitSQL
public import FoundationEssentials

/// Where a deployment keeps its market store.
///
/// It is the database of the connection `postgres_default`; without it, the one that the variables `postgres_url`,
/// `pg_user` and `pg_password` name; without these, the file `crypto.db` in the home folder.
public enum MarketStorePlace: Sendable {
    /// A file of SQLite in a home folder.
    case home(String)
    /// The database of a connection or of the variables.
    case address(SQLAddress, SQLDrivers)

    /// The connection that chooses the database, as in the original system.
    public static let connectionID = "postgres_default"

    /// The place that a deployment's connections and variables name.
    ///
    /// - Throws: ``MarketStorePlaceError``, or what reading connections and variables throws.
    public init(_ services: TaskServices) async throws {
        if let connection = try await services.metadata.connection(Self.connectionID) {
            self = .address(
                try Self.known(SQLAddress(connection), from: "connection \"\(Self.connectionID)\"", services),
                try Self.drivers(services))
        } else if let url = try await services.metadata.variable("postgres_url"), !url.isEmpty {
            var address = try Self.address(url)
            if let user = try await services.metadata.variable("pg_user") { address.user = user }
            if let password = try await services.metadata.variable("pg_password") {
                address.password = password
            }
            self = .address(
                try Self.known(address, from: "variable \"postgres_url\"", services),
                try Self.drivers(services))
        } else if let home = services.home {
            self = .home(home)
        } else {
            throw MarketStorePlaceError.noHome
        }
    }

    /// Whether something may be there already: a file that is, or any server.
    public var mayExist: Bool {
        switch self {
        case .home(let home): FileManager.default.fileExists(atPath: "\(home)/\(MarketStore.fileName)")
        case .address: true
        }
    }

    /// Opens the database of the place; a missing folder or file is made.
    ///
    /// - Throws: ``MarketStorePlaceError`` or `SQLError`.
    public func openDatabase() async throws -> any SQLDatabase {
        switch self {
        case .address(let address, let drivers): return try await drivers.open(address)
        case .home(let home):
            try Self.makeFolder(home)
            return try await SQLiteDriver().open(
                SQLAddress(type: "sqlite", database: "\(home)/\(MarketStore.fileName)"))
        }
    }

    /// The address that a URL of JDBC, as Spark reads it, or of libpq names.
    private static func address(_ url: String) throws -> SQLAddress {
        let text = url.hasPrefix("jdbc:") ? String(url.dropFirst(5)) : url
        guard let connection = try? Connection("postgres_url", uri: text), connection.type == "postgres"
        else {
            throw MarketStorePlaceError.badURL
        }
        return SQLAddress(connection)
    }

    private static func drivers(_ services: TaskServices) throws(MarketStorePlaceError) -> SQLDrivers {
        guard let drivers = services[SQLDrivers.self] else { throw .noDrivers }
        return drivers
    }

    private static func known(
        _ address: SQLAddress, from origin: String, _ services: TaskServices
    ) throws(MarketStorePlaceError) -> SQLAddress {
        let known = try drivers(services).connectionTypes
        guard known.contains(address.type) else { throw .badType(address.type, origin: origin, known: known) }
        return address
    }

    private static func makeFolder(_ path: String) throws(MarketStorePlaceError) {
        let files = FileManager.default
        var isFolder = false
        if files.fileExists(atPath: path, isDirectory: &isFolder), isFolder { return }
        do {
            try files.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw .cannotMake(path) }
    }
}

extension MarketStore {
    /// The name of the store's file in a home folder.
    public static let fileName = "crypto.db"

    /// Opens the store of a place; tables that are missing are made.
    ///
    /// - Throws: ``MarketStorePlaceError``, ``MarketSchemaError`` or `SQLError`.
    public static func open(at place: MarketStorePlace, now: Date) async throws -> MarketStore {
        let database = try await place.openDatabase()
        do {
            return try await MarketStore.open(database, codec: GzipBodyCodec(), now: now)
        } catch {
            await database.close()
            throw error
        }
    }

    /// Opens the store of a home folder; folder, file and tables that are missing are made.
    ///
    /// - Throws: ``MarketStorePlaceError``, ``MarketSchemaError`` or `SQLError`.
    public static func open(inHome home: String, now: Date) async throws -> MarketStore {
        try await open(at: .home(home), now: now)
    }
}

/// Why there is no place for the market store.
public enum MarketStorePlaceError: DagKitError, Equatable {
    case noHome
    case noDrivers
    case cannotMake(String)
    case badURL
    case badType(String, origin: String, known: [String])

    public var problem: String {
        switch self {
        case .noHome: "this run has no home folder for \"\(MarketStore.fileName)\""
        case .noDrivers: "this executable offers no database drivers to its tasks"
        case .cannotMake(let path): "the home folder \"\(path)\" cannot be made"
        case .badURL: "the variable \"postgres_url\" is no address of a PostgreSQL database"
        case .badType(let type, let origin, _):
            "the \(origin) has the type \"\(type)\", on which no market store can live"
        }
    }

    public var remedy: String {
        switch self {
        case .noHome: "run it through dagctl, or set the services' home"
        case .noDrivers: "hand SQLDrivers to its services"
        case .cannotMake: "make the folder above it writable for this user, or set DAGKIT_HOME"
        case .badURL: "write it as jdbc:postgresql://localhost:5432/crypto_db"
        case .badType(_, _, let known): "give it one of the types \(known.joined(separator: ", "))"
        }
    }
}
