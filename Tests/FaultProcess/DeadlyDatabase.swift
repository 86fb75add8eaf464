import DagKitSQL
import Glibc
import Synchronization

/// A database in the middle of whose transactions the process dies.
final class DeadlyDatabase: SQLDatabase {
    private let base: any SQLDatabase
    private let fatal: Int

    /// How many statements were counted; `nil` while they are not.
    private let counted = Mutex<Int?>(nil)

    /// - Parameter fatal: Before which statement within writing transactions the process dies; a commit counts as one.
    init(_ base: any SQLDatabase, at fatal: Int) {
        self.base = base
        self.fatal = fatal
    }

    var dialect: SQLDialect { base.dialect }

    /// Counts from here on.
    func arm() { counted.withLock { $0 = 0 } }

    func query(_ statement: SQLStatement) async throws -> [SQLRow] { try await base.query(statement) }

    func execute(_ statement: SQLStatement) async throws -> Int { try await base.execute(statement) }

    func transaction<Value: Sendable>(
        _ mode: SQLTransactionMode, durability: SQLDurability,
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        try await base.transaction(mode, durability: durability) { transaction in
            guard mode == .write else { return try body(transaction) }
            let value = try body(DeadlyTransaction(transaction) { self.count() })
            self.count()
            return value
        }
    }

    func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) async throws
        -> Int
    {
        try await base.bulkInsert(into: table, columns: columns, rows: rows)
    }

    func close() async { await base.close() }

    private func count() {
        let count = counted.withLock { counted in
            counted = counted.map { $0 + 1 }
            return counted
        }
        if count == fatal { kill(getpid(), SIGKILL) }
    }
}

private final class DeadlyTransaction: SQLTransaction {
    private let base: any SQLTransaction
    private let beforeEach: () -> Void

    init(_ base: any SQLTransaction, beforeEach: @escaping () -> Void) {
        self.base = base
        self.beforeEach = beforeEach
    }

    func query(_ statement: SQLStatement) throws -> [SQLRow] {
        beforeEach()
        return try base.query(statement)
    }

    func execute(_ statement: SQLStatement) throws -> Int {
        beforeEach()
        return try base.execute(statement)
    }

    func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) throws -> Int {
        beforeEach()
        return try base.bulkInsert(into: table, columns: columns, rows: rows)
    }
}
