import DagKitCore
import DagKitStore
import DagKitSystem
import DagKitTesting
import Glibc

/// Kills processes of a home at random moments while runs are triggered, and starts again what a service manager would.
struct RandomKiller {
    let home: FaultHome
    private var random: SeededGenerator
    private var scheduler: ChildProcess
    private(set) var triggered = 0

    /// Whom it killed, in order, for the message of a failure.
    private(set) var killed: [String] = []

    /// How many tries can have failed for it.
    private var cost = 0

    /// How often a scheduler had said that it works when the last one was started.
    private var greetings = 0

    /// How schedulers ended that nobody had killed.
    private var ownEnds: [String] = []

    init(seed: UInt64) throws {
        home = try FaultHome(ProofDAG.declaration(seconds: 0.03, escapes: true))
        random = SeededGenerator(seed: seed)
        scheduler = try home.startScheduler()
    }

    /// Kills `count` times, a supervisor now and then together with a worker; a run is triggered before each.
    mutating func rage(_ count: Int) async throws {
        while killed.count < count {
            try await trigger()
            try await BootTimeClock().sleep(for: .milliseconds(Int.random(in: 0..<200, using: &random)))
            if let exit = try scheduler.poll() {
                ownEnds.append("a scheduler ended by itself with \(exit)")
                try startScheduler()
            }
            let role = FaultHome.Role.allCases.randomElement(using: &random) ?? .worker
            guard let victim = home.processes(role).randomElement(using: &random) else { continue }
            let companion =
                role == .supervisor && Bool.random(using: &random)
                ? home.processes(.worker).randomElement(using: &random) : nil
            cost += try cost(ofKilling: victim, role) + (companion == nil ? 0 : 1)
            kill(victim.id, SIGKILL)
            if let companion { kill(companion.id, SIGKILL) }
            killed.append(companion == nil ? role.rawValue : "\(role.rawValue) and worker")
            if role == .scheduler {
                _ = try await scheduler.wait()
                try startScheduler()
            }
        }
    }

    /// How many attempts the death of a process can fail: none that of a scheduler, one that of a worker or of a process of a
    /// task, and one for each of its workers that of a supervisor, which starts no more of them from here on.
    private func cost(ofKilling victim: ProcessIdentity, _ role: FaultHome.Role) throws -> Int {
        switch role {
        case .scheduler: return 0
        case .worker, .task: return 1
        case .supervisor:
            kill(victim.id, SIGSTOP)
            return try ProcessTree.descendants(of: victim.id).count { FaultHome.role(of: $0) == .worker }
        }
    }

    private mutating func startScheduler() throws {
        greetings = Self.greetings(home)
        scheduler = try home.startScheduler()
    }

    private static func greetings(_ home: FaultHome) -> Int {
        home.schedulerLines().count { $0.contains("scheduler started") }
    }

    /// What a user was told is done must be there, whoever is killed.
    private mutating func trigger() async throws {
        let answer = try await home.dagctl("dags", "trigger", "proof")
        guard answer.status == 0 else { throw WalkError.scheduler("\(answer)", home.schedulerLines()) }
        triggered += 1
    }

    /// Waits for the end of all runs, stops the scheduler, and says what is wrong.
    func findings() async throws -> [String] {
        guard try await home.runsEnd(triggered) else {
            return ["not all runs ended"] + home.schedulerLines().suffix(20)
        }
        // One that does not work yet has nothing to end, and ends by the signal.
        _ = try await holds { Self.greetings(home) > greetings }
        scheduler.send(SIGTERM)
        let exit = try await scheduler.wait()
        var findings = try await home.findings(kills: cost) + ownEnds
        if !exit.isSuccess { findings.append("the scheduler ended with \(exit)") }
        let left = try await home.leftovers()
        if !left.isEmpty { findings.append("left over: \(left)") }
        let runs = try await home.withStore { try await $0.runs(RunQuery(dagID: ProofDAG.id)).count }
        if runs != triggered { findings.append("\(triggered) runs were triggered and \(runs) are there") }
        return findings
    }
}
