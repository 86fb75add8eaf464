import DagKitSQLite
import SQLTestSupport
import Testing

@Suite struct SQLiteConformanceTests {
    @Test(arguments: SQLConformance.checks)
    func `the driver keeps the contract of all drivers`(check: SQLConformance.Check) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }

        let findings = await check.findings(of: try await SQLiteDatabase.open(folder.file("test.db")))

        #expect(findings == [])
    }
}
