import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// The shapes of a DAG with many tasks.
enum LargeShape: String, CaseIterable, Sendable {
    case wide, chain, layers

    /// The tasks that a task waits for, of `count` tasks.
    func upstream(of task: Int, count: Int) -> [Int] {
        switch self {
        case .wide: return task == 0 ? [] : [0]
        case .chain: return task == 0 ? [] : [task - 1]
        case .layers:
            // Each task waits for three of the layer before it.
            let width = max(1, Int(Double(count).squareRoot()))
            guard task >= width else { return [] }
            let place = task % width
            return Set([place, (place + 1) % width, (place + 7) % width]).map {
                task / width * width - width + $0
            }
            .sorted()
        }
    }
}

/// A DAG of any number of tasks that do nothing.
struct Large: DAG {
    var configuration: DAGConfiguration
    let shape: LargeShape
    let count: Int

    init(_ shape: LargeShape, count: Int) {
        configuration = DAGConfiguration("large", maxActiveTasks: LargeDAGTests.Count.parallelism)
        (self.shape, self.count) = (shape, count)
    }

    func build(_ dag: inout DAGBuilder) {
        var tasks: [TaskOutput<None>] = []
        for task in 0..<count {
            tasks.append(
                dag.task(
                    TaskID("t\(task)"), after: shape.upstream(of: task, count: count).map { tasks[$0] }
                ) { _ in None() })
        }
    }
}

@Suite(.serialized) struct LargeDAGTests {
    @Test(
        .fault(
            .F45,
            "an event looks at and writes what it changes and no more, however large the DAG is; a deep chain overflows nothing",
            by: .really("10,000 tasks through the planner in three shapes, looks and writes counted")),
        arguments: LargeShape.allCases)
    func `F45 an event of a DAG of 10,000 tasks writes only what it changes`(shape: LargeShape) throws {
        let small = try play(shape, count: 100)
        let large = try play(shape, count: 10_000)

        #expect(large.finished == 10_000)
        #expect(small.finished == 100)
        // Each task is written when it becomes ready, when it starts, and when it ends.
        #expect(large.writes <= 3 * large.tasks, "\(large)")
        #expect(large.perTask(large.looks) <= small.perTask(small.looks) * 1.1, "\(small) \(large)")
        // Only the first task of the wide one has more below it than can start at once.
        #expect(large.largeBatches == (shape == .wide ? 1 : 0), "\(large)")
    }

    struct Count: CustomStringConvertible {
        /// How many tasks may run at once.
        static let parallelism = 64
        let tasks: Int
        var finished = 0
        var writes = 0
        var looks = 0

        /// How many batches wrote more than one event can change: an end, and starts in all free slots.
        var largeBatches = 0

        func perTask(_ number: Int) -> Double { Double(number) / Double(tasks) }
        var description: String {
            "\(finished) finished, \(writes) writes, \(looks) looks, \(largeBatches) large batches"
        }

        mutating func note(_ batches: [RunBatch]) {
            for batch in batches {
                writes += batch.instances.count
                if batch.instances.count > 2 * Self.parallelism { largeBatches += 1 }
            }
        }
    }

    /// Runs a DAG to its end through the planner, one outcome at a time.
    private func play(_ shape: LargeShape, count: Int) throws -> Count {
        let spec = try DAGSpec(Large(shape, count: count))
        let now = Date(timeIntervalSince1970: 1_767_268_800)
        var planner = Planner(parallelism: Count.parallelism)
        planner.addTokens(1...Int64(count))
        planner.setPools([try Pool(Pool.defaultName, slots: Count.parallelism)])
        planner.setDAGs([spec], paused: [], lastIntervals: [:], at: now)
        var creation = RunMachine(creating: .manual(spec, by: "test", at: now), of: spec)
        _ = creation.takeBatch()
        planner.adopt(RunSnapshot(run: creation.run, instances: creation.instances), at: now)
        var counted = Count(tasks: count)
        var running: [AttemptOrder] = []
        repeat {
            if let order = running.popLast() {
                planner.take(
                    AttemptOutcome(
                        attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber,
                        verdict: .success(nil), startedAt: now, endedAt: now), at: now)
                counted.finished += 1
            }
            // The machine itself, kept over the step, would have to be copied whole by it.
            let visits = planner.machine(of: creation.run.key)?.visits ?? 0
            let step = planner.step(at: now)
            counted.note(step.batches)
            running += step.effects.orders
            counted.looks =
                planner.consideredCandidates
                + (planner.machine(of: creation.run.key)?.visits ?? visits)
        } while planner.openRuns > 0
        return counted
    }
}
