import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Testing

@Suite struct ClockTests {
    private static let decade = 315_360_000.0
    private static let start = Date(microseconds: 1_772_367_000_000_000)

    @Test(arguments: [-315_360_000.0, -3_600, 3_600])
    func `a retry keeps its delay when the clock is set, also in the store, and one line says so`(
        jump: Double
    ) async throws {
        var bench = try await LoopBench(Retrying(), clock: ManualClock(at: Self.start))
        let run = try await bench.trigger()
        try await bench.fail()

        bench.clock.jump(by: jump)
        try await bench.turn()

        #expect(try await bench.instance(run)?.nextTryAt == bench.clock.now + 60)
        #expect(try await bench.folds(run))
        #expect(
            bench.lines.all == [
                "the clock was set \(jump < 0 ? "back" : "ahead") by \(Int(abs(jump))) s: retries, timeouts and "
                    + "waits of 1 open runs keep their length; schedules follow the clock"
            ])
        bench.clock.advance(by: 59)
        try await bench.turn()
        #expect(bench.executor.orders.count == 1)
        bench.clock.advance(by: 1)
        try await bench.turn()
        #expect(bench.executor.orders.count == 2)
    }

    @Test func `a clock that is set by two seconds is followed`() async throws {
        var bench = try await LoopBench(Retrying(), clock: ManualClock(at: Self.start))
        let run = try await bench.trigger()
        try await bench.fail()
        let due = try await bench.instance(run)?.nextTryAt

        bench.clock.jump(by: -2)
        try await bench.turn()
        bench.clock.jump(by: 2)
        try await bench.turn()

        #expect(try await bench.instance(run)?.nextTryAt == due)
        #expect(bench.lines.all == [])
    }

    @Test func `time that passes while nothing runs, as in a suspension, is no change of the clock`()
        async throws
    {
        var bench = try await LoopBench(Retrying(), clock: ManualClock(at: Self.start))
        try await bench.trigger()
        try await bench.fail()

        bench.clock.advance(by: 3_600)
        try await bench.turn()

        #expect(bench.executor.orders.count == 2)
        #expect(bench.lines.all == [])
    }

    @Test(arguments: [-3_600.0, 3_600])
    func `a run that somebody changes while the clock is set keeps its retry, too`(jump: Double) async throws
    {
        var bench = try await LoopBench(Retrying(), clock: ManualClock(at: Self.start))
        let run = try await bench.trigger()
        try await bench.fail()

        try await bench.change(run, .mark([InstanceRef(task: 1, instance: 0)], .success, actor: "ada"))
        bench.clock.jump(by: jump)
        // Nobody knocks: the commit of the shift is refused, and the run is taken anew.
        try await bench.turn()

        #expect(try await bench.instance(run)?.nextTryAt == bench.clock.now + 60)
        #expect(try await bench.folds(run))

        try await bench.change(run, .mark([InstanceRef(task: 1, instance: 0)], .failed, actor: "ada"))
        bench.clock.jump(by: jump)
        try await bench.turn([.poke])

        #expect(try await bench.instance(run)?.nextTryAt == bench.clock.now + 60)
        #expect(try await bench.folds(run))
    }

    @Test func `a clock that is behind at the start of a scheduler holds a retry no longer than its delay`()
        async throws
    {
        let clock = ManualClock(at: Self.start)
        var first = try await LoopBench(Retrying(), clock: clock)
        let run = try await first.trigger()
        try await first.fail()
        clock.jump(by: -Self.decade)

        var second = try await LoopBench(Retrying(), store: first.store, clock: clock)

        #expect(try await second.instance(run)?.nextTryAt == clock.now + 60)
        #expect(
            second.lines.all == [
                "what happened in 1 open runs lies ahead of the clock, which was set back while no scheduler looked: "
                    + "their retries, timeouts and waits count from now"
            ])
        clock.advance(by: 60)
        try await second.turn()
        #expect(second.executor.orders.count == 1)
        #expect(try await second.folds(run))
    }

    @Test func `a schedule that was run ten years ahead goes on when the clock is right, and no date twice`()
        async throws
    {
        let clock = ManualClock(at: Self.start)
        var bench = try await LoopBench(Hourly(), clock: clock)
        clock.jump(by: Self.decade)
        try await bench.turn()
        let ahead = try await dates(bench.store)

        clock.jump(by: -Self.decade)
        try await bench.turn()
        var restarted = try await LoopBench(Hourly(), store: bench.store, clock: clock)
        clock.advance(by: 7_200)
        try await bench.turn()
        try await restarted.turn()

        #expect(ahead.count == 2 && ahead.last == Self.start + Self.decade - 4_200)
        let dates = try await dates(bench.store)
        #expect(dates.count == 3 && Set(dates).count == 3)
        #expect(dates.contains(Self.start + 3_000))
        let line =
            "scheduled runs of hourly lie ahead of the clock; their schedules go on after the newest run before it"
        #expect(bench.lines.all.filter { $0 == line }.count == 1)
        #expect(restarted.lines.all == [line])
    }

    private func dates(_ store: InMemoryStore) async throws -> [Date] {
        try await store.runs(RunQuery(dagID: "hourly")).compactMap(\.logicalDate).sorted()
    }
}

private struct Retrying: DAG {
    let configuration = DAGConfiguration(
        "retrying", defaults: TaskDefaults(retries: 5, retryDelay: .seconds(60)))

    func build(_ dag: inout DAGBuilder) {
        let first = dag.task("first") { _ in }
        dag.task("second", after: first) { _ in }
    }
}

private struct Hourly: DAG {
    let configuration = DAGConfiguration(
        "hourly", schedule: .hourly, startDate: "2026-03-01", catchup: .latest)

    func build(_ dag: inout DAGBuilder) { dag.empty("only") }
}
