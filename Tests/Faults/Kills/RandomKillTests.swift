import Testing

@Suite(.serialized) struct RandomKillTests {
    @Test(arguments: KillSeeds.all)
    func `scheduler, supervisor, workers and tasks are killed at random, and nothing is lost or doubled`(
        seed: UInt64
    ) async throws {
        var killer = try RandomKiller(seed: seed)

        try await killer.rage(20)

        let findings = try await killer.findings()
        #expect(findings == [], "DAGKIT_KILL_SEEDS=\(seed) after the deaths of \(killer.killed)")
    }
}
