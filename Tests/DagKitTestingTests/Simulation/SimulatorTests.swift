import DagKitCore
import DagKitTesting
import FoundationEssentials
import Testing

@Suite struct SimulatorTests {
    @Test func `500 seeds keep every promise`() async {
        let start = ContinuousClock.now

        let failure = await Simulator.firstFailure(of: 1...500, Simulator.random)

        let seconds = (ContinuousClock.now - start).seconds
        print("500 seeds in \(Int(seconds)) s, \(Int(500 / max(seconds, 0.001))) seeds/s")
        #expect(failure == nil, "\(failure?.description ?? "")")
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `a seed gives the same history each time, bit for bit`(seed: UInt64) async {
        let first = await Simulator.random(seed: seed).run()
        let second = await Simulator.random(seed: seed).run()

        print("seed \(seed): \(first.hashText)")
        #expect(first.hashText == second.hashText)
        #expect(first.steps == second.steps)
        #expect(first.events > 0)
    }

    @Test func `recording the lines does not change the history`() async {
        var simulator = Simulator.random(seed: 7)
        let silent = await simulator.run()
        simulator.recordsLines = true
        let told = await simulator.run()

        #expect(told.hashText == silent.hashText)
        #expect(told.lines.count >= told.events)
    }

    @Test func `seeds differ, and between them every kind of fault happens`() async {
        var hashes: Set<UInt64> = []
        var kinds: Set<String> = []
        for seed: UInt64 in 1...80 {
            let simulator = Simulator.random(seed: seed)
            hashes.insert(await simulator.run().hash)
            for fault in simulator.faults { kinds.insert(fault.kind) }
        }

        #expect(hashes.count == 80)
        #expect(kinds.count == 15, "\(kinds.sorted())")
    }

    @Test func `updates of assets make runs in many seeds`() async {
        var runs = 0
        for seed: UInt64 in 1...60 {
            let history = await Simulator.random(seed: seed).run()
            runs += history.runs.count { $0.run.type == .assetTriggered }
        }

        #expect(runs > 60)
    }

    @Test func `a user's dags that follow each other's assets keep the promises under faults of many seeds`()
        async throws
    {
        let simulator = try Simulator(
            [Producer(name: "prices"), Producer(name: "rates"), Follower()], from: "2026-03-01",
            to: "2026-03-02")

        let calm = await simulator.run()
        let failure = await firstFailure(of: simulator)

        #expect(calm.violations == [])
        #expect(calm.runs(of: "follower").count == calm.runs(of: "prices").count)
        #expect(calm.runs(of: "follower").count > 20)
        #expect(failure == nil, "\(failure?.description ?? "")")
    }

    @Test func `a year of days has a run per day, through failures and clock changes`() async throws {
        var simulator = try Simulator([Daily()], from: "2026-01-01", to: "2027-01-01") { attempt in
            attempt.tryNumber == 1 && attempt.number % 7 == 0
                ? .fails("connection reset", after: .seconds(20)) : .succeeds(after: .minutes(3))
        }
        simulator.pools = [try Pool("disk", slots: 1)]

        let history = await simulator.run()

        #expect(history.violations == [])
        #expect(history.runs(of: "daily").count == 364)
        #expect(history.runs(of: "daily").allSatisfy { $0.run.state == .success })
        #expect(history.runs.contains { $0.instances.contains { $0.tryNumber == 2 } })
    }

    @Test func `a user's dag keeps the promises under faults of many seeds`() async throws {
        var simulator = try Simulator([Daily()], from: "2026-03-01", to: "2026-03-11")
        simulator.pools = [try Pool("disk", slots: 1)]

        let failure = await firstFailure(of: simulator)

        #expect(failure == nil, "\(failure?.description ?? "")")
    }

    @Test func `days that depend on the day before run in order, under faults of many seeds`() async throws {
        let simulator = try Simulator([Row()], from: "2026-03-01", to: "2026-03-11") { attempt in
            attempt.number % 5 == 0
                ? .fails("exit 1", after: .minutes(1)) : .succeeds(after: .hours(Int64(attempt.number % 60)))
        }
        let history = await simulator.run()
        let starts = history.runs(of: "row").flatMap(\.instances).filter { $0.taskID == "book" }.map(
            \.startDate)

        let failure = await firstFailure(of: simulator)

        #expect(history.violations == [])
        #expect(starts.count == 11)
        #expect(starts.compactMap { $0 } == starts.compactMap { $0 }.sorted())
        #expect(failure == nil, "\(failure?.description ?? "")")
    }

    @Test func `backfills keep what they promise through crashes, and beside the schedule`() async throws {
        var simulator = try Simulator([Row(), Daily()], from: "2026-03-01", to: "2026-03-06")
        simulator.pools = [try Pool("disk", slots: 1)]
        var backfilled = 0

        for seed: UInt64 in 1...40 {
            var faulty = simulator.withFaults(seed: seed)
            faulty.faults += Backfill.Reprocessing.allCases.enumerated().map { place, reprocessing in
                // An even number of hours begins with the latest date.
                let hours = 24 * (place + 1) + (place + 1) % 2
                return .foreignWrite(
                    step: 10 + 20 * place, .backfill(dag: place % 2, hours: hours, reprocessing))
            }
            let history = await faulty.run()
            #expect(history.violations == [], "seed \(seed): \(history)")
            backfilled += history.runs.count { $0.run.backfillID != nil }
        }

        #expect(backfilled > 40)
    }

    private func firstFailure(of simulator: Simulator) async -> SimulatedFailure? {
        await Simulator.firstFailure(of: 1...50) { simulator.withFaults(seed: $0) }
    }

    @Test func `a history that does not end is reported with what is waited for`() async throws {
        var simulator = try Simulator([Daily()], from: "2026-03-01", to: "2026-03-02")
        simulator.pools = [try Pool("disk", slots: 0)]
        simulator.patience = .hours(2)

        let history = await simulator.run()

        #expect(history.violations != [])
        #expect(history.violations.first?.contains("waits for a slot of pool disk") == true)
    }
}

private struct Daily: DAG {
    var configuration = DAGConfiguration(
        "daily", schedule: .cron("0 3 * * *"), startDate: "2026-01-01", catchup: .all,
        defaults: TaskDefaults(retries: 2, retryDelay: .minutes(5)))

