import CryptoDags
import DagKit
import FoundationEssentials
import Testing

/// `crypto_monitoring`, run by what `crypto_data_pipeline` updates.
@Suite struct SnapshotAssetTests {
    private static let override = """
        {"dags": {"crypto_monitoring": {"schedule": {"assets": "crypto://market/snapshot"}}}}
        """

    @Test func `a deployment lets monitoring follow each snapshot that passed its checks`() async throws {
        let deployment = try Deployment(["source": "generated:1"])
        let file = DAGsFile(parsing: Self.override, file: "dags.json", registry: OperatorRegistry())

        let store = try await deployment.schedule(CryptoMonitoring(), file: file)

        let pipeline = try #require(try await store.runs(RunQuery(dagID: "crypto_data_pipeline")).first)
        let monitoring = try await store.runs(RunQuery(dagID: "crypto_monitoring"))
        #expect(pipeline.state == .success)
        #expect(monitoring.map(\.type) == [.assetTriggered])
        #expect(monitoring.map(\.state) == [.success], "\(deployment.log.suffix(3))")
        let run = try #require(monitoring.first)
        let events = try await store.assetEvents(AssetEventQuery(consumer: run.key))
        #expect(events.map(\.source) == [TaskInstanceKey(pipeline.key, "verify_data_quality")])
        let latest = try await deployment.reading { try await $0.latestSnapshot() }
        #expect(events.first?.extra["snapshot_id"]?.integer == latest?.id)
        #expect(events.first?.extra["rows"] == 250)
    }

    @Test func `a snapshot that fails its checks wakes nobody`() async throws {
        let folder = try TemporaryFolder()
        let row = #"{"id":"a","rank":"40","symbol":"A","name":"A","supply":"1","priceUsd":"1"}"#
        let document = "{\"data\":[\(row)],\"timestamp\":1761393600000}"
        _ = try folder.write(Array(document.utf8), to: "one.json")
        let deployment = try Deployment(["source": "replay:\(folder.path)"])

        let store = try await deployment.schedule(CryptoMonitoring(.newSnapshot), file: nil)

        #expect(try await store.runs(RunQuery(dagID: "crypto_data_pipeline")).map(\.state) == [.failed])
        #expect(try await store.runs(RunQuery(dagID: "crypto_monitoring")) == [])
        #expect(try await store.assetEvents(AssetEventQuery()) == [])
    }

    @Test(arguments: [
        (CryptoMonitoring.Trigger.everyHour, "0 * * * *"), (.newSnapshot, "Asset"),
        (.newSnapshotOrHour, "Asset or 0 * * * *"),
    ])
    func `what makes monitoring run is chosen by type`(trigger: CryptoMonitoring.Trigger, text: String) throws
    {
        let spec = try DAGSpec(CryptoMonitoring(trigger))

        #expect(spec.configuration.schedule.text == text)
    }
}

extension Deployment {
    /// Runs the pipeline once under a scheduler that has monitoring too, until nothing is left to do; gives its store.
    fileprivate func schedule(_ monitoring: CryptoMonitoring, file: DAGsFile?) async throws -> InMemoryStore {
        var pipeline = CryptoDataPipeline()
        pipeline.configuration.schedule = .none
        let bag = DAGBag(compiled: [pipeline, monitoring], file: file)
        #expect(bag.isSound, "\(bag.problems)")
        let store = InMemoryStore()
        let now = Date().roundedToMicroseconds
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                executor: "in_process", start: now, heartbeat: now))
        configuration.endsWhenIdle = true
        let scheduler = Scheduler(
            store: store,
            executor: InProcessExecutor(bag.specs, capacity: 4, services: services(over: store)),
            deployment: DagKit.Deployment(bundle: "test", specs: bag.specs, arePausedAtCreation: false),
            configuration: configuration)
        let spec = try DAGSpec(pipeline)
        var machine = RunMachine(creating: .manual(spec, by: "test", at: now), of: spec)
        if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .full) }
        try await scheduler.run()
        return store
    }
}
