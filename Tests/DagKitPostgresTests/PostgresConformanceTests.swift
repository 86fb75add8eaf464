import DagKitPostgres
import SQLTestSupport
import Testing

@Suite struct PostgresConformanceTests {
    @Test(arguments: SQLConformance.checks)
    func `the driver keeps the contract of all drivers`(check: SQLConformance.Check) async throws {
        let address = try await PostgresCluster.shared.newSchema()

        let findings = await check.findings(of: try await PostgresDatabase.open(address))

        #expect(findings == [])
    }
}
