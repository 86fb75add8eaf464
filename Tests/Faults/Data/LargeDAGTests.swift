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
private struct Large: DAG {
    var configuration: DAGConfiguration
    let shape: LargeShape
    let count: Int

    init(_ shape: LargeShape, count: Int) {
        configuration = DAGConfiguration("large", maxActiveTasks: 64)
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
            "an event writes what it changes and no more, however large the DAG is; a deep chain overflows nothing",
            by: .really("10,000 tasks through the planner in three shapes, writes counted")),
        arguments: LargeShape.allCases)
    func `F45 an event of a DAG of 10,000 tasks writes only what it changes`(shape: LargeShape) throws {
        let small = try play(shape, count: 100)
        let large = try play(shape, count: 10_000)

        #expect(large.finished == 10_000)
        #expect(small.finished == 100)
        // Creation aside, each task is written when it becomes ready, starts and ends: that is linear in the tasks.
        #expect(large.writesPerTask <= small.writesPerTask * 1.5 + 0.5, "\(small) \(large)")
        #expect(large.largestBatch <= 2 * 64 + shape.mostReadied(of: 10_000), "\(large)")
    }

    struct Count: CustomStringConvertible {
        var finished = 0
        var writes = 0
        var largestBatch = 0
        var tasks = 0
        var writesPerTask: Double { Double(writes) / Double(tasks) }
        var description: String { "\(finished) finished, \(writes) writes, largest \(largestBatch)" }
    }

    /// Runs a DAG to its end through the planner, with outcomes that come as soon as they are ordered.
    private func play(_ shape: LargeShape, count: Int) throws -> Count {
        let spec = try DAGSpec(Large(shape, count: count))
        let now = Date(timeIntervalSince1970: 1_767_268_800)
        let run = DAGRun.manual(spec, runID: "run1", conf: [:], by: "test", at: now)
        var machine = RunMachine(creating: run, of: spec, actor: "test")
        _ = machine.takeBatch()
        var ready = machine.advance(.start, at: now).ready[...]
        var counted = Count(tasks: count)
        var token: Int64 = 0
        while !machine.run.state.isFinished {
            guard let next = ready.popFirst() else { break }
            token += 1
            let attempt = AttemptID(rawValue: token)
            _ = machine.advance(.dispatched([(next, attempt)]), at: now)
            counted.note(machine.takeBatch())
            let instance = machine[next]
            ready +=
                machine.advance(
                    .finished(
                        AttemptOutcome(
                            attemptID: attempt, key: instance.key, tryNumber: instance.tryNumber,
                            verdict: .success(nil), startedAt: now, endedAt: now)), at: now
                ).ready
            counted.note(machine.takeBatch())
        }
        counted.finished = machine.instances.count { $0.state == .success }
        return counted
    }
}

extension LargeDAGTests.Count {
    mutating func note(_ batch: RunBatch?) {
        guard let batch else { return }
        writes += batch.instances.count
        largestBatch = max(largestBatch, batch.instances.count)
    }
}

extension LargeShape {
    /// How many tasks one event can make ready.
    func mostReadied(of count: Int) -> Int {
        switch self {
        case .wide: count
        case .chain: 2
        case .layers: 4
        }
    }
}
