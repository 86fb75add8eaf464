import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct CryptoDataPipelineTests {
    @Test func `the tasks and their order are those of the original`() throws {
        let spec = try DAGSpec(CryptoDataPipeline())

        let expected: [TaskID] = [
            "start", "check_coincap_api", "check_database_connection", "cleanup_old_data",
            "spark_crypto_processing", "verify_spark_results", "verify_data_quality", "generate_daily_report",
            "send_success_email", "end",
        ]
        #expect(spec.tasks.map(\.id) == expected)
        for task in spec.tasks.dropFirst(3) {
            #expect(task.upstream.contains(task.index - 1))
        }
        #expect(
            spec.tasks[3].upstream == [1, 2] && spec.tasks[1].upstream == [0] && spec.tasks[2].upstream == [0]
        )
    }

    @Test func `a run on an invented market is green and loads a complete snapshot`() async throws {
        let deployment = try Deployment(["source": "generated:1"])

        let run = try await deployment.run(CryptoDataPipeline())

        #expect(run.run.state == .success)
        #expect(run.instances.allSatisfy { $0.state == .success })
        let snapshot = try await deployment.reading { try await $0.latestSnapshot() }
        #expect(snapshot?.source == "generated:1" && snapshot?.assetCount == 250)
        #expect(snapshot?.fetchedAt == .noon)
        #expect(deployment.log.contains { $0.contains("RAPPORT CRYPTO QUOTIDIEN - 2025-10-25") })
    }

    @Test func `the recorded market is loaded whole, nulls as NULL and small prices exact`() async throws {
        let recorded = try Recorded.thousandAssets()
        let deployment = try Deployment()
        _ = try deployment.folder.write(recorded.bytes, to: "answer.json")
        let replay = try Deployment(["source": "replay:\(deployment.folder.path)"])

        let run = try await replay.run(CryptoDataPipeline())

        #expect(run.run.state == .success, "\(replay.log.suffix(3))")
        let rows = try await replay.reading { store in
            try await store.rows(of: try #require(await store.latestSnapshot()).id)
        }
        #expect(rows.count == 1_000)
        #expect(rows.contains { $0.supplyMax == nil } && rows.contains { $0.vwap24h == nil })
        if !recorded.isSynthetic {
            #expect(rows.count { $0.supplyMax == nil } == 798 && rows.count { $0.vwap24h == nil } == 370)
            let smallest = rows.map(\.prixUsd).min()
            #expect(smallest?.description == "0.0000000228759514")
        }
    }

    @Test func `a scheduled run whose interval is long past fetches nothing and is skipped`() async throws {
        let deployment = try Deployment(["source": "generated:1"])

        let onTime = try await deployment.attempt("check_coincap_api", runID: "a", late: 1_700)
        let late = try await deployment.attempt("check_coincap_api", runID: "b", late: 1_900)
        let retried = try await deployment.attempt("check_coincap_api", runID: "c", tryNumber: 2, late: 1_900)

        guard case .skipped(let reason) = late.verdict else {
            Issue.record("\(late.verdict)")
            return
        }
        #expect(reason.contains("cannot catch up") && onTime.failure == nil && retried.failure == nil)
        #expect(try await deployment.reading { try await $0.value("select count(*) from crypto_raw") } == 2)
    }

    @Test func `three runs of one day leave one close of the day and three snapshots`() async throws {
        let deployment = try Deployment(["source": "generated:1"])

        for _ in 1...3 {
            #expect(try await deployment.run(CryptoDataPipeline()).run.state == .success)
            deployment.pass(1_800)
        }

        let counts = try await deployment.reading { store in
            try await store.database.query(
                """
                select (select count(*) from crypto_temps_reel where date_import = '2025-10-25'),
                    (select count(distinct rang) from crypto_temps_reel where rang <= 10),
                    (select count(*) from crypto_historique), (select snapshots from market_summary)
                """)[0].values
        }
        #expect(counts == [250, 10, 750, 3])
    }

    @Test func `an answer that came before is unchanged and green`() async throws {
        let answers = try TemporaryFolder()
        _ = try answers.write(GeneratedMarket(seed: 1).document(at: .noon, limit: 100), to: "a.json")
        let deployment = try Deployment(["source": "replay:\(answers.path)"])

        _ = try await deployment.run(CryptoDataPipeline())
        deployment.pass(1_800)
        let second = try await deployment.run(CryptoDataPipeline())

        #expect(second.run.state == .success)
        #expect(deployment.log.contains { $0.hasPrefix("INFO unchanged") })
        let count: Int = try await deployment.reading {
            try await $0.value("select count(*) from crypto_snapshots")
        }
        #expect(count == 1)
    }

    @Test func `each task leaves its line in pipeline_logs`() async throws {
        let deployment = try Deployment(["source": "generated:1"])

        _ = try await deployment.run(CryptoDataPipeline(), runID: "one")

        let lines: [String] = try await deployment.reading { store in
            try await store.database.query(
                "select operation from pipeline_logs where run_id = 'one' and status in ('success', 'warning') order by id"
            ).map { try $0[0] }
        }
        #expect(
            Set(lines)
                == Set(try DAGSpec(CryptoDataPipeline()).tasks.filter { !$0.isEmpty }.map(\.id.rawValue)))
    }

    @Test func `without key and without choice the run fails at once with a line that names both ways`()
        async throws
    {
        let outcome = try await Deployment().attempt("check_coincap_api")

        let failure = try #require(outcome.failure)
        #expect(!failure.isRetryable)
        #expect(
            failure.reason.contains("dagctl variables set coincap_api_key")
                && failure.reason.contains("generated:1"))
        #expect(!failure.reason.contains("\n"))
    }

    @Test func `the address of v2 is refused without a call`() async throws {
        let variables = ["coincap_url": "https://api.coincap.io/v2/assets", "coincap_api_key": "secret"]

        let failure = try #require(
            try await Deployment(variables: variables).attempt("check_coincap_api").failure)

        #expect(!failure.isRetryable && failure.reason.contains("retired on 31 March 2025"))
        #expect(!failure.reason.contains("secret"))
    }

    @Test func `a backfill cannot fetch the past`() async throws {
        let deployment = try Deployment(["source": "generated:1"])

        let outcome = try await deployment.attempt("check_coincap_api", runID: "backfill__x", type: .backfill)

        #expect(outcome.failure?.isRetryable == false)
    }

    @Test(arguments: [
        ("source", "coinbase"), ("retention_days", "0"), ("language", "de"), ("trend_flat", "x"),
    ])
    func `a bad setting fails for good and names itself`(key: String, value: String) async throws {
        let failure = try #require(
            try await Deployment([key: value]).attempt("check_database_connection").failure)

        #expect(
            !failure.isRetryable && failure.reason.contains("crypto.\(key)") && failure.reason.contains(value)
        )
    }
}
