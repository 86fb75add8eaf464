import DagKitCore
import DagKitTesting
import Testing

@Suite struct SimulatorTests {
    @Test func `a seed gives the same history each time`() async {
        for seed: UInt64 in 1...20 {
            let first = await Simulator.random(seed: seed).run()
            let second = await Simulator.random(seed: seed).run()

            #expect(first.hashText == second.hashText)
            #expect(first.steps == second.steps)
        }
    }
}
