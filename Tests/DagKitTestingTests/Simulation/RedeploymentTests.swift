import DagKitCore
import DagKitTesting
import Testing

/// DAGs that change while their runs are under way.
@Suite struct RedeploymentTests {
    @Test func `dags that lose tasks and get them back keep every promise in 200 seeds`() async {
        let failure = await Simulator.firstFailure(of: 1...200, Self.changing)

        #expect(failure == nil, "\(failure?.description ?? "")")
    }

    @Test func `attempts of tasks that come and go take their time to die, and none overlaps with its next`()
        async throws
    {
        var removed = 0
        var again = 0
        for seed: UInt64 in 1...60 {
            var simulator = Self.changing(seed: seed)
            simulator.killGrace = .minutes(5)
            let history = await simulator.run()
            #expect(history.violations == [], "seed \(seed): \(history)")
            for run in history.runs {
                for event in try await history.store.events(of: run.run.key) where event.attemptID != nil {
                    removed += event.kind == .removed ? 1 : 0
                    again += event.detail["request"]?.string == EndRequest.remove.rawValue ? 1 : 0
                }
            }
        }

        #expect(again > 0)
        #expect(removed > 0)
    }

    @Test func `runs follow such dags in most seeds, lose tasks, get new ones and get lost ones back`()
        async throws
    {
        var counts: [RunEvent.Kind: Int] = [:]
        for seed: UInt64 in 1...40 {
            let history = await Self.changing(seed: seed).run()
            for run in history.runs {
                for event in try await history.store.events(of: run.run.key) {
                    if event.kind == .cleared, event.actor != RunEvent.scheduler { continue }
                    counts[event.kind, default: 0] += 1
                }
            }
        }

        #expect(counts[.versionChanged] ?? 0 > 40, "\(counts)")
        #expect(counts[.removed] ?? 0 > 40, "\(counts)")
        #expect(counts[.added] ?? 0 > 20, "\(counts)")
        #expect(counts[.cleared] ?? 0 > 10, "\(counts)")
    }

    /// A random simulation whose DAGs change all the time.
    ///
    /// The first task stays, since it takes its time: one run after the other of no length would never end.
    /// Tasks that depend on their past are left as they are: one that the run before lost would be waited for by all that
    /// follow.
    private static func changing(seed: UInt64) -> Simulator {
        var simulator = Simulator.random(seed: seed)
        var random = SeededGenerator(seed: seed)
        let free = simulator.dags.indices.filter { place in
            simulator.dags[place].tasks.allSatisfy { $0.pastRule == nil }
        }
        for step in stride(from: 5, to: 400, by: 9) {
            guard let dag = free.randomElement(using: &random) else { break }
            let task = simulator.dags[dag].tasks.indices.dropFirst().randomElement(using: &random)
            simulator.faults.append(
                .redeploy(step: step, dag: dag, without: Bool.random(using: &random) ? task : nil))
        }
        return simulator
    }
}
