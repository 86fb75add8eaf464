import DagKitCore
import FoundationEssentials
import Testing

@Suite struct PlannerClockTests {
    private static let decade = 315_360_000.0

    private func planner(_ spec: DAGSpec, last: DataInterval? = nil, at now: Date = .noon) throws -> Planner {
        var planner = Planner(parallelism: 32)
        planner.addTokens(1...1000)
        planner.setPools([try Pool(Pool.defaultName, slots: 128)])
        planner.setDAGs([spec], paused: [], lastIntervals: last.map { [spec.id: $0] } ?? [:], at: now)
        return planner
    }

    private func hourly(_ catchup: Catchup = .latest, maxActiveRuns: Int = 16) throws -> DAGSpec {
        try .fixture(
            schedule: .hourly, startDate: "2023-11-01", maxActiveRuns: maxActiveRuns, catchup: catchup,
            tasks: [FixtureTask(id: "a", upstream: [], retries: 1)])
    }

    /// A run that failed at noon and waits for its retry, as a store holds it.
    private func retrying(_ spec: DAGSpec) throws -> RunSnapshot {
        var play = try Play(spec)
        play.finish("a", .failed(reason: "no", isRetryable: true, retryDelay: nil))
        _ = play.machine.takeBatch()
        return RunSnapshot(run: play.machine.run, instances: play.machine.instances)
    }

    @Test(arguments: [-315_360_000.0, 3_600])
    func `retries of open runs keep their delay when the clock is set`(jump: Double) throws {
        let spec = try DAGSpec.fixture(tasks: [FixtureTask(id: "a", upstream: [], retries: 1)])
        var planner = try planner(spec)
        planner.adopt(try retrying(spec), at: .noon)
        _ = planner.step(at: .noon)
        let now = Date.noon + jump

        planner.shiftClock(by: .seconds(jump), at: now)
        let shift = planner.step(at: now)

        #expect(shift.batches.flatMap(\.events).map(\.kind) == [.clockShifted, .clockShifted])
        #expect(planner.nextDeadline == now + 300)
        #expect(planner.step(at: now + 299).effects.orders.isEmpty)
        #expect(planner.step(at: now + 300).effects.orders.map(\.tryNumber) == [2])
    }

    @Test func `a run whose newest instant lies ahead is brought back when it is taken over`() throws {
        let spec = try DAGSpec.fixture(tasks: [FixtureTask(id: "a", upstream: [], retries: 1)])
        let now = Date.noon - Self.decade
        var planner = try planner(spec, at: now)

        let snapshot = try retrying(spec)
        planner.adopt(snapshot, at: now)
        _ = planner.step(at: now)

        #expect(planner.takeBroughtBack() == [snapshot.run.key])
        #expect(planner.takeBroughtBack() == [])
        #expect(planner.nextDeadline == now + 300)
    }

    @Test func `a clock that is a little behind is followed`() throws {
        let spec = try DAGSpec.fixture(tasks: [FixtureTask(id: "a", upstream: [], retries: 1)])
        var planner = try planner(spec)

        planner.adopt(try retrying(spec), at: .noon - 2)

        #expect(planner.takeBroughtBack() == [])
        #expect(planner.nextDeadline == .noon + 300)
    }

    @Test func `a shift that somebody's change got ahead of is made again, and one that is stored is not`()
        throws
    {
        let spec = try DAGSpec.fixture(tasks: [FixtureTask(id: "a", upstream: [], retries: 1)])
        var planner = try planner(spec)
        let before = try retrying(spec)
        planner.adopt(before, at: .noon)
        let now = Date.noon + 3_600
        planner.shiftClock(by: .seconds(3_600), at: now)
        let shift = try #require(planner.clockShift(of: before.run.key))
        let after = try #require(planner.machine(of: before.run.key))
        let stored = RunSnapshot(run: after.run, instances: after.instances)

        planner.adopt(before, after: shift, at: now)
        #expect(planner.machine(of: before.run.key)?.nextDeadline == now + 300)

        planner.adopt(stored, after: shift, at: now)
        #expect(planner.machine(of: before.run.key)?.nextDeadline == now + 300)
    }

