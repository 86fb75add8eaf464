import DagKit
import FoundationEssentials
import Glibc

/// What is measured.
enum Scenarios {
    /// One run of a DAG through a scheduler with its SQLite database, from trigger to verdict.
    static func run(_ dag: any DAG, _ execution: Orchestrator.Execution, named name: String) async throws
        -> Measurement
    {
        try await withTemporaryFolder { home in
            let orchestrator = try await Orchestrator(
                home: home, dags: [dag], parallelism: 10, execution: execution)
            let running = Task { try await orchestrator.run() }
            try await waitForStart(of: orchestrator)
            let count = orchestrator.dags[0].tasks.count
            let (wall, cpu) = (ContinuousClock.now, cpuSeconds())
            let key = try await orchestrator.trigger(dag.configuration.id)
            while true {
                if let run = try await orchestrator.store.snapshot(of: key)?.run, run.state.isFinished {
                    guard run.state == .success else {
                        throw BenchmarkFailure(text: "\(name): run \(run.state.rawValue)")
                    }
                    break
                }
                try await Task.sleep(for: .milliseconds(count > 1000 ? 50 : 2))
            }
            let took = ContinuousClock.now - wall
            orchestrator.stop()
            try await running.value
            return Measurement(name: name, tasks: count, wall: seconds(took), cpu: cpuSeconds() - cpu)
        }
    }

    /// The scheduler has begun once its job row is there.
    private static func waitForStart(of orchestrator: Orchestrator) async throws {
        while try await orchestrator.store.jobs(type: "SchedulerJob", limit: 1).isEmpty {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The planner alone, in memory: every task of a DAG dispatched and finished.
    static func plan(_ dag: any DAG, named name: String) throws -> Measurement {
        let spec = DAGBag(compiled: [dag]).specs[0]
        let (wall, cpu) = (ContinuousClock.now, cpuSeconds())
        let now = Date()
        var machine = RunMachine(creating: .manual(spec, by: "bench", at: now), of: spec)
        var ready = machine.advance(.start, at: now).ready
        var attempt: Int64 = 0
        while let place = ready.popLast() {
            attempt += 1
            _ = machine.advance(.dispatched([(place, AttemptID(rawValue: attempt))]), at: now)
            let outcome = AttemptOutcome(
                attemptID: AttemptID(rawValue: attempt), key: machine[place].key, tryNumber: 1,
                verdict: .success(nil),
                startedAt: now, endedAt: now)
            ready += machine.advance(.finished(outcome), at: now).ready
        }
        guard machine.run.state == .success else {
            throw BenchmarkFailure(text: "\(name): \(machine.run.state)")
        }
        return Measurement(
            name: name, tasks: spec.tasks.count, wall: seconds(ContinuousClock.now - wall),
            cpu: cpuSeconds() - cpu)
    }

    /// The next fire times of a cron line.
    static func cron(_ count: Int) throws -> Measurement {
        let line = try CronExpression("*/30 8-18 * * MON-FRI")
        let (wall, cpu) = (ContinuousClock.now, cpuSeconds())
        var instant = Date(timeIntervalSince1970: 1_700_000_000)
        for _ in 0..<count { instant = line.next(after: instant) ?? instant }
        return Measurement(
            name: "cron, next fire time", tasks: count, wall: seconds(ContinuousClock.now - wall),
            cpu: cpuSeconds() - cpu)
    }

    /// The start of a command, best of 15, in milliseconds.
    static func start(of program: String, _ arguments: [String]) throws -> Double {
        var best = Double.infinity
        for _ in 0..<15 {
            let begin = ContinuousClock.now
            var process = pid_t()
            var words = ([program] + arguments).map { strdup($0) } + [nil]
            defer { for word in words { free(word) } }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
            guard posix_spawn(&process, program, &actions, nil, &words, environ) == 0 else {
                throw BenchmarkFailure(text: "cannot start \(program)")
            }
            posix_spawn_file_actions_destroy(&actions)
            var status: Int32 = 0
            waitpid(process, &status, 0)
            guard status == 0 else { throw BenchmarkFailure(text: "\(program) ended with status \(status)") }
            best = min(best, seconds(ContinuousClock.now - begin) * 1000)
        }
        return best
    }

    /// The median time of writing 4 KiB and waiting for the disk, in milliseconds.
    static func fsync() async throws -> Double {
        try await withTemporaryFolder { folder in
            let file = open(folder + "/fsync", O_CREAT | O_WRONLY, 0o600)
            defer { close(file) }
            let page = [UInt8](repeating: 7, count: 4096)
            var times: [Double] = []
            for _ in 0..<50 {
                let begin = ContinuousClock.now
                _ = page.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
                Glibc.fsync(file)
                times.append(seconds(ContinuousClock.now - begin) * 1000)
            }
            return times.sorted()[times.count / 2]
        }
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}

/// Why a figure cannot be given.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
