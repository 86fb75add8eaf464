import DagKitCore
import DagKitSQL
import DagKitSQLite
import SQLTestSupport
import Testing

@Suite struct SQLDriversTests {
    @Test func `the driver of the connection type opens the file`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }

        let database = try await SQLDrivers([SQLiteDriver()]).open(
            SQLAddress(type: "sqlite", database: folder.file("a.db")))

        #expect(try await database.query("select 1")[0].values == [1])
        await database.close()
    }

    @Test func `a type without a driver is refused with the types there are`() async {
        let error = await #expect(throws: SQLError.self) {
            try await SQLDrivers([SQLiteDriver()]).open(SQLAddress(type: "oracle"))
        }

        #expect(error?.problem == #"no driver for connection type "oracle", only for sqlite"#)
    }

    @Test func `an address never shows its password`() {
        let address = SQLAddress(
            type: "postgres", host: "db", port: 5432, database: "crypto", user: "u", password: "s3cret")

        #expect(
            "\(address) \(String(reflecting: address))"
                == "postgres://db:5432/crypto postgres://db:5432/crypto")
    }
}
