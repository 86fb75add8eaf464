import DagKitSQL
import Synchronization

/// A database that writes down what it is asked and answers every query with the same rows.
final class RecordingDatabase: SQLDatabase, SQLDriver {
    struct Call: Equatable {
        var text: String
        var values: [SQLValue]
    }

    private struct State {
        var calls: [Call] = []
        var addresses: [String] = []
        var closes = 0
    }

    let dialect = SQLDialect.sqlite
    let connectionTypes: Set<String> = ["fake"]
    private let rows: [SQLRow]
    private let error: SQLError?
    private let state = Mutex(State())

    init(rows: [SQLRow] = [], error: SQLError? = nil) {
        self.rows = rows
        self.error = error
    }

    var calls: [Call] { state.withLock(\.calls) }
    var addresses: [String] { state.withLock(\.addresses) }
    var closes: Int { state.withLock(\.closes) }

    func open(_ address: SQLAddress) async throws -> any SQLDatabase {
        state.withLock { $0.addresses.append("\(address)") }
        return self
    }

    func query(_ statement: SQLStatement) async throws -> [SQLRow] { try record(statement) }
    func execute(_ statement: SQLStatement) async throws -> Int { try record(statement).count }

    func transaction<Value: Sendable>(
        _ mode: SQLTransactionMode, durability: SQLDurability,
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        try body(Transaction(database: self))
    }

    func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) async throws
        -> Int
    {
        rows.count
    }

    func close() async {
        state.withLock { $0.closes += 1 }
    }

    private func record(_ statement: SQLStatement) throws -> [SQLRow] {
        state.withLock { $0.calls.append(Call(text: statement.text, values: statement.values)) }
        if let error { throw error }
        return rows
    }

    private final class Transaction: SQLTransaction {
        let database: RecordingDatabase

        init(database: RecordingDatabase) { self.database = database }

        func query(_ statement: SQLStatement) throws -> [SQLRow] { try database.record(statement) }
        func execute(_ statement: SQLStatement) throws -> Int { try database.record(statement).count }
        func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) throws -> Int
        {
            rows.count
        }
    }
}
