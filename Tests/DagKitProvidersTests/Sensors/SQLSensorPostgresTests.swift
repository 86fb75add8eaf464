import DagKitCore
import DagKitPostgres
import DagKitProviders
import DagKitSQL
import SQLTestSupport
import Testing

/// The SQL sensor on a real server, whose values come in types of its own.
@Suite struct SQLSensorPostgresTests {
    private func verdict(_ statement: String) async throws -> AttemptOutcome.Verdict {
        let address = try await PostgresCluster.shared.newSchema()
        let database = try await PostgresDatabase.open(address)
        try await database.execute("create table prices (day text, price numeric(10, 2), is_final boolean)")
        try await database.execute("insert into prices values ('1970-01-01', 1.50, true)")
        await database.close()
        let options = JSONValue.object(address.options.mapValues(JSONValue.string)).text
        let connection = Connection(
            "db", type: "postgres", host: address.host, login: address.user, password: address.password,
            port: address.port, schema: address.database, extra: options)
        let run = try OperatorRun(connections: [connection], drivers: SQLDrivers([PostgresDriver()]))
        return await run.outcome(of: SQLSensor(connection: "db", statement)).verdict
    }

    @Test(arguments: [
        "select count(*) from prices where day = {{ ds }}", "select price from prices",
        "select is_final from prices", "select day from prices",
    ])
    func `a row with a value ends the wait`(statement: String) async throws {
        guard case .success = try await verdict(statement) else {
            Issue.record("\(try await verdict(statement))")
            return
        }
    }

    @Test(arguments: [
        "select count(*) from prices where day > {{ ds }}", "select price - price from prices",
        "select not is_final from prices", "select null::text", "select day from prices where not is_final",
    ])
    func `no row, nothing, zero and false are not yet`(statement: String) async throws {
        guard case .waiting = try await verdict(statement) else {
            Issue.record("\(try await verdict(statement))")
            return
        }
    }

    @Test func `a statement that the server refuses fails for good`() async throws {
        guard
            case .failed(let reason, isRetryable: false, _) = try await verdict("select nothing from prices")
        else {
            Issue.record("a wrong statement is waited for")
            return
        }
        #expect(reason.contains("column \"nothing\" does not exist"))
    }
}
