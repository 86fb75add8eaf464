package import DagKitSQL

/// What every ``SQLDatabase`` must do, as a list of checks; each wants an empty database of its own.
///
/// ```swift
/// @Test(arguments: SQLConformance.checks)
/// func `the driver keeps the contract`(check: SQLConformance.Check) async throws {
///     #expect(await check.findings(of: try await makeDatabase()) == [])
/// }
/// ```
package enum SQLConformance {
    /// All checks, by theme.
    package static var checks: [Check] {
        valueChecks + statementChecks + transactionChecks + failureChecks + concurrencyChecks
    }

    /// One thing that a database must do.
    package struct Check: Sendable, CustomStringConvertible {
        /// The behaviour, as a sentence.
        package let name: String
        private let body: @Sendable (any SQLDatabase, inout Findings) async throws -> Void

        init(
            _ name: String,
            _ body: @escaping @Sendable (any SQLDatabase, inout Findings) async throws -> Void
        ) {
            self.name = name
            self.body = body
        }

        /// What an empty database does wrong, one line each; empty if it passes. The database is closed then.
        package func findings(of database: any SQLDatabase) async -> [String] {
            var findings = Findings()
            do {
                try await body(database, &findings)
            } catch {
                findings.add("it threw: \(error)")
            }
            await database.close()
            return findings.all.map { "\(name): \($0)" }
        }

        package var description: String { name }
    }

    /// Collects what a check finds.
    struct Findings {
        private(set) var all: [String] = []

        mutating func add(_ finding: String) { all.append(finding) }

        mutating func expect(_ condition: Bool, _ expectation: String) {
            if !condition { add("expected \(expectation)") }
        }

        mutating func equal<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) {
            if found != expected { add("\(what) is \(found), expected \(expected)") }
        }

        /// Expects a failure of a kind, and returns it.
        @discardableResult
        mutating func failure(
            _ kind: SQLError.Kind, _ what: String, _ body: () async throws -> Void
        ) async -> SQLError? {
            do {
                try await body()
                add("\(what) did not fail")
            } catch let error as SQLError {
                equal(error.kind, kind, "the kind of the failure of \(what) (\(error))")
                return error
            } catch {
                add("\(what) threw \(error)")
            }
            return nil
        }
    }
}

extension SQLDatabase {
    /// Makes the table that most checks use: coins with unique ids.
    func makeCoins(_ count: Int = 0) async throws {
        try await execute("create table coin (id text primary key, rank integer not null check (rank >= 0))")
        try await bulkInsert(
            into: "coin", columns: ["id", "rank"],
            rows: (0..<count).map { [.text("coin-\($0)"), .integer(Int64($0))] })
    }

    func coinCount() async throws -> Int { try await query("select count(*) from coin")[0][0] }
}
