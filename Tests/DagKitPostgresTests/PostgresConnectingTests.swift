import DagKitCore
import DagKitPostgres
import DagKitSQL
import SQLTestSupport
import Testing

@Suite struct PostgresConnectingTests {
    @Test func `the socket in a folder is a host too`() async throws {
        let cluster = try await PostgresCluster.shared
        var address = cluster.address()
        address.host = cluster.folder

        let database = try await PostgresDatabase.open(address)

        #expect(try await database.query("select inet_server_addr()")[0].values == [.null])
        #expect(try await database.serverVersion() >= 140_000)
        await database.close()
    }

    @Test func `a wrong password is named as one, and not shown`() async throws {
        var address = try await PostgresCluster.shared.address()
        address.password = "wr0ngpassword"

        let error = await failure(address)

        #expect(error?.kind == .accessDenied && error?.sqlState == "28P01")
        #expect(error?.remedy == "correct the connection's login and password")
        #expect(error?.location == "database \"postgres://127.0.0.1:\(address.port ?? 0)/postgres\"")
        #expect(!"\(error.debugDescription)".contains("wr0ng") && error?.description.contains("\n") == false)
    }

    @Test func `no password where one is wanted`() async throws {
        var address = try await PostgresCluster.shared.address()
        address.password = nil

        let error = await failure(address)

        #expect(error?.kind == .accessDenied && error?.remedy == "give the connection a password")
    }

    @Test func `a database that is not there is named with what makes it`() async throws {
        let error = await failure(try await PostgresCluster.shared.address("nowhere"))

        #expect(error?.kind == .unknownDatabase && error?.sqlState == "3D000")
        #expect(error?.problem == #"database "nowhere" does not exist"#)
    }

    @Test func `nobody listens`() async throws {
        let error = await failure(SQLAddress(type: "postgres", host: "127.0.0.1", port: 1, database: "x"))

        #expect(error?.kind == .cannotOpen && error?.sqlState == "08001")
        #expect(error?.problem.contains("Connection refused") == true)
        #expect(error?.remedy == "start PostgreSQL there, or correct the connection's host and port")
    }

    @Test func `a server that never answers is given up in time`() async throws {
        let silent = try SilentListener()
        let address = SQLAddress(
            type: "postgres", host: "127.0.0.1", port: silent.port, database: "x",
            options: ["connect_timeout": "300ms"])

        let error = await failure(address)

        #expect(error?.kind == .cannotOpen && error?.message.contains("within") == true)
    }

    @Test func `waiting for a silent server ends with the task`() async throws {
        let silent = try SilentListener()
        let address = SQLAddress(type: "postgres", host: "127.0.0.1", port: silent.port, database: "x")
        let opening = Task { try await PostgresDatabase.open(address) }
        try await silent.waitForCaller()

        opening.cancel()

        await #expect(throws: CancellationError.self) { try await opening.value }
    }

    @Test func `too many connections are a passing state`() async throws {
        let cluster = try await PostgresCluster.shared
        try await cluster.administer("create role narrow login password 'x' connection limit 1")
        var address = cluster.address()
        (address.user, address.password) = ("narrow", "x")
        let first = try await PostgresDatabase.open(address)

        let error = await failure(address)
        await first.close()

        #expect(error?.kind == .tooManyConnections && error?.isTransient == true)
    }

    @Test(arguments: [
        ("sslmod", "require", "sslmod"), ("pool_size", "0", "pool_size"),
        ("statement_timeout", "soon", "soon"),
        ("client_encoding", "latin1", "client_encoding"), ("isolation", "none", "serializable"),
    ])
    func `an option that nobody knows is refused by name`(name: String, value: String, shown: String) async {
        let error = await failure(SQLAddress(type: "postgres", host: "h", options: [name: value]))

        #expect(error?.kind == .cannotOpen && error?.description.contains(shown) == true)
    }

    // MARK: TLS

    @Test(
        arguments: [
            ("disable", "127.0.0.1", nil, false), ("prefer", "127.0.0.1", nil, true),
            ("require", "127.0.0.1", nil, true),
            ("verify-ca", "127.0.0.1", "ca.pem", true), ("verify-full", "localhost", "ca.pem", true),
        ] as [(String, String, String?, Bool)])
    func `each TLS mode connects where it may`(mode: String, host: String, root: String?, isEncrypted: Bool)
        async throws
    {
        let database = try await PostgresDatabase.open(try await secureAddress(mode, host, root))

        #expect(try await database.isEncrypted() == isEncrypted)
        await database.close()
    }

    @Test(arguments: [
        ("verify-ca", "localhost", "stranger.pem"), ("verify-full", "127.0.0.1", "ca.pem"),
        ("verify-full", "localhost", "stranger.pem"), ("verify-full", "localhost", "absent.pem"),
    ])
    func `a server that cannot prove itself is refused`(mode: String, host: String, root: String) async throws
    {
        let error = await failure(try await secureAddress(mode, host, root))

        #expect(error?.kind == .cannotOpen)
        #expect(error?.remedy.contains("sslrootcert") == true, "\(error.debugDescription)")
    }

    private func secureAddress(_ mode: String, _ host: String, _ root: String?) async throws -> SQLAddress {
        let cluster = try await PostgresCluster.shared
        var address = cluster.address(options: ["sslmode": mode])
        address.host = host
        // The name is for the certificate; the server listens on one address only.
        address.options["hostaddr"] = "127.0.0.1"
        if let root { address.options["sslrootcert"] = "\(cluster.folder)/\(root)" }
        return address
    }

    private func failure(_ address: SQLAddress) async -> SQLError? {
        await #expect(throws: SQLError.self) { try await PostgresDatabase.open(address) }
    }
}
