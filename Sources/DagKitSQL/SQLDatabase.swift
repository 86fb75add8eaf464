/// An open SQL database, shared by all who use it.
///
/// ```swift
/// let rows = try await database.query("select state from dag_run where dag_id = \(id)")
/// try await database.transaction { transaction in
///     try transaction.execute("update slot_pool set slots = \(4) where pool = \(name)")
///     try transaction.execute("insert into log (event) values (\("pool"))")
/// }
/// ```
public protocol SQLDatabase: Sendable {
    /// Which SQL the database speaks.
    var dialect: SQLDialect { get }

    /// The file that the database lies in; `nil` for one of a server or in memory.
    var path: String? { get }

    /// The rows that a statement returns; reads do not wait for writes.
    func query(_ statement: SQLStatement) async throws -> [SQLRow]

    /// Runs a statement in a transaction of its own and returns how many rows it changed.
    @discardableResult
    func execute(_ statement: SQLStatement) async throws -> Int

    /// Runs `body` in one transaction: all of it is stored, or, if it throws, nothing.
    ///
    /// The body is not async and runs on the connection's own thread: a transaction cannot wait for
    /// anything but its database, so a lock is never held over a network call. A database that lets writers
    /// run side by side may run it again after they got into each other's way, so only what it does through
    /// the transaction counts. A statement that fails ends the transaction: the body should throw.
    func transaction<Value: Sendable>(
        _ mode: SQLTransactionMode, durability: SQLDurability,
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value

    /// Adds rows to a table by the fastest way that the database has, all or none; returns how many.
    ///
    /// - Precondition: Every row has one value for each column.
    @discardableResult
    func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) async throws
        -> Int

    /// Where code runs best that writes again and again: what it writes then needs no hand-over from thread to thread.
    /// `nil` if it makes no difference.
    var writingExecutor: (any TaskExecutor)? { get }

    /// Ends the connections; later calls throw ``SQLError`` of kind ``SQLError/Kind/interrupted``.
    func close() async
}

extension SQLDatabase {
    public var path: String? { nil }

    public var writingExecutor: (any TaskExecutor)? { nil }

    /// Runs `body` in one transaction that writes, with the database's standard durability.
    public func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        try await transaction(.write, durability: .standard, body)
    }

    /// Runs `body` in one transaction, with the database's standard durability.
    public func transaction<Value: Sendable>(
        _ mode: SQLTransactionMode, _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        try await transaction(mode, durability: .standard, body)
    }
}

/// What may be done inside ``SQLDatabase/transaction(_:durability:_:)``; it must not outlive the body.
public protocol SQLTransaction: AnyObject {
    /// The rows that a statement returns.
    func query(_ statement: SQLStatement) throws -> [SQLRow]

    /// Runs a statement and returns how many rows it changed.
    @discardableResult
    func execute(_ statement: SQLStatement) throws -> Int

    /// Runs a command and returns how many rows it changed.
    ///
    /// - Precondition: There are as many values as the command has placeholders.
    @discardableResult
    func execute(_ command: SQLCommand, _ values: [SQLValue]) throws -> Int

    /// Adds rows to a table; returns how many.
    ///
    /// - Precondition: Every row has one value for each column.
    @discardableResult
    func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) throws -> Int
}

extension SQLTransaction {
    @discardableResult
    public func execute(_ command: SQLCommand, _ values: [SQLValue]) throws -> Int {
        try execute(SQLStatement(command, values))
    }
}

/// What a transaction is for.
public enum SQLTransactionMode: Hashable, Sendable {
    /// Reads of one consistent state; writing throws ``SQLError/Kind/readOnly``.
    case read
    /// Reads and writes, as if no other transaction ran at the same time: SQLite takes the write lock at the
    /// start (`begin immediate`), PostgreSQL isolates (`serializable`) and repeats what collided.
    case write
}

/// What a finished transaction survives.
public enum SQLDurability: Hashable, Sendable {
    /// The database's setting: for SQLite a crash of any process, but perhaps not a power cut.
    case standard
    /// A power cut as well.
    case full
}

/// Which SQL a database speaks, for the few statements that differ.
public struct SQLDialect: Hashable, Sendable {
    /// The name of the family: `sqlite`, `postgresql`.
    public let name: String

    /// How many values one statement may bind.
    public let maximumBoundValues: Int

    /// Creates a dialect; drivers call this.
    public init(name: String, maximumBoundValues: Int) {
        self.name = name
        self.maximumBoundValues = maximumBoundValues
    }

    /// SQLite 3.35 or later: it knows `returning`, upserts and window functions.
    public static let sqlite = SQLDialect(name: "sqlite", maximumBoundValues: 32_766)

    /// PostgreSQL 12 or later.
    public static let postgresql = SQLDialect(name: "postgresql", maximumBoundValues: 65_535)
}
