import DagKit
import FoundationEssentials
import Glibc

extension Scenario {
    static let programs: [Scenario] = [
        Scenario(name: "cli-start", about: "a command from its start to its end") { settings in
            guard let dagctl = settings.dagctl else { return [] }
            let home = try TemporaryFolders.make()
            try Program.run(dagctl, ["db", "migrate"], variables: ["DAGKIT_HOME": home])
            return try [["version"], ["dags", "list"]].flatMap { command in
                let times = try (0..<40).map { _ in
                    let start = Machine.nanoseconds()
                    try Program.run(dagctl, command, variables: ["DAGKIT_HOME": home])
                    return Machine.seconds(since: start) * 1000
                }
                let name = "dagctl \(command.joined(separator: " "))"
                let statistics = Statistics(times)
                return [
                    Finding.figure("\(name), median of 40", "\(fixed(statistics.median, 1)) ms"),
                    .figure("\(name), best of 40", "\(fixed(statistics.best, 1)) ms"),
                ]
            }
        },
        Scenario(name: "trigger-elsewhere", about: "dagctl trigger in one process, its first task in another")
        {
            settings in
            guard let dagctl = settings.dagctl else { return [] }
            let delays = try triggers(dagctl, home: TemporaryFolders.make(), count: 20)
            let statistics = Statistics(delays.map { $0 * 1000 })
            let name = "trigger from another process to the task's shell"
            return [
                .figure("\(name), p50", "\(fixed(statistics.median, 1)) ms"),
                .figure("\(name), p99", "\(fixed(statistics.quantile(0.99), 1)) ms"),
            ]
        },
    ]

    /// From the start of `dagctl dags trigger` to the moment that the task's own command reads.
    private static func triggers(_ dagctl: String, home: String, count: Int) throws -> [Double] {
        let variables = ["DAGKIT_HOME": home, "DAGKIT__CORE__DAGS_FILE": "\(home)/dags.json"]
        let dags = """
            {"dags": {"probe": {"paused": false, "schedule": null, "tasks": [
                {"id": "tell", "operator": "shell", "command": "date +%s.%N >\(home)/told"}
            ]}}}
            """
        try dags.write(toFile: "\(home)/dags.json", atomically: true, encoding: .utf8)
        try Program.run(dagctl, ["db", "migrate"], variables: variables)
        let scheduler = try Program(dagctl, ["scheduler"], variables: variables)
        defer {
            scheduler.send(SIGTERM)
            while scheduler.nextLine() != nil {}
            scheduler.wait()
        }
        return try (0..<count).map { _ in
            usleep(200_000)
            unlink("\(home)/told")
            let start = Date().timeIntervalSince1970
            try Program.run(dagctl, ["dags", "trigger", "probe"], variables: variables)
            while true {
                let told = Machine.lines(of: "\(home)/told").first.flatMap(Double.init)
                if let told { return told - start }
                guard Date().timeIntervalSince1970 < start + 30 else {
                    throw BenchmarkFailure("the triggered task does not start")
                }
                usleep(1000)
            }
        }
    }
}
