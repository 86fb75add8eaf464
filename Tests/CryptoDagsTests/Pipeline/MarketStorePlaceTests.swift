import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct MarketStorePlaceTests {
    @Test func `a file that is no database fails for good and is left as it was`() async throws {
        let deployment = try Deployment(["source": "generated:1"])
        let junk = [UInt8](repeating: 0x41, count: 8_192)
        let file = try deployment.folder.write(junk, to: MarketStore.fileName)

        let failure = try #require(try await deployment.attempt("check_coincap_api").failure)

        #expect(
            !failure.isRetryable && failure.reason.contains("crypto.db") && !failure.reason.contains("\n"))
        #expect(FileManager.default.contents(atPath: file).map(Array.init) == junk)
    }

    @Test func `a home that cannot be made says so on one line`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write([1], to: "file")

        let error = await #expect(throws: MarketStorePlaceError.self) {
            try await MarketStore.open(inHome: "\(file)/home", now: .noon)
        }

        #expect(error == .cannotMake("\(file)/home"))
    }

    @Test func `a failed load leaves no snapshot that readers see`() async throws {
        let deployment = try Deployment(["source": "generated:1"])
        _ = try await deployment.attempt("check_coincap_api")
        try await deployment.reading { store in
            _ = try await store.database.execute(
                """
                create trigger full before insert on crypto_historique when new.rang = 200
                begin select raise(abort, 'database or disk is full'); end
                """)
        }

        let run = try await deployment.run(CryptoDataPipeline())

        #expect(run.run.state == .failed && run.state("spark_crypto_processing") == .failed)
        #expect(run.state("verify_spark_results") == .upstreamFailed)
        let counts = try await deployment.reading { store in
            try await store.database.query(
                "select (select count(*) from crypto_snapshots), (select count(*) from crypto_historique)")[0]
                .values
        }
        #expect(counts == [0, 0])
    }

    @Test func `a failed task leaves a line that says why`() async throws {
        let deployment = try Deployment()

        _ = try await deployment.run(CryptoDataPipeline(), runID: "one")

        let detail: String = try await deployment.reading {
            try await $0.value("select detail from pipeline_logs where status = 'failed'")
        }
        #expect(detail.contains("coincap_api_key"))
    }
}
