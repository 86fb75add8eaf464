import DagKitCore
import DagKitPostgres
import DagKitSQL
import SQLTestSupport
import Testing

@Suite struct PostgresFaultTests {
    @Test func `a cancelled task stops its statement on the server`() async throws {
        let cluster = try await PostgresCluster.shared
        let database = try await PostgresDatabase.open(
            cluster.address(options: ["application_name": "sleeper"]))
        let sleeping = Task { try await database.query("select pg_sleep(600)") }
        try await waitUntil {
            try await count(cluster, "application_name = 'sleeper' and state = 'active'") == 1
        }

        sleeping.cancel()

        await #expect(throws: CancellationError.self) { try await sleeping.value }
        #expect(try await count(cluster, "application_name = 'sleeper' and state = 'active'") == 0)
        #expect(try await database.query("select 1")[0].values == [1])
        await database.close()
    }

    @Test func `a cancelled transaction is taken back, and so is a cancelled COPY`() async throws {
        let address = try await PostgresCluster.shared.newSchema()
        let database = try await PostgresDatabase.open(address)
        try await database.execute("create table item (n bigint)")
        let hasBegun = AsyncStream<Void>.makeStream()
        let rows = (0..<10_000).map { [SQLValue.integer($0)] }

        let copying = Task {
            try await database.transaction { transaction in
                hasBegun.continuation.yield()
                while true { try transaction.bulkInsert(into: "item", columns: ["n"], rows: rows) }
            } as Void
        }
        for await _ in hasBegun.stream { break }
        copying.cancel()

        await #expect(throws: CancellationError.self) { try await copying.value }
        #expect(try await database.query("select count(*) from item")[0].values == [0])
        await database.close()
    }

    @Test func `a statement that takes too long is stopped and says so`() async throws {
        let address = try await PostgresCluster.shared.address(options: ["statement_timeout": "200ms"])
        let database = try await PostgresDatabase.open(address)

        let error = await #expect(throws: SQLError.self) { try await database.query("select pg_sleep(600)") }

        #expect(error?.kind == .timedOut && error?.sqlState == "57014")
        #expect(try await database.query("select 1")[0].values == [1])
        await database.close()
    }

    @Test func `a lock that another transaction keeps is busy after the time for it`() async throws {
        let address = try await PostgresCluster.shared.newSchema(options: ["lock_timeout": "100ms"])
        let database = try await PostgresDatabase.open(address)
        try await database.execute("create table item (n bigint)")
        let (isHeld, mayEnd) = (AsyncStream<Void>.makeStream(), Gate())
        let holding = Task {
            try await database.transaction { transaction in
                try transaction.execute("lock table item in access exclusive mode")
                isHeld.continuation.yield()
                mayEnd.wait()
            }
        }
        for await _ in isHeld.stream { break }

        let error = await #expect(throws: SQLError.self) { try await database.query("select * from item") }
        mayEnd.open()
        try await holding.value

        #expect(error?.kind == .busy && error?.sqlState == "55P03" && error?.isTransient == true)
        await database.close()
    }

    @Test func `a session that the server ends is a lost connection, and the next call gets a new one`()
        async throws
    {
        let cluster = try await PostgresCluster.shared
        let database = try await PostgresDatabase.open(cluster.address(options: ["pool_size": "1"]))
        let process: Int = try await database.query("select pg_backend_pid()")[0][0]
        let sleeping = Task { try await database.query("select pg_sleep(600)") }
        try await waitUntil { try await count(cluster, "pid = \(process) and state = 'active'") == 1 }

        try await cluster.administer("select pg_terminate_backend(\(process)::int)")

        let error = await #expect(throws: SQLError.self) { try await sleeping.value }
        #expect(error?.kind == .connectionLost && error?.sqlState == "57P01")
        let next: Int = try await database.query("select pg_backend_pid()")[0][0]
        #expect(next != process)
        // One that was ended while it was idle is replaced before anybody meets it.
        try await cluster.administer("select pg_terminate_backend(\(next)::int, 60000)")
        #expect(try await database.query("select 1")[0].values == [1])
        await database.close()
    }

    @Test func `a restart of the server in the midst of a query costs that query only`() async throws {
        let cluster = try await PostgresCluster.start()
        let database = try await PostgresDatabase.open(
            cluster.address(options: ["pool_size": "2", "reconnect_timeout": "2min"]))
        try await database.execute("create table item (n bigint)")
        let hasBegun = AsyncStream<Void>.makeStream()
        let writing = Task {
            try await database.transaction { transaction in
                try transaction.execute("insert into item values (1)")
                hasBegun.continuation.yield()
                _ = try transaction.query("select pg_sleep(600)")
            }
        }
        for await _ in hasBegun.stream { break }

        try await cluster.stopServer("immediate")
        let error = await #expect(throws: SQLError.self) { try await writing.value }
        let waiting = Task { try await database.query("select count(*) from item")[0].values }
        try await cluster.startServer()

        #expect(error?.kind == .connectionLost && error?.isTransient == true)
        #expect(try await waiting.value == [0])
        #expect(try await database.execute("insert into item values (2)") == 1)
        try await cluster.stopServer()
        let away = await #expect(throws: SQLError.self) {
            try await PostgresDatabase.open(cluster.address())
        }
        #expect(away?.kind == .cannotOpen)
        await database.close()
    }

    private func count(_ cluster: PostgresCluster, _ condition: SQLStatement) async throws -> Int {
        let database = try await PostgresDatabase.open(cluster.address())
        let count: Int = try await database.query(
            "select count(*) from pg_stat_activity where \(condition) and pid <> pg_backend_pid()")[0][0]
        await database.close()
        return count
    }

    private func waitUntil(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(10)) }
    }
}
