import DagKitSystem
import DagKitTesting
import FoundationEssentials
import Testing

@Suite(.serialized) struct FaultPointTests {
    /// The walk: the n-th passing of any point is fatal, for n = 1, 2, 3 … until a run is not touched any more.
    @Test func `killed at the first, second, third … point, a run loses nothing and doubles nothing`()
        async throws
    {
        var number = 0
        var labels: Set<String> = []
        while number < 1_000 {
            number += 1
            let walk = try FaultPointWalk("*:\(number)")
            let killedSchedulers = try await walk.run()
            let passings = try walk.passings()
            let fatal = passings.count >= number ? passings[number - 1] : nil

            let findings = try await walk.findings(deadAt: [fatal].compactMap(\.self))
            #expect(findings == [], "killed at point \(number), \(fatal ?? "none")")
            try expectOnce(walk, fatal: fatal, killedSchedulers: killedSchedulers)
            guard let fatal else { break }
            labels.insert(fatal)
        }
        // Processes pass their points beside each other, so that one may never have been the n-th of all.
        // A point that needs a dead scheduler to be passed has a test of its own.
        // Those of a restored database are passed by a command, with a test of its own.
        let missing = FaultPoint.allCases.map(\.rawValue).filter {
            !labels.contains($0) && !$0.hasPrefix("restore.")
        }
        for label in missing where label != FaultPoint.outcomeWritten.rawValue {
            let walk = try FaultPointWalk("\(label):1")
            let killedSchedulers = try await walk.run()

            #expect(try walk.passings().contains(label))
            #expect(try await walk.findings(deadAt: [label]) == [], "killed at \(label)")
            try expectOnce(walk, fatal: label, killedSchedulers: killedSchedulers)
        }
    }

    /// The death of a scheduler costs no attempt; that of a supervisor or a worker at most those that ran then.
    private func expectOnce(_ walk: FaultPointWalk, fatal: String?, killedSchedulers: Int) throws {
        let begun = try Proof(of: walk.home).begun
        let isSchedulers = fatal?.hasPrefix("scheduler.") ?? true
        let mark = fatal ?? "none"

        #expect(killedSchedulers == (fatal != nil && isSchedulers ? 1 : 0), "killed at \(mark)")
        let most = 4 + (fatal.map(FaultPointWalk.cost) ?? 0)
        #expect(begun.count <= most, "killed at \(mark): \(begun)")
        if isSchedulers { #expect(begun.allSatisfy { $0.tryNumber == 1 }, "killed at \(mark): \(begun)") }
    }

    @Test func `an outcome that a supervisor wrote for the next scheduler is read, and nothing runs again`()
        async throws
    {
        let walk = try FaultPointWalk("scheduler.recording:1,supervisor.outcome_written:1")

        let killed = try await walk.run { () async throws in
            _ = try await holds { walk.home.processes(.supervisor).isEmpty }
        }

        #expect(killed == 1)
        #expect(try walk.passings().contains("supervisor.outcome_written"))
        #expect(try await walk.findings() == [])
        #expect(try Proof(of: walk.home).begun.map(\.tryNumber) == [1, 1, 1, 1])
    }

    @Test func `a scheduler that starts while a supervisor dies goes on without it`() async throws {
        for _ in 0..<8 {
            let walk = try FaultPointWalk("scheduler.recording:1,supervisor.outcome_written:1")

            #expect(try await walk.run() == 1)
            #expect(try await walk.findings() == [])
        }
    }

    /// Two deaths in one run, at random pairs of points; `make soak` takes more of them.
    @Test func `killed at two points of one run, nothing is lost or doubled`() async throws {
        let variables = ProcessInfo.processInfo.environment
        let seed = variables["DAGKIT_KILL_SEEDS"].flatMap { UInt64($0.prefix { $0 != "," }) } ?? 1
        var random = SeededGenerator(seed: seed)
        for _ in 0..<(variables["DAGKIT_FAULT_PAIRS"].flatMap { Int($0) } ?? 8) {
            let first = Int.random(in: 1...50, using: &random)
            let second = first + Int.random(in: 1...20, using: &random)
            let walk = try FaultPointWalk("*:\(first),*:\(second)")
            _ = try await walk.run()

            let passings = try walk.passings()
            let dead = [first, second].filter { $0 <= passings.count }.map { passings[$0 - 1] }
            let findings = try await walk.findings(deadAt: dead)
            #expect(
                findings == [],
                "DAGKIT_KILL_SEEDS=\(seed): killed at points \(first) and \(second): \(passings)")
        }
    }
}
