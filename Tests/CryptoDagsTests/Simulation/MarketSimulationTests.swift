import CryptoCLI
import CryptoDags
import Testing

@Suite struct MarketSimulationTests {
    /// What `make soak` does over 90 days.
    @Test func `over simulated days every injected anomaly is found once, and faults break what they must`()
        async throws
    {
        let result = try await MarketSimulation(days: 3, seed: 1, spacing: 7).run()

        #expect(result.problems == [])
        #expect(result.injected == 5 && result.found == 5 && result.runs == 216)
        #expect(result.falseAlarms.count <= 1, "\(result.falseAlarms)")
    }
}
