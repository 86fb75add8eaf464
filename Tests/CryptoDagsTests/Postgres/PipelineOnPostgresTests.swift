import CryptoDags
import DagKit
import FoundationEssentials
import SQLTestSupport
import Testing

@Suite struct PipelineOnPostgresTests {
    @Test func `the connection postgres_default chooses the store`() async throws {
        let connection = Connection(try await PostgresCluster.shared.newDatabase())
        let deployment = try Deployment(["source": "generated:1"], connections: [connection])

        let run = try await deployment.run(CryptoDataPipeline())

        #expect(run.run.state == .success, "\(deployment.log.suffix(3))")
        let snapshot = try await deployment.reading { store in
            #expect(store.database.dialect == .postgresql)
            return try await store.latestSnapshot()
        }
        #expect(snapshot?.source == "generated:1" && snapshot?.assetCount == 250)
        #expect(!FileManager.default.fileExists(atPath: "\(deployment.folder.path)/crypto.db"))
    }

    @Test func `the variables of the original system name it too`() async throws {
        let address = try await PostgresCluster.shared.newDatabase()
        let url = "jdbc:postgresql://127.0.0.1:\(address.port ?? 0)/\(address.database ?? "")"
        let deployment = try Deployment(
            ["source": "generated:1"],
            variables: [
                "postgres_url": url, "pg_user": PostgresCluster.user, "pg_password": PostgresCluster.password,
            ])

        let run = try await deployment.run(CryptoDataPipeline())

        #expect(run.run.state == .success, "\(deployment.log.suffix(3))")
        #expect(try await deployment.reading { $0.database.dialect } == .postgresql)
    }

    @Test func `monitoring works on it, after a market that was loaded`() async throws {
        let connection = Connection(try await PostgresCluster.shared.newDatabase())
        let deployment = try Deployment(["source": "generated:1"], connections: [connection])
        for _ in 0..<3 {
            _ = try await deployment.run(CryptoDataPipeline())
            deployment.pass(1_800)
        }

        let run = try await deployment.run(CryptoMonitoring())

        #expect(run.run.state == .success, "\(deployment.log.suffix(3))")
        let lines: Int = try await deployment.reading {
            try await $0.value("select count(*) from monitoring_stats where total_cryptos = 250")
        }
        #expect(lines == 1)
    }

    @Test func `a wrong password fails for good and says what, where and how to mend it`() async throws {
        var connection = Connection(try await PostgresCluster.shared.address())
        connection.password = "wr0ngsecret"

        let failure = try await failure(connection)

        #expect(!failure.isRetryable)
        #expect(
            failure.reason.contains("postgres://127.0.0.1")
                && failure.reason.contains("password authentication")
                && failure.reason.contains("correct the connection's login and password"))
        #expect(!failure.reason.contains("wr0ngsecret") && !failure.reason.contains("\n"))
    }

    @Test func `a database that is not there fails for good with what makes it`() async throws {
        let failure = try await failure(Connection(try await PostgresCluster.shared.address("crypto_db")))

        #expect(!failure.isRetryable && failure.reason.contains("\"crypto_db\" does not exist"))
        #expect(failure.reason.contains("createdb"))
    }

    @Test func `a server that is away is tried again`() async throws {
        var connection = Connection(try await PostgresCluster.shared.address())
        connection.port = 1

        let failure = try await failure(connection)

        #expect(failure.isRetryable && failure.reason.contains("Connection refused"))
        #expect(failure.reason.contains("start PostgreSQL there"))
    }

    @Test func `a connection of another type and a broken URL fail for good`() async throws {
        let other = try await failure(Connection("postgres_default", type: "mysql", host: "h"))
        let broken = try #require(
            try await Deployment(variables: ["postgres_url": "jdbc:mysql://me:s3cret@h/x"])
                .attempt("check_database_connection").failure)

        #expect(!other.isRetryable && other.reason.contains("mysql"))
        #expect(!broken.isRetryable && broken.reason.contains("jdbc:postgresql://"))
        #expect(!broken.reason.contains("s3cret"))
    }

    private func failure(_ connection: Connection) async throws -> (
        reason: String, isRetryable: Bool, delay: Duration?
    ) {
        let deployment = try Deployment(["source": "generated:1"], connections: [connection])
        return try #require(try await deployment.attempt("check_database_connection").failure)
    }
}
