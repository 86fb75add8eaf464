import DagKitCore
import DagKitSystem
import Glibc

/// A run of the proof DAG in a home of its own, during which processes die at chosen fault points, and everything that a real
/// deployment starts again is started again.
struct FaultPointWalk {
    let home: FaultHome
    private let trace: String
    private let plan: String

    /// - Parameters:
    ///   - plan: Where processes die, as `DAGKIT_FAULT` says it.
    ///   - dags: The members of `dags` in dags.json; the proof DAG, once, unless given.
    init(_ plan: String, dags: JSONValue? = nil) throws {
        self.plan = plan
        home = try FaultHome(
            dags ?? ProofDAG.declaration(more: ["schedule": "@once", "start_date": "2026-01-01"]))
        trace = "\(home.path)/trace"
    }

    /// Runs the scheduler, again and again while it is killed, until it ends by itself.
    ///
    /// - Parameter beforeRestart: Waits for what shall have happened before the next scheduler starts.
    /// - Returns: How many schedulers were killed.
    func run(beforeRestart: () async throws -> Void = {}) async throws -> Int {
        var killed = 0
        while true {
            let exit = try await home.startScheduler(
                "--once", environment: ["DAGKIT_FAULT": plan, "DAGKIT_FAULT_TRACE": trace]
            ).wait()
            if exit.isSuccess { return killed }
            guard exit.reason == .signalled(SIGKILL), killed < 10 else {
                throw WalkError.scheduler("\(exit)", home.schedulerLines())
            }
            killed += 1
            try await beforeRestart()
        }
    }

    /// The labels of the points that were passed, in order.
    func passings() throws -> [String] {
        guard FileSystem.exists(trace) else { return [] }
        return try FileSystem.readText(trace).split(separator: "\n").map { String($0.prefix { $0 != " " }) }
    }

    /// How many tries the death of a process at a point can cost: that of a scheduler none, that of a worker its own, that of
    /// a supervisor those of the two tasks that may run at once.
    static func cost(ofDeathAt label: String) -> Int {
        if label.hasPrefix("scheduler.") { return 0 }
        return label.hasPrefix("worker.") ? 1 : 2
    }

    /// What is wrong afterwards: lost, doubled, left over, or failed beyond what the deaths at these points explain.
    func findings(deadAt labels: [String] = []) async throws -> [String] {
        var findings = try await home.findings(kills: labels.map(Self.cost).reduce(0, +))
        let left = try await home.leftovers()
        if !left.isEmpty { findings.append("left over: \(left)") }
        for ending in [".lock", ".outcome"] {
            let kept = try FileSystem.names(in: "\(home.path)/attempts").filter { $0.hasSuffix(ending) }
            if !kept.isEmpty { findings.append("left in attempts: \(kept)") }
        }
        return findings
    }
}

enum WalkError: Error {
    case scheduler(String, [String])
}
