import DagKitCore
import DagKitProviders
import DagKitSQL
import Testing

@Suite struct SQLSensorTests {
    private let connection = Connection("db", type: "fake", host: "h")

    private func verdict(
        _ rows: [SQLRow] = [], error: SQLError? = nil, until condition: SQLSensor.Condition? = nil
    ) async throws -> AttemptOutcome.Verdict {
        let database = RecordingDatabase(rows: rows, error: error)
        let run = try OperatorRun(connections: [connection], drivers: SQLDrivers([database]))
        let sensor =
            condition.map { SQLSensor(connection: "db", "select n", until: $0) }
            ?? SQLSensor(connection: "db", "select n from t where day = {{ ds }}")
        return await run.outcome(of: sensor).verdict
    }

    private func row(_ value: SQLValue) -> SQLRow { SQLRow(columns: SQLColumns(["n"]), values: [value]) }

    @Test(arguments: [
        (SQLValue.integer(1), true), (.integer(0), false), (.null, false), (.text(""), false),
        (.text("0"), false),
        (.text("x"), true), (.real(0), false), (.real(0.5), true), (.text("f"), false), (.blob([]), false),
    ])
    func `the first value tells, unless said otherwise`(value: SQLValue, isThere: Bool) async throws {
        switch try await verdict([row(value)]) {
        case .success: #expect(isThere)
        case .waiting: #expect(!isThere)
        case let other: Issue.record("\(other)")
        }
    }

    @Test func `the row that was waited for is the output`() async throws {
        let verdict = try await verdict([row(.integer(7))]) { row in row?.values.first == .integer(7) }

        #expect(verdict == .success(try EncodedOutput(encoding: ["n": JSONValue.integer(7)])))
    }

    @Test func `no row and a busy database are not yet, a wrong statement fails for good`() async throws {
        guard case .waiting(_, "the statement returns no row") = try await verdict() else {
            Issue.record("no row is no wait")
            return
        }
        guard case .waiting = try await verdict(error: SQLError(.busy, message: "locked")) else {
            Issue.record("a busy database is no wait")
            return
        }
        guard
            case .failed(_, isRetryable: false, _) = try await verdict(
                error: SQLError(.syntax, message: "no"))
        else {
            Issue.record("a wrong statement is waited for")
            return
        }
    }
}
