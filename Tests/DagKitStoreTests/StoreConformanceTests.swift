import DagKitCore
import DagKitSQLite
import DagKitStore
import DagKitTesting
import SQLTestSupport
import Testing

@Suite struct StoreConformanceTests {
    @Test(arguments: StoreConformance.checks)
    func `the store in memory keeps the contract`(check: StoreConformance.Check) async {
        let findings = await check.findings(of: InMemoryStore())

        #expect(findings == [])
    }

    @Test(arguments: StoreConformance.checks)
    func `the store in a SQLite file keeps the contract`(check: StoreConformance.Check) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let store = try await SQLMetadataStore.fixture(in: folder)
        let findings = await check.findings(of: store)

        #expect(findings == [])
        await store.close()
    }

    @Test(arguments: StoreConformance.checks)
    func `the store in SQLite's memory keeps the contract`(check: StoreConformance.Check) async throws {
        let store = try await SQLMetadataStore.open(
            SQLiteDatabase.inMemory(), sealing: TestSealer(), at: .noon)
        let findings = await check.findings(of: store)

        #expect(findings == [])
        await store.close()
    }

    @Test func `a store that keeps nothing is found out`() async {
        var found = 0
        for check in StoreConformance.checks where await !check.findings(of: ForgetfulStore()).isEmpty {
            found += 1
        }

        #expect(found > StoreConformance.checks.count * 3 / 4)
    }
}
