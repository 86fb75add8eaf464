import DagKit

/// Something that is measured, under a name by which it can be asked for.
struct Scenario: Sendable {
    let name: String
    let about: String
    let run: @Sendable (Settings) async throws -> [Finding]

    /// What the environment says of the machine's programs and of how long to look.
    struct Settings: Sendable {
        /// The dagctl whose commands are measured; without it they are left out.
        let dagctl: String?

        /// The Python that has pandas; without it what is compared with pandas stands alone.
        let python: String?

        /// How long an idle scheduler is watched.
        let idleSeconds: Double

        /// The ways to run attempts that are compared.
        let executions: [Bench.Execution]
    }

    static let all: [Scenario] = throughput + planning + latency + programs + market + long
}

extension Scenario {
    /// A scenario that runs DAGs to their end, in this process and through warm workers.
    static func throughput(
        _ name: String, _ about: String, parallelism: Int = 10, _ dags: @escaping @Sendable () -> [Shape]
    ) -> Scenario {
        Scenario(name: name, about: about) { settings in
            var findings: [Finding] = []
            for execution in settings.executions {
                let dags = dags()
                findings.append(
                    .throughput(
                        try await Bench.with(dags, execution, parallelism: parallelism) { bench in
                            // The first run starts the workers: what is measured is how they go on.
                            try await bench.warmUp(dags)
                            return try await bench.measure("\(about), \(execution.rawValue)", dags)
                        }))
            }
            return findings
        }
    }

    static let throughput: [Scenario] = [
        throughput("light", "40 light tasks in sequence", parallelism: 1) { [BenchmarkDAGs.chain(of: 40)] },
        throughput("long", "10 long tasks in sequence", parallelism: 1) {
            [BenchmarkDAGs.chain(of: 10, fibonacci: 33)]
        },
        throughput("light-400", "400 light tasks, 10 at once") { [BenchmarkDAGs.independent(400)] },
        throughput("fan-out-200", "fan-out and join of 200, 10 at once") { [BenchmarkDAGs.fanOut(of: 200)] },
        throughput("fan-out-1000", "fan-out and join of 1000, 10 at once") {
            [BenchmarkDAGs.fanOut(of: 1000)]
        },
        throughput("fan-out-10000", "fan-out and join of 10000, 10 at once") {
            [BenchmarkDAGs.fanOut(of: 10_000)]
        },
        throughput(
            "fan-out-10000-wide", "fan-out and join of 10000, 32 at once (the default of core.parallelism)",
            parallelism: 32
        ) { [BenchmarkDAGs.fanOut(of: 10_000)] },
        throughput("linear-100x10", "100 dags of 10 in sequence") {
            BenchmarkDAGs.many(100, BenchmarkDAGs.chain(of: 10))
        },
        throughput("linear-10x100", "10 dags of 100 in sequence") {
            BenchmarkDAGs.many(10, BenchmarkDAGs.chain(of: 100))
        },
        throughput("tree-100x10", "100 dags, each a binary tree of 10") {
            BenchmarkDAGs.many(100, BenchmarkDAGs.tree(of: 10))
        },
        Scenario(name: "durable", about: "40 light tasks in sequence, each on the disk before the next") {
            _ in
            let dags = [BenchmarkDAGs.chain(of: 40)]
            return [
                .throughput(
                    try await Bench.with(dags, .workers, parallelism: 1, durability: .full) { bench in
                        try await bench.warmUp(dags)
                        return try await bench.measure(
                            "40 light tasks in sequence, each on the disk before the next", dags,
                            durability: .full)
                    })
            ]
        },
        Scenario(name: "cron", about: "next fire times of a cron line") { _ in
            [.throughput(try cron(100_000))]
        },
    ]

    private static func cron(_ count: Int) throws -> Throughput {
        let line = try CronExpression("*/30 8-18 * * MON-FRI")
        let cpu = ProcessTreeUsage().cpuSeconds
        let start = Machine.nanoseconds()
        guard var instant = BenchmarkDAGs.chain(of: 1).configuration.startDate else { return try cron(0) }
        for _ in 0..<count { instant = line.next(after: instant) ?? instant }
        return Throughput(
            name: "cron, next fire time", tasks: count, wall: Machine.seconds(since: start),
            cpu: ProcessTreeUsage().cpuSeconds - cpu, commits: nil, diskTime: nil, durability: "–")
    }
}

extension Bench {
    /// Lets the workers run each DAG of a kind once.
    func warmUp(_ dags: [Shape]) async throws {
        try await run(dags.prefix(10).map(\.configuration.id))
    }
}
