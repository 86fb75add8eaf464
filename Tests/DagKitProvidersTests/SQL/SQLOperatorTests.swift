import DagKitCore
import DagKitProviders
import DagKitSQL
import Testing

@Suite struct SQLOperatorTests {
    private let connection = Connection("db", type: "fake", host: "h", login: "u", password: "p", schema: "s")

    private func run(_ database: RecordingDatabase, _ work: SQLOperator) async throws -> [[String: JSONValue]]
    {
        try await OperatorRun(connections: [connection], drivers: SQLDrivers([database]))(work)
    }

    @Test func `statements run in order and the last one's rows come back`() async throws {
        let row = SQLRow(
            columns: SQLColumns(["n", "r", "t", "b", "x"]),
            values: [.integer(1), .real(0.5), .text("a"), .blob([1, 2]), .null])
        let database = RecordingDatabase(rows: [row])

        let output = try await run(
            database, SQLOperator(connection: "db", "delete from a", "select * from b"))

        #expect(output == [["n": 1, "r": 0.5, "t": "a", "b": "AQI=", "x": .null]])
        #expect(database.calls.map(\.text) == ["delete from a", "select * from b"])
        #expect(database.addresses == ["fake://h/s"])
        #expect(database.closes == 1)
    }

    @Test(arguments: [
        ("where day = {{ ds }} and x", "where day = $1 and x", 1),
        ("where day = '{{ ds }}'", "where day = $1", 1),
        ("where day='{{ params['x'] }}' -- none", "where day=$1 -- none", 1),
        ("values ({{ ds }},{{ run_id }})", "values ($1,$2)", 2),
        ("select 'it''s', \"col\" /* x */", "select 'it''s', \"col\" /* x */", 0),
    ])
    func `a template becomes a bound value`(sql: String, text: String, values: Int) async throws {
        let database = RecordingDatabase()

        _ = try await run(database, SQLOperator(connection: "db", sql))

        #expect(database.calls.map(\.text) == [text])
        #expect(database.calls.map(\.values.count) == [values])
    }

    @Test(arguments: [
        "select 'day {{ ds }}'", "select * from prices_{{ ds_nodash }}", "select {{ x }}_y",
        "select \"{{ name }}\"",
        "select 1 /* {{ ds }} */", "select {{ ds",
    ])
    func `a template that cannot be bound is refused for good`(sql: String) async throws {
        let database = RecordingDatabase()

        let error = await #expect(throws: TaskFailure.self) {
            try await run(database, SQLOperator(connection: "db", sql))
        }

        #expect(error?.isRetryable == false)
        #expect(database.calls.isEmpty)
    }

    @Test func `too many rows fail the task`() async throws {
        let row = SQLRow(columns: SQLColumns(["n"]), values: [.integer(1)])
        let database = RecordingDatabase(rows: [row, row, row])

        await #expect(throws: TaskFailure.self) {
            try await run(database, SQLOperator(connection: "db", "select n from t", rowLimit: 2))
        }
    }

    @Test(arguments: [
        (SQLError.Kind.syntax, true), (.unknownTable, true), (.busy, false), (.cannotOpen, false),
    ])
    func `an error is final or may pass`(kind: SQLError.Kind, isFinal: Bool) async throws {
        let database = RecordingDatabase(error: SQLError(kind, message: "no"))

        do {
            _ = try await run(database, SQLOperator(connection: "db", "select 1"))
            Issue.record("no error")
        } catch let failure as TaskFailure {
            #expect(isFinal && !failure.isRetryable)
        } catch is SQLError {
            #expect(!isFinal)
        }
        #expect(database.closes == 1)
    }

    @Test func `an executable without drivers says so`() async throws {
        await #expect(throws: ServiceError.noService("SQLDrivers")) {
            try await OperatorRun(connections: [connection])(SQLOperator(connection: "db", "select 1"))
        }
    }

    @Test func `the file of a SQLite connection is its schema or its host`() {
        let airflow = SQLAddress(Connection("a", type: "sqlite", host: "/a.db"))
        let ours = SQLAddress(
            Connection("b", type: "sqlite", schema: "/b.db", extra: #"{"busy_timeout": 5}"#))

        #expect(airflow.database == "/a.db" && airflow.host == nil)
        #expect(ours.database == "/b.db" && ours.options == ["busy_timeout": "5"])
    }
}
