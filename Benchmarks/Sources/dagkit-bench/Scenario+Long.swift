import DagKit
import FoundationEssentials
import Glibc

extension Scenario {
    static let long: [Scenario] = [
        Scenario(name: "recovery", about: "a scheduler killed with 1000 running tasks") { _ in
            try recovery(home: TemporaryFolders.make(), count: 1000)
        },
        Scenario(name: "idle-crypto", about: "an idle scheduler with the two crypto dags") { settings in
            guard let dagctl = settings.dagctl else { return [] }
            let home = try TemporaryFolders.make()
            try Program.run(dagctl, ["db", "migrate"], variables: ["DAGKIT_HOME": home])
            let scheduler = try Program(dagctl, ["scheduler"], variables: ["DAGKIT_HOME": home])
            return try idle("idle with the 2 crypto dags", scheduler, seconds: settings.idleSeconds)
        },
        idle(1000), idle(10_000),
        Scenario(name: "memory", about: "memory over 100,000 task executions") { _ in
            try MemoryProgram.measure()
        },
    ]

    // MARK: Recovery

    private static func recovery(home: String, count: Int) throws -> [Finding] {
        var scheduler = try SchedulerProgram.start(home: home, .sleep, count: count)
        _ = try scheduler.instant(of: "ready")
        try waitForSleepers(below: scheduler.process, count)
        scheduler.send(SIGKILL)
        scheduler.wait()
        let start = Machine.nanoseconds()
        scheduler = try SchedulerProgram.start(home: home, .probe, count: count)
        let adopted = try scheduler.instant(of: "took over \(count) running attempts")
        let first = try scheduler.instant(of: "first")
        scheduler.send(SIGKILL)
        let tree = ProcessTreeUsage()
        for process in tree.processes where process != getpid() { kill(process, SIGKILL) }
        scheduler.wait()
        return [
            .figure(
                "scheduler killed with \(count) running tasks: all adopted after",
                milliseconds(adopted - start)),
            .figure("the same: first new task after", milliseconds(first - start)),
        ]
    }

    private static func waitForSleepers(below scheduler: Int32, _ count: Int) throws {
        let limit = Machine.nanoseconds() + 300_000_000_000
        // The scheduler, its supervisor, and a worker for each.
        while ProcessTreeUsage(of: scheduler).processes.count < count + 2 {
            guard Machine.nanoseconds() < limit else { throw BenchmarkFailure("\(count) tasks do not start") }
            usleep(200_000)
        }
        sleep(2)
    }

    private static func milliseconds(_ nanoseconds: Int64) -> String {
        "\(fixed(Double(nanoseconds) * 1e-6, 0)) ms"
    }

    // MARK: Idle

    private static func idle(_ count: Int) -> Scenario {
        Scenario(name: "idle-\(count)", about: "an idle scheduler with \(count) dags") { settings in
            let scheduler = try SchedulerProgram.start(home: TemporaryFolders.make(), .idle, count: count)
            _ = try scheduler.instant(of: "ready")
            return try idle("idle with \(count) dags", scheduler, seconds: settings.idleSeconds)
        }
    }

    private static func idle(_ name: String, _ scheduler: Program, seconds: Double) throws -> [Finding] {
        defer {
            scheduler.send(SIGTERM)
            while scheduler.nextLine() != nil {}
            scheduler.wait()
        }
        sleep(5)
        let cpu = ProcessTreeUsage(of: scheduler.process).cpuSeconds
        usleep(UInt32(seconds * 1e6))
        let tree = ProcessTreeUsage(of: scheduler.process)
        let share = (tree.cpuSeconds - cpu) / seconds
        let parts = tree.processes.map { fixed(Double(ProcessTreeUsage.proportionalMemory(of: $0)) / 1e6, 1) }
        return [
            .figure("\(name), share of a core over \(fixed(seconds, 0)) s", "\(fixed(share * 100, 3)) %"),
            .figure(
                "\(name), memory (PSS) of scheduler, supervisor, workers",
                "\(fixed(Double(tree.proportionalMemory) / 1e6, 1)) MB (\(parts.joined(separator: " + ")))"),
        ]
    }
}