    @Test func `a run that waits its turn starts, though the clock was set back behind its instant`() throws {
        var planner = try planner(hourly(maxActiveRuns: 1))
        let first = try #require(planner.step(at: .noon).effects.orders.first)
        let key = RunKey("fixture", "second")
        var machine = RunMachine(
            creating: .manual(try hourly(), runID: key.runID, by: "ada", at: .noon), of: try hourly())
        _ = machine.takeBatch()
        planner.adopt(RunSnapshot(run: machine.run, instances: machine.instances), at: .noon)
        _ = planner.step(at: .noon)
        let now = Date.noon - 3_600

        planner.shiftClock(by: .seconds(-3_600), at: now)
        planner.take(
            AttemptOutcome(
                attemptID: first.attemptID, key: first.key, tryNumber: 1, verdict: .success(nil),
                startedAt: now, endedAt: now), at: now)
        var orders = planner.step(at: now).effects.orders
        while planner.hasMoreToDo { orders += planner.step(at: now).effects.orders }

        #expect(orders.map(\.key.run) == [key])
    }

    @Test func `a schedule that was run ahead of the clock goes on after the newest run before it`() throws {
        let spec = try hourly()
        let ahead = DataInterval(start: .noon + Self.decade - 3_600, end: .noon + Self.decade)
        let hour = try Date(isoText: "2023-11-14T22:00:00Z")
        var planner = try planner(spec, last: ahead)
        #expect(planner.dagsAhead(at: .noon) == [spec.id])

        let newest = DataInterval(start: hour - 3_600, end: hour)
        let isOther = planner.setLastInterval(newest, of: spec.id, at: .noon)

        #expect(isOther)
        #expect(planner.dagsAhead(at: .noon) == [])
        #expect(planner.step(at: .noon).batches.isEmpty)
        #expect(planner.nextDeadline == hour + 3_600)
    }

    @Test(arguments: [Catchup.latest, .skip])
    func `of the runs that time has passed over in one go the latest alone is created`(catchup: Catchup)
        throws
    {
        var planner = try planner(hourly(catchup))
        let created = planner.step(at: .noon).batches.map(\.run)
        let now = Date.noon + 7 * 86_400

        var later = planner.step(at: now).batches
        while planner.hasMoreToDo { later += planner.step(at: now).batches }

        let newest = try Date(isoText: "2023-11-21T22:00:00Z")
        let new = later.map(\.updatedRun).filter { !created.contains($0.key) }
        #expect(new.map(\.dataInterval) == [DataInterval(start: newest - 3_600, end: newest)])
    }

    @Test func `after a run that took longer than its interval the latest alone is created`() throws {
        var planner = try planner(hourly(maxActiveRuns: 1))
        let order = try #require(planner.step(at: .noon).effects.orders.first)
        let now = Date.noon + 5 * 3_600
        _ = planner.step(at: .noon + 3_600)

        planner.take(
            AttemptOutcome(
                attemptID: order.attemptID, key: order.key, tryNumber: 1, verdict: .success(nil),
                startedAt: .noon, endedAt: now), at: now)
        var orders = planner.step(at: now).effects.orders
        while planner.hasMoreToDo { orders += planner.step(at: now).effects.orders }

        #expect(orders.map(\.logicalDate) == [try Date(isoText: "2023-11-15T02:00:00Z")])
    }

    @Test func `what stood in line for a run is no matter of a later run of that key`() throws {
        let spec = try DAGSpec.fixture(
            schedule: .hourly, startDate: "2023-11-01",
            tasks: [
                FixtureTask(id: "list", upstream: []),
                FixtureTask(id: "each", upstream: ["list"], pool: "one", mappedOver: "list"),
            ])
        var planner = try planner(spec)
        planner.setPools([try Pool(Pool.defaultName, slots: 128), try Pool("one", slots: 1)])
        let list = try #require(planner.step(at: .noon).effects.orders.first)
        let output = EncodedOutput(json: "[1,2,3]", typeName: "[Int]", count: 3)
        planner.take(
            AttemptOutcome(
                attemptID: list.attemptID, key: list.key, tryNumber: 1, verdict: .success(output),
                startedAt: .noon, endedAt: .noon), at: .noon)
        #expect(planner.step(at: .noon).effects.orders.map(\.key.mapIndex) == [0])

        // Somebody deletes the run, and the clock comes to its interval again.
        planner.forget(list.key.run)
        _ = planner.setLastInterval(nil, of: spec.id, at: .noon)
        let again = planner.step(at: .noon).effects.orders

        #expect(again.map(\.key) == [list.key])
    }

    @Test func `a schedule of one run is not begun anew`() throws {
        let spec = try DAGSpec.fixture(
            schedule: .once, startDate: "2023-11-01", tasks: [FixtureTask(id: "a", upstream: [])])

        let planner = try planner(spec, last: DataInterval(exactly: .noon + Self.decade))

        #expect(planner.dagsAhead(at: .noon) == [])
    }
}
