import DagKit
import Glibc

/// This program as a scheduler of its own, so that it can be killed and looked at from outside.
///
/// It prints what happens, each line with the instant in nanoseconds.
enum SchedulerProgram {
    static let argument = "__scheduler"

    /// What it runs.
    enum Task: String {
        /// Tasks that wait, as many as there may be, from a run that is triggered at the start.
        case sleep
        /// A task that says when it began, beside what an earlier scheduler left.
        case probe
        /// Nothing.
        case idle
    }

    static func start(home: String, _ task: Task, count: Int) throws -> Program {
        try Program("/proc/self/exe", [argument, home, task.rawValue, "\(count)"])
    }

    /// - Parameter arguments: The home, the task and the count.
    static func run(_ arguments: [String]) async throws {
        guard arguments.count == 3, let task = Task(rawValue: arguments[1]), let count = Int(arguments[2])
        else {
            throw BenchmarkFailure("the arguments of a scheduler are HOME TASK COUNT")
        }
        let sleepers = BenchmarkDAGs.sleepers(count)
        let probe = BenchmarkDAGs.relay(of: 1)
        let bench = try await Bench(
            home: arguments[0], dags: task == .idle ? BenchmarkDAGs.idle(count) : [sleepers, probe], .workers,
            parallelism: count + 1, durability: .process
        ) { tell($0) }
        tell("ready")
        if task == .sleep { _ = try await bench.trigger(sleepers.configuration.id) }
        if task == .probe {
            let run = try await bench.trigger(probe.configuration.id)
            tell("first", at: try await bench.spans(of: run)[0].start)
        }
        try await bench.wait()
    }

    private static func tell(_ text: String, at instant: Int64 = Machine.nanoseconds()) {
        print("\(instant) \(text)")
        fflush(nil)
    }
}

extension Program {
    /// The instant of the first line from now on that holds `text`.
    func instant(of text: String) throws -> Int64 {
        while let line = nextLine() {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2, words[1].contains(text), let instant = Int64(words[0]) { return instant }
        }
        throw BenchmarkFailure("the scheduler ended before it said \"\(text)\"")
    }
}
