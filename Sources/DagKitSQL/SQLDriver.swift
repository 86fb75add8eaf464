/// Opens databases of one family.
public protocol SQLDriver: Sendable {
    /// The connection types that it serves, such as `sqlite` or `postgres`.
    var connectionTypes: Set<String> { get }

    /// Opens the database that the address names.
    ///
    /// - Throws: ``SQLError`` of kind ``SQLError/Kind/cannotOpen`` if it cannot be reached.
    func open(_ address: SQLAddress) async throws -> any SQLDatabase
}

/// Where a database is and how to get in: the SQL side of a connection.
///
/// ```swift
/// let address = SQLAddress(type: "sqlite", database: "/var/lib/dagkit/crypto.db")
/// ```
public struct SQLAddress: Sendable {
    /// The connection type, which chooses the driver.
    public var type: String

    /// The host or the folder of a socket; `nil` for the driver's default.
    public var host: String?

    /// The port; `nil` for the driver's default.
    public var port: Int?

    /// The name of the database; for SQLite the path of the file.
    public var database: String?

    /// The user.
    public var user: String?

    /// The password; it is shown nowhere.
    public var password: String?

    /// The settings that only this driver knows.
    public var options: [String: String]

    /// Creates an address.
    public init(
        type: String, host: String? = nil, port: Int? = nil, database: String? = nil, user: String? = nil,
        password: String? = nil, options: [String: String] = [:]
    ) {
        self.type = type
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.options = options
    }
}

/// The address without its password and options, which may hold secrets.
extension SQLAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let place = [host, port.map(String.init)].compactMap { $0 }.joined(separator: ":")
        return "\(type)://\(place)/\(database ?? "")"
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}

/// The drivers that a program has, chosen by connection type.
public struct SQLDrivers: Sendable {
    private let drivers: [any SQLDriver]

    /// Creates the set; of two drivers for one type the first is taken.
    public init(_ drivers: [any SQLDriver]) { self.drivers = drivers }

    /// The connection types that can be opened, sorted.
    public var connectionTypes: [String] { Set(drivers.flatMap(\.connectionTypes)).sorted() }

    /// Opens the database that the address names with the driver of its type.
    ///
    /// - Throws: ``SQLError`` of kind ``SQLError/Kind/cannotOpen`` if no driver serves the type.
    public func open(_ address: SQLAddress) async throws -> any SQLDatabase {
        guard let driver = drivers.first(where: { $0.connectionTypes.contains(address.type) }) else {
            let known = connectionTypes.joined(separator: ", ")
            throw SQLError(
                .cannotOpen, message: "no driver for connection type \"\(address.type)\", only for \(known)")
        }
        return try await driver.open(address)
    }
}
