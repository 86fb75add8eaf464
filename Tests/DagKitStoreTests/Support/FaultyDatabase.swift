import DagKitSQL
import Synchronization

/// Passes everything on to a database, records the durability asked for, and can fail at the n-th statement.
final class FaultyDatabase: SQLDatabase {
    private let base: any SQLDatabase
    private let state = Mutex(State())

    private struct State {
        var durabilities: [SQLDurability] = []
        var statementsLeft: Int?
    }

    init(_ base: any SQLDatabase) { self.base = base }

    var dialect: SQLDialect { base.dialect }

    /// What the writing transactions asked for, in order.
    var durabilities: [SQLDurability] { state.withLock { $0.durabilities } }

    /// Lets the statement after `count` others within transactions fail; `nil` lets none fail.
    func fail(after count: Int?) { state.withLock { $0.statementsLeft = count } }

    func query(_ statement: SQLStatement) async throws -> [SQLRow] { try await base.query(statement) }

    func execute(_ statement: SQLStatement) async throws -> Int { try await base.execute(statement) }

    func transaction<Value: Sendable>(
        _ mode: SQLTransactionMode, durability: SQLDurability,
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        if mode == .write { state.withLock { $0.durabilities.append(durability) } }
        return try await base.transaction(mode, durability: durability) { transaction in
            guard mode == .write else { return try body(transaction) }
            return try body(FaultyTransaction(transaction) { try self.countDown() })
        }
    }

    func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) async throws
        -> Int
    {
        try await base.bulkInsert(into: table, columns: columns, rows: rows)
    }

    func close() async { await base.close() }

    private func countDown() throws {
        try state.withLock { state in
            guard let left = state.statementsLeft else { return }
            guard left > 0 else { throw SQLError(.full, message: "database or disk is full") }
            state.statementsLeft = left - 1
        }
    }
}

private final class FaultyTransaction: SQLTransaction {
    private let base: any SQLTransaction
    private let beforeEach: () throws -> Void

    init(_ base: any SQLTransaction, beforeEach: @escaping () throws -> Void) {
        self.base = base
        self.beforeEach = beforeEach
    }

    func query(_ statement: SQLStatement) throws -> [SQLRow] {
        try beforeEach()
        return try base.query(statement)
    }

    func execute(_ statement: SQLStatement) throws -> Int {
        try beforeEach()
        return try base.execute(statement)
    }

    func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) throws -> Int {
        try beforeEach()
        return try base.bulkInsert(into: table, columns: columns, rows: rows)
    }
}
