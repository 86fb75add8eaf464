import DagKitCore
import DagKitSQL

extension SQLConformance {
    private static let failures: [(text: String, kind: SQLError.Kind, sqlState: String)] = [
        ("insert into coin values ('coin-1', 2)", .uniqueViolation, "23505"),
        ("insert into coin values ('x', null)", .notNullViolation, "23502"),
        ("insert into coin values ('x', -1)", .checkViolation, "23514"),
        ("insert into child values ('nobody')", .foreignKeyViolation, "23503"),
        ("selec 1", .syntax, "42601"),
        ("", .syntax, "42601"),
        ("select 1; select 2", .syntax, "42601"),
        ("select * from nowhere", .unknownTable, "42P01"),
        ("select price from coin", .unknownColumn, "42703"),
    ]

    static let failureChecks: [Check] =
        failures.map { text, kind, sqlState in
            Check("\"\(text)\" fails as \(kind)") { database, findings in
                try await database.makeCoins(2)
                try await database.execute("create table child (coin text references coin (id))")
                let error = await findings.failure(kind, "it") {
                    try await database.execute(SQLStatement(verbatim: text))
                }
                findings.equal(error?.sqlState, sqlState, "its code")
                findings.expect(error?.description.contains("\n") == false, "one line")
                findings.equal(try await database.coinCount(), 2, "the number of coins afterwards")
            }
        } + [
            Check("an error shows the statement but no bound value") { database, findings in
                try await database.makeCoins()
                try await database.execute("insert into coin values ('s3cret', 1)")
                let error = await findings.failure(.uniqueViolation, "it") {
                    try await database.execute("insert into coin values (\("s3cret"), \(1))")
                }
                findings.expect(
                    error?.description.contains("insert into coin values ($1, $2)") == true, "the statement")
                findings.expect("\(error.debugDescription)".contains("s3cret") == false, "no value")
                let bulk = await findings.failure(.uniqueViolation, "bulk") {
                    try await database.bulkInsert(
                        into: "coin", columns: ["id", "rank"], rows: [["s3cret", 1]])
                }
                findings.expect("\(bulk.debugDescription)".contains("s3cret") == false, "no value of bulk")
            },
            Check("a closed database refuses calls") { database, findings in
                await database.close()
                await findings.failure(.interrupted, "a query") { _ = try await database.query("select 1") }
                await findings.failure(.interrupted, "a transaction") {
                    try await database.transaction { _ in }
                }
                await database.close()
            },
        ]
}
