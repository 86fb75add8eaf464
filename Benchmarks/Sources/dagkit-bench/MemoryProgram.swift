import DagKit
import Glibc

/// This program as a scheduler that runs many tasks through workers and prints its memory after each round.
///
/// It is a process of its own, since what other measurements leave in this one is no memory of a scheduler's.
enum MemoryProgram {
    static let argument = "__memory"
    private static let rounds = 100

    /// What is known after a round.
    private struct Sample {
        let tasks: Double
        let bytes: Double

        /// - Parameter line: What ``MemoryProgram/run()`` prints of it.
        init?(_ line: String) {
            let numbers = line.split(separator: " ").compactMap { Double($0) }
            guard numbers.count == 2 else { return nil }
            (tasks, bytes) = (numbers[0], numbers[1])
        }
    }

    /// Starts the program, waits for its end and says how the memory went on after the first tenth, which fills caches.
    static func measure() throws -> [Finding] {
        let program = try Program("/proc/self/exe", [argument])
        var samples: [Sample] = []
        while let line = program.nextLine() { Sample(line).map { samples.append($0) } }
        guard program.wait() == 0, samples.count == rounds, let last = samples.last else {
            throw BenchmarkFailure("the scheduler whose memory is measured ended early")
        }
        let slope = slope(of: samples.dropFirst(rounds / 10))
        return [
            .figure(
                "memory of the scheduler after \(fixed(last.tasks, 0)) task executions",
                "\(fixed(last.bytes / 1e6, 1)) MB"),
            .figure("slope of that memory", "\(fixed(slope, 1)) bytes per task"),
        ]
    }

    /// Runs the rounds.
    static func run() async throws {
        let dag = BenchmarkDAGs.fanOut(of: 1000)
        try await Bench.with([dag], .workers) { bench in
            for round in 1...rounds {
                try await bench.run([dag.configuration.id])
                let tasks = round * bench.specs[0].tasks.count
                print("\(tasks) \(ProcessTreeUsage.proportionalMemory(of: getpid()))")
            }
        }
    }

    /// The slope of the line that fits best.
    private static func slope(of samples: some Collection<Sample>) -> Double {
        let count = Double(samples.count)
        let middle = (
            samples.map(\.tasks).reduce(0, +) / count, samples.map(\.bytes).reduce(0, +) / count
        )
        let above = samples.map { ($0.tasks - middle.0) * ($0.bytes - middle.1) }.reduce(0, +)
        let below = samples.map { ($0.tasks - middle.0) * ($0.tasks - middle.0) }.reduce(0, +)
        return above / below
    }
}
