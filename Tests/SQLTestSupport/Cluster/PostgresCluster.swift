import DagKitPostgres
package import DagKitSQL
import DagKitSystem
import Glibc
import Synchronization

/// A PostgreSQL server of the tests' own, on a free port of this machine and in a folder of its own.
///
/// The server refuses to run as root: it then runs as `postgres`, else as `nobody`. A guard outside of this process
/// stops it and removes the folder when the tests end, however they end.
package final class PostgresCluster: Sendable {
    /// The folder of the server, of its socket and of its certificates.
    package let folder: String

    package let port: Int

    /// The superuser of the server, and the password.
    package static let user = "postgres"
    package static let password = "p@ss w0rd/é"

    /// The server that the tests of this process share; it starts when it is first needed.
    package static var shared: PostgresCluster {
        get async throws { try await starting.value }
    }

    private static let starting = Task { try await PostgresCluster.start() }

    private let owner: ServerOwner
    private let programs: String
    private let guardInput: FileDescriptor
    private let count = Atomic<Int>(0)

    private init(
        folder: String, port: Int, owner: ServerOwner, programs: String, guardInput: consuming FileDescriptor
    ) {
        self.folder = folder
        self.port = port
        self.owner = owner
        self.programs = programs
        self.guardInput = guardInput
    }

    /// Makes a new cluster and starts its server.
    package static func start() async throws -> PostgresCluster {
        let owner = ServerOwner.current
        let programs = try await Tool.output("pg_config", "--bindir")
        let folder = try owner.makeFolder()
        let input = try Self.startGuard(folder: folder, programs: programs, owner: owner)
        try Tool.write("\(password)\n", to: "\(folder)/password")
        try await owner.run(
            "\(programs)/initdb", "--pgdata=\(folder)/data", "--username=\(user)", "--auth=scram-sha-256",
            "--pwfile=\(folder)/password", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
            "--no-instructions")
        try await ServerCertificate.make(in: folder, owner: owner)
        let port = try freePort()
        let cluster = PostgresCluster(
            folder: folder, port: port, owner: owner, programs: programs, guardInput: input)
        try cluster.configure()
        try await cluster.startServer()
        return cluster
    }

    private func configure() throws {
        try Tool.append(
            """

            listen_addresses = '127.0.0.1'
            port = \(port)
            unix_socket_directories = '\(folder)'
            fsync = off
            shared_buffers = 16MB
            timezone = 'UTC'
            max_connections = 100
            superuser_reserved_connections = 3
            ssl = on
            ssl_cert_file = '\(folder)/server.pem'
            ssl_key_file = '\(folder)/server.key'

            """, to: "\(folder)/data/postgresql.conf")
        try Tool.append(
            """

            local all all scram-sha-256

            """, to: "\(folder)/data/pg_hba.conf")
    }

    /// Starts the server and waits until it answers.
    package func startServer() async throws {
        try await owner.run(
            "\(programs)/pg_ctl", "start", "--wait", "--silent", "--timeout=120", "--pgdata=\(folder)/data",
            "--log=\(folder)/log")
    }

    /// Stops the server: `immediate` is a crash, `fast` ends all sessions in order.
    package func stopServer(_ mode: String = "fast") async throws {
        try await owner.run(
            "\(programs)/pg_ctl", "stop", "--wait", "--silent", "--mode=\(mode)", "--pgdata=\(folder)/data")
    }

    /// The shell waits for the end of its input, which is ours: it comes with the end of this process.
    private static func startGuard(
        folder: String, programs: String, owner: ServerOwner
    ) throws -> FileDescriptor {
        let pipe = try FileDescriptor.pipe()
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        let stop = (owner.prefix + ["\(programs)/pg_ctl", "stop", "-m", "immediate", "-D", "\(folder)/data"])
            .joined(separator: " ")
        _ = try ChildProcess.start(
            Command(
                "/bin/sh", ["-c", "cat; \(stop); rm -rf \(folder)"],
                descriptors: [0: pipe.reader.raw, 1: null.raw, 2: null.raw], separation: .session))
        return try pipe.writer.duplicate()
    }

    /// A port that nobody listens on, below those that the system hands out by itself.
    private static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
            let isFree = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isFree { return port }
        }
        throw SystemError.failed("find a free port", nil, code: EADDRINUSE)
    }
}

// MARK: - Databases

extension PostgresCluster {
    /// The address of a database of this server, over TCP, as its superuser.
    package func address(_ database: String = "postgres", options: [String: String] = [:]) -> SQLAddress {
        SQLAddress(
            type: "postgres", host: "127.0.0.1", port: port, database: database, user: Self.user,
            password: Self.password, options: options)
    }

    /// The address of a new, empty database.
    package func newDatabase(options: [String: String] = [:]) async throws -> SQLAddress {
        let name = SQLIdentifier(stringLiteral: "test_\(nextNumber())")
        try await administer("create database \(name)")
        return address(name.name, options: options)
    }

    /// The address of a new, empty schema, which is quicker to make than a database.
    package func newSchema(options: [String: String] = [:]) async throws -> SQLAddress {
        let name = SQLIdentifier(stringLiteral: "schema_\(nextNumber())")
        try await administer("create schema \(name)")
        return address(options: options.merging(["options": "-c search_path=\(name.name)"]) { $1 })
    }

    /// Runs a statement as superuser.
    package func administer(_ statement: SQLStatement) async throws {
        let database = try await PostgresDatabase.open(address())
        do {
            try await database.execute(statement)
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }

    /// What `psql` prints for a script, as CSV; an error of the script is thrown with what psql says.
    package func psql(_ database: String, _ script: String, _ options: String...) async throws -> String {
        let file = "\(folder)/script-\(nextNumber()).sql"
        try Tool.write(script, to: file)
        return try await Tool.output(
            "\(programs)/psql",
            ["--no-psqlrc", "--quiet", "--csv", "--set=ON_ERROR_STOP=1", "--file=\(file)"] + options,
            environment: [
                "PGHOST": "127.0.0.1", "PGPORT": "\(port)", "PGUSER": Self.user, "PGPASSWORD": Self.password,
                "PGDATABASE": database, "PATH": "/usr/bin:/bin",
            ])
    }

    private func nextNumber() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}
