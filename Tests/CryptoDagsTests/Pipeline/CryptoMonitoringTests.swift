import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct CryptoMonitoringTests {
    @Test func `the tasks and their order are those of the original with two more`() throws {
        let spec = try DAGSpec(CryptoMonitoring())

        let expected: [TaskID] = [
            "start", "check_data_freshness", "check_top_10_cryptos", "detect_anomalies",
            "update_monitoring_stats", "send_alert_if_needed", "end",
        ]
        #expect(spec.tasks.map(\.id) == expected)
        #expect(spec.tasks.last?.triggerRule == .noneFailed)
    }

    @Test func `anomalies are stored and told in one mail, and not again an hour later`() async throws {
        let deployment = try Deployment(["source": "generated:1", "anomaly_change": "0.001"])
        _ = try await deployment.run(CryptoDataPipeline())

        let first = try await deployment.run(CryptoMonitoring())
        deployment.pass(600)
        let second = try await deployment.run(CryptoMonitoring())

        #expect(first.run.state == .success && first.state("send_alert_if_needed") == .success)
        #expect(second.run.state == .success && second.state("send_alert_if_needed") == .skipped)
        #expect(second.state("end") == .success)
        let counts = try await deployment.reading { store in
            try await store.database.query(
                """
                select (select count(*) from outbox where kind = 'alert'), (select count(*) > 0 from anomalies),
                    (select count(*) from monitoring_stats)
                """)[0].values
        }
        #expect(counts == [1, 1, 2])
    }

    @Test func `an alert that is not needed is skipped and the run is green`() async throws {
        let calm = try TemporaryFolder()
        let rows = (1...120).map { rank in
            """
            {"id":"coin-\(rank)","rank":"\(rank)","symbol":"C\(rank)","name":"Coin \(rank)","supply":"1000",
            "maxSupply":null,"marketCapUsd":"\(2_000_000 - rank * 1_000)000","volumeUsd24Hr":"5000000",
            "priceUsd":"\(2_000_000 - rank * 1_000)","changePercent24Hr":"1.5","vwap24Hr":null}
            """
        }
        let document = "{\"data\":[\(rows.joined(separator: ","))],\"timestamp\":1761393600000}"
        _ = try calm.write(Array(document.utf8), to: "calm.json")
        let deployment = try Deployment(["source": "replay:\(calm.path)"])
        let loaded = try await deployment.run(CryptoDataPipeline())

        let run = try await deployment.run(CryptoMonitoring())

        #expect(loaded.run.state == .success || loaded.state("verify_spark_results") == .success)
        #expect(run.run.state == .success, "\(deployment.log.suffix(3))")
        #expect(run.state("send_alert_if_needed") == .skipped && run.state("end") == .success)
    }

    @Test func `without a snapshot there is nothing to watch`() async throws {
        let deployment = try Deployment(["source": "generated:1"])

        let run = try await deployment.run(CryptoMonitoring())

        #expect(run.run.state == .failed && run.state("check_data_freshness") == .failed)
        #expect(deployment.log.contains { $0.contains("run crypto_data_pipeline first") })
    }
}
