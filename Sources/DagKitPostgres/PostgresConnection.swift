import CLibPQ
import DagKitSQL
import DagKitSystem
import Glibc

/// A session of one user on one database, with the statements that it keeps prepared.
final class PostgresConnection: SQLTransaction, @unchecked Sendable {
    // Unchecked: the pool lends a connection to one job at a time, and a job stays on its thread.

    let link: PostgresLink
    let configuration: PostgresConfiguration

    /// The first failure of the open transaction, after which the server refuses all else.
    var failure: SQLError?

    /// How often each text ran, and the name under which the server keeps it from the second time on.
    private var cache: [String: Prepared] = [:]
    private var nextName = 0

    private struct Prepared {
        var name: String?
    }

    /// Connects and sets the session up.
    ///
    /// - Throws: `CancellationError` or ``SQLError``.
    init(_ parameters: ConnectionParameters, interruption: Interruption?) throws {
        configuration = parameters.configuration
        let bell: Bell
        do { bell = try Bell() } catch {
            throw SQLError(.other, message: error.problem, database: parameters.name, advice: error.remedy)
        }
        interruption?.attach(bell)
        defer { interruption?.detach() }
        link = try PostgresLink(parameters, bell: bell, interruption: interruption)
        try setUp()
        link.interruption = nil
    }

    func query(_ statement: SQLStatement) throws -> [SQLRow] { try run(statement).rows() }

    @discardableResult
    func execute(_ statement: SQLStatement) throws -> Int { try run(statement).changes }

    /// Texts of our own that bring no values and may be several statements.
    func command(_ text: String) throws {
        let result = try link.perform(text, within: patience) { PQsendQuery(link.pointer, text) }
        if result.isError {
            throw SQLError(result, database: link.name, statement: text, values: [])
        }
    }

    /// The server ends a statement by itself; this is for a server that does not even do that.
    var patience: Duration { configuration.statementTimeout + .seconds(5) }

    /// What our values rely on: instants in UTC, ISO dates, all digits; and how long the server may take, in case
    /// that nobody is left to stop it.
    private func setUp() throws {
        let settings: KeyValuePairs = [
            "timezone": "UTC", "datestyle": "ISO, YMD", "extra_float_digits": "1", "bytea_output": "hex",
            "standard_conforming_strings": "on",
            "statement_timeout": "\(configuration.statementTimeout.milliseconds)",
            "lock_timeout": "\(configuration.lockTimeout.milliseconds)",
        ]
        try command(
            "select " + settings.map { "set_config('\($0)', '\($1)', false)" }.joined(separator: ", "))
    }
}

// MARK: - Statements

extension PostgresConnection {
    private func run(_ statement: SQLStatement) throws -> PostgresResult {
        let text = statement.text
        try checkForm(text, count: statement.values.count)
        let values: BoundValues
        do throws(ValueFailure) { values = try BoundValues(statement.values) } catch {
            throw refusal(error, text)
        }
        let started = ContinuousClock.now
        var result = try send(text, values)
        if isStale(result), cache[text]?.name != nil {
            try forget()
            // Outside of a transaction nothing has happened yet; inside of one it is lost and runs again.
            if link.transactionStatus == PQTRANS_IDLE { result = try send(text, values) }
        }
        guard result.status != PGRES_EMPTY_QUERY else {
            throw SQLError(.syntax, message: "the statement is empty", database: link.name)
        }
        guard result.isError else { return result }
        var error = SQLError(result, database: link.name, statement: text, values: statement.values)
        if isStale(result) { error = error.with(.serializationFailure) }
        if error.kind == .interrupted, started.duration(to: .now) >= configuration.statementTimeout {
            error = error.with(.timedOut)
        }
        failure = failure ?? error
        throw error
    }

    /// What libpq would cut off or refuse without a word.
    private func checkForm(_ text: String, count: Int) throws(SQLError) {
        let problem: String
        if text.utf8.contains(0) {
            problem = "the statement holds the character NUL"
        } else if count > SQLDialect.postgresql.maximumBoundValues {
            problem = "\(count) values are bound at once, over \(SQLDialect.postgresql.maximumBoundValues)"
        } else {
            return
        }
        throw SQLError(.syntax, message: problem, database: link.name)
    }

    private func send(_ text: String, _ values: BoundValues) throws -> PostgresResult {
        let name = try preparedName(text)
        return try link.perform(text, within: patience) {
            values.withPointers { pointers in
                let count = Int32(values.count)
                guard let name else {
                    return PQsendQueryParams(link.pointer, text, count, nil, pointers, nil, nil, 0)
                }
                return PQsendQueryPrepared(link.pointer, name, count, pointers, nil, nil, 0)
            }
        }
    }

    /// The name of the prepared statement; `nil` for a text that is met for the first time, which may be the last.
    private func preparedName(_ text: String) throws -> String? {
        guard configuration.statementCache > 0 else { return nil }
        guard let known = cache[text] else {
            if cache.count >= configuration.statementCache { try forget() }
            cache[text] = Prepared()
            return nil
        }
        if let name = known.name { return name }
        nextName += 1
        let name = "dagkit_\(nextName)"
        let result = try link.perform(text, within: patience) {
            PQsendPrepare(link.pointer, name, text, 0, nil)
        }
        guard result.isError else {
            cache[text]?.name = name
            return name
        }
        // The statement itself then says what is wrong with it; in a transaction it would not be heard any more.
        if link.transactionStatus == PQTRANS_IDLE { return nil }
        let error = SQLError(result, database: link.name, statement: text, values: [])
        failure = failure ?? error
        throw error
    }

    /// Whether the statement was prepared for tables that have changed since, or is gone.
    private func isStale(_ result: PostgresResult) -> Bool {
        result.sqlState == "26000" || (result.sqlState == "0A000" && result.message.contains("cached plan"))
    }

    /// Drops all prepared statements, here and there.
    private func forget() throws {
        cache.removeAll(keepingCapacity: true)
        if link.transactionStatus != PQTRANS_INERROR { try command("deallocate all") }
    }

    func refusal(_ failure: ValueFailure, _ text: String) -> SQLError {
        switch failure {
        case .notANumber:
            SQLError(
                .typeMismatch, message: "a value is not a number (NaN)", database: link.name, statement: text)
        case .nul:
            SQLError(
                .invalidValue, message: "a text holds the character NUL, which PostgreSQL cannot store",
                database: link.name, statement: text, advice: "store it as bytes, or take the character out")
        }
    }
}

extension SQLError {
    /// The same failure seen as another kind.
    fileprivate func with(_ kind: Kind) -> SQLError {
        SQLError(
            kind, sqlState: sqlState, message: message, database: database, statement: statement,
            advice: advice)
    }
}