    func build(_ dag: inout DAGBuilder) {
        let load = dag.task("load") { _ in 1 }
        let check = dag.task("check", after: load, options: TaskOptions(pool: "disk")) { _ in 2 }
        dag.empty("end", after: check)
    }
}

/// Updates an asset of its own name every hour.
private struct Producer: DAG {
    let name: String
    var configuration: DAGConfiguration {
        DAGConfiguration(DAGID(name), schedule: .hourly, startDate: "2026-02-28T23:00:00Z", catchup: .all)
    }

    func build(_ dag: inout DAGBuilder) {
        dag.task("load", options: TaskOptions(outlets: [Asset(name)])) { _ in }
    }
}

/// Runs once both assets are updated.
private struct Follower: DAG {
    let configuration = DAGConfiguration(
        "follower", schedule: .assets(Asset("prices") & Asset("rates")), maxActiveRuns: 1)

    func build(_ dag: inout DAGBuilder) { dag.task("join") { _ in } }
}

private struct Row: DAG {
    var configuration = DAGConfiguration(
        "row", schedule: .daily, startDate: "2026-03-01", catchup: .all, maxActiveRuns: 4,
        defaults: TaskDefaults(retries: 3, retryDelay: .minutes(5)))

    func build(_ dag: inout DAGBuilder) {
        let book = dag.task("book", options: TaskOptions(waitsForDownstream: true)) { _ in 1 }
        dag.task("check", after: book, options: TaskOptions(dependsOnPast: true)) { _ in 2 }
        dag.empty("end", after: book)
    }
}

extension SimulatedFault {
    fileprivate var kind: String { Mirror(reflecting: self).children.first?.label ?? "" }
}
