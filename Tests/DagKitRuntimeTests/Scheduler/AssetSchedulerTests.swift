import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Testing

/// DAGs that run on what others update, through the scheduler.
@Suite struct AssetSchedulerTests {
    @Test func `a dag runs on the asset that another updates, and its tasks see the update`() async throws {
        let bench = try SchedulerBench([Loader(), Report()])
        let key = try await bench.trigger(conf: ["rows": 12])

        try await bench.scheduler.run()

        let runs = try await bench.store.runs(RunQuery(dagID: "report"))
        #expect(runs.map(\.type) == [.assetTriggered])
        #expect(runs.map(\.state) == [.success])
        #expect(runs.first?.dataInterval == (try await bench.store.snapshot(of: key))?.run.dataInterval)
        let run = try #require(runs.first)
        let events = try await bench.store.assetEvents(AssetEventQuery(consumer: run.key))
        #expect(events.map(\.source) == [TaskInstanceKey(key, "load")])
        let told = try await bench.store.outputs(of: "tell", key: XCom.returnValue, in: run.key)
        #expect(told.map(\.output.json) == [#""12 rows of prices by loader, template 12""#])
    }

    @Test func `each of two dags on one asset has its run, and a chain goes on`() async throws {
        let bench = try SchedulerBench([Loader(), Report(), Archive()])
        _ = try await bench.trigger(conf: ["rows": 1])

        try await bench.scheduler.run()

        #expect(try await bench.store.runs(RunQuery(dagID: "report")).map(\.state) == [.success])
        #expect(try await bench.store.runs(RunQuery(dagID: "archive")).map(\.state) == [.success])
        #expect(try await bench.store.assetQueue() == [:])
    }

    @Test func `what a task tells of an asset that is no outlet fails it with the name that was meant`()
        async throws
    {
        let bench = try SchedulerBench([Mistaken()])
        let key = try await bench.trigger()

        try await bench.scheduler.run()

        let instance = try #require(try await bench.store.taskInstances(of: key).first)
        #expect(instance.state == .failed)
        #expect(
            instance.reason
                == #"asset "price" is no outlet of task "load"; did you mean "prices"?"#)
        #expect(try await bench.store.assetEvents(AssetEventQuery()) == [])
    }

    @Test func `an update from outside makes the run of a scheduler that is poked`() async throws {
        let bench = try SchedulerBench([Report()], endsWhenIdle: false)
        let running = Task { try await bench.scheduler.run() }
        while try await bench.store.jobs(type: "SchedulerJob", limit: 1).isEmpty { await Task.yield() }

        _ = try await bench.store.recordAssetUpdate(
            AssetUpdate(prices, at: Date().roundedToMicroseconds, extra: ["rows": 7]), by: "ana")
        bench.scheduler.poke()
        while try await bench.store.runs(RunQuery(states: [.success])).isEmpty { await Task.yield() }
        bench.scheduler.stop()
        try await running.value

        let run = try #require(try await bench.store.runs(RunQuery(dagID: "report")).first)
        let told = try await bench.store.outputs(of: "tell", key: XCom.returnValue, in: run.key)
        #expect(told.map(\.output.json) == [#""7 rows of prices by somebody, template 7""#])
    }
}

private let prices = Asset("prices")
private let report = Asset("report")

private struct Loader: DAG {
    let configuration = DAGConfiguration("loader")

    func build(_ dag: inout DAGBuilder) {
        dag.task("load", options: TaskOptions(outlets: [prices])) { context in
            try context.setExtra(["rows": context.params["rows"] ?? 0], of: prices)
        }
    }
}

private struct Report: DAG {
    let configuration = DAGConfiguration("report", schedule: .assets(.any(prices)))

    func build(_ dag: inout DAGBuilder) {
        dag.task("tell", options: TaskOptions(outlets: [report], inlets: [prices])) { context in
            let event = try await context.triggeringAssetEvents()[0]
            let newest = try await context.events(of: prices)
            guard newest == [event] else { throw TaskFailure.noRetry("other events", remedy: "look") }
            let template = try await context.render("{{ triggering_asset_events['prices'][0].extra.rows }}")
            let source = event.source?.run.dagID.rawValue ?? "somebody"
            return
                "\(event.extra["rows"]?.integer ?? 0) rows of \(event.name) by \(source), template \(template)"
        }
    }
}

private struct Archive: DAG {
    let configuration = DAGConfiguration("archive", schedule: .assets(prices & report))

    func build(_ dag: inout DAGBuilder) { dag.task("keep") { _ in } }
}

private struct Mistaken: DAG {
    let configuration = DAGConfiguration("mistaken")

    func build(_ dag: inout DAGBuilder) {
        dag.task("load", options: TaskOptions(outlets: [prices])) { context in
            try context.setExtra(["rows": 1], of: Asset("price"))
        }
    }
}
