import CLibPQ
import DagKitSQL

/// What libpq is told to connect: its own keywords with their values.
///
/// They go to libpq as an array, so no value can end up in an argument vector or break out of a text.
struct ConnectionParameters: Sendable {
    /// The keywords of libpq with their values, sorted; one of them may be the password.
    let keywords: [(String, String)]

    /// What messages call the database: no password, no user.
    let name: String

    /// What the connection and the driver say about waiting and pooling.
    let configuration: PostgresConfiguration

    /// Extras that Airflow's connections carry for Airflow itself.
    private static let foreign: Set = [
        "cursor", "iam", "aws_conn_id", "redshift", "cluster-identifier", "region_name", "workgroup-name",
        "__extra__",
    ]

    /// What our sessions rely on, and a connection therefore cannot choose.
    private static let fixed: Set = ["client_encoding", "replication", "fallback_application_name"]

    /// - Throws: ``SQLError`` of kind `cannotOpen` that names the option which nobody knows.
    init(_ address: SQLAddress, configuration: PostgresConfiguration) throws(SQLError) {
        name = address.description
        do {
            self.configuration = try configuration.with(address.options)
            keywords = try Self.keywords(address, self.configuration)
        } catch {
            throw SQLError(
                error.kind, message: error.message, database: address.description, advice: error.advice)
        }
    }

    private static func keywords(
        _ address: SQLAddress, _ configuration: PostgresConfiguration
    ) throws(SQLError) -> [(String, String)] {
        var values: [String: String] = [
            "fallback_application_name": "dagkit", "client_encoding": "UTF8",
            // A dead peer is noticed although nothing is sent, and one that takes nothing any more as well.
            "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3",
            "tcp_user_timeout": "\(configuration.connectTimeout.milliseconds)",
        ]
        for (name, value) in address.options where !foreign.contains(name) {
            if PostgresConfiguration.optionNames.contains(name) { continue }
            guard known.contains(name), !fixed.contains(name) else { throw unknown(name) }
            values[name] = value
        }
        let (hosts, ports) = places(address)
        for (name, value) in [
            "host": hosts, "port": ports, "dbname": address.database, "user": address.user,
            "password": address.password,
        ] {
            if let value, !value.isEmpty { values[name] = value }
        }
        if let (name, _) = values.first(where: { $0.value.utf8.contains(0) }) {
            throw SQLError(
                .cannotOpen, message: "option \"\(name)\" holds the character NUL",
                advice: "write it without")
        }
        return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Several hosts, `a:5432,b:5433`, are parted into the lists that libpq wants.
    private static func places(_ address: SQLAddress) -> (hosts: String?, ports: String?) {
        guard let host = address.host, host.contains(","), !host.hasPrefix("/") else {
            return (address.host, address.port.map(String.init))
        }
        var hosts: [Substring] = []
        var ports: [String] = []
        for place in host.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = place.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            hosts.append(halves.first ?? "")
            ports.append(halves.count > 1 ? String(halves[1]) : "")
        }
        // The port behind the last host was read as the port of the address.
        if let port = address.port, ports.last == "" { ports[ports.count - 1] = "\(port)" }
        return (hosts.joined(separator: ","), ports.joined(separator: ","))
    }

    private static func unknown(_ name: String) -> SQLError {
        SQLError(
            .cannotOpen, message: "option \"\(name)\" is none that a PostgreSQL connection has",
            advice: "take it out of the connection's extras, or correct it (sslmode, sslrootcert, …)")
    }

    /// The keywords that this libpq has.
    private static let known: Set<String> = {
        guard let list = PQconndefaults() else { return [] }
        defer { PQconninfoFree(list) }
        var names: Set<String> = []
        var entry = list
        while let keyword = entry.pointee.keyword {
            names.insert(String(cString: keyword))
            entry += 1
        }
        return names
    }()
}

extension Duration {
    /// Whole milliseconds, at least 1.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return max(1, seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }
}
