import DagKitCore
import FoundationEssentials
import Testing

/// What a run costs, counted instead of timed.
@Suite struct PlannerWorkTests {
    enum Shape: CaseIterable { case wide, deep, layered }

    @Test(arguments: Shape.allCases)
    func `the work for one event does not grow with the size of the dag`(_ shape: Shape) throws {
        let small = try Self.work(for: shape, count: 100)
        let large = try Self.work(for: shape, count: 10_000)

        #expect(large.perEvent < small.perEvent * 1.1)
    }

    @Test(arguments: [Shape.deep, .layered])
    func `no single event costs more in a large dag of few edges than in a small one`(_ shape: Shape) throws {
        let small = try Self.work(for: shape, count: 100)
        let large = try Self.work(for: shape, count: 1000)

        #expect(large.most <= small.most)
    }

    private struct Work {
        var events = 0
        var visits = 0

        /// For one outcome, of those that neither start nor end the run.
        var most = 0
        var perEvent: Double { Double(visits) / Double(events) }
    }

    private static func work(for shape: Shape, count: Int) throws -> Work {
        let spec = try spec(of: shape, count: count)
        var planner = Planner(parallelism: 10)
        planner.addTokens(1...Int64(count))
        planner.setPools([try Pool(Pool.defaultName, slots: 100)])
        planner.setDAGs([spec], paused: [], lastIntervals: [:], at: .noon)
        var creation = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        let created = creation.takeBatch()
        planner.adopt(RunSnapshot(run: creation.run, instances: creation.instances), at: .noon)
        func visits() -> Int {
            planner.consideredCandidates + (planner.machine(of: creation.run.key)?.visits ?? 0)
        }
        var work = Work(events: created?.events.count ?? 0)
        var open: [AttemptOrder] = []
        var done = 0
        repeat {
            let before = visits()
            let order = open.popLast()
            if let order { planner.take(.success(of: order), at: .noon) }
            work.visits = visits()
            let step = planner.step(at: .noon)
            work.visits = max(work.visits, visits())
            work.events += step.batches.map(\.events.count).reduce(0, +)
            open += step.effects.orders
            done += order == nil ? 0 : 1
            if order != nil, done < count { work.most = max(work.most, visits() - before) }
        } while planner.openRuns > 0
        #expect(done == count)
        return work
    }

    /// A DAG of so many tasks, each after at most three others but for the last of a wide one.
    private static func spec(of shape: Shape, count: Int) throws -> DAGSpec {
        let width = 10
        var draft = GraphDraft(
            configuration: DAGConfiguration(
                "shape", maxActiveTasks: count, defaults: TaskDefaults(weightRule: .absolute)))
        draft.tasks = (0..<count).map { index in
            let upstream: [Int] =
                switch shape {
                case .deep: index == 0 ? [] : [index - 1]
                case .wide: index == 0 ? [] : index == count - 1 ? Array(1..<index) : [0]
                case .layered:
                    index < width ? [] : (0..<3).map { (index / width - 1) * width + (index + $0) % width }
                }
            return TaskDraft(
                id: TaskID("t\(index)"), edges: upstream.map { TaskEdge(to: TaskID("t\($0)")) },
                options: TaskOptions(), operatorName: "Fixture", work: TaskWork { _ in nil },
                location: SourceLocation(file: "Fixture.swift", line: 1))
        }
        return try DAGSpec(draft, zones: TimeZones())
    }
}

extension AttemptOutcome {
    fileprivate static func success(of order: AttemptOrder) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber, verdict: .success(nil),
            startedAt: .noon, endedAt: .noon)
    }
}
