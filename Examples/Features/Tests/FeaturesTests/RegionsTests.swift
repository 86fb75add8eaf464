import DagKit
import DagKitTesting
import Testing

@testable import features

/// A region comes and goes while the DAG runs: open runs follow it, and each structure is a version.
@Suite struct RegionsTests {
    @Test func `a region that is given up makes a version, and one that is back does not`()
        async throws
    {
        var simulator = try Simulator([Regions()], from: "2026-01-01", to: "2026-01-08") { _ in
            .succeeds(after: .hours(2))
        }
        simulator.faults = [
            .redeploy(step: 60, dag: 0, without: 0), .redeploy(step: 120, dag: 0, without: nil),
        ]

        let history = await simulator.run()

        #expect(history.violations == [])
        #expect(history.runs(of: "regions").allSatisfy { $0.run.state == .success })
        let versions = try await history.store.versions(of: "regions")
        #expect(versions.map(\.number) == [1, 2])
        #expect(versions[1].changes(since: versions[0]) == "removed load_asia; changed report")
        let followed = history.runs(of: "regions").map(\.run.structureHash)
        #expect(followed.last == versions[0].structureHash)
    }
}
