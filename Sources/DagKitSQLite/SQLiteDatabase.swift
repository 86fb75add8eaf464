public import DagKitSQL
import Synchronization

/// A SQLite database: one writer, and readers that never wait for it.
///
/// ```swift
/// let database = try await SQLiteDatabase.open("crypto.db")
/// let count = try await database.query("select count(*) from crypto_historique")
/// await database.close()
/// ```
///
/// A file is used with a write-ahead log. Writes of this process go one after another over one connection;
/// against other processes they wait for the lock up to ``SQLiteConfiguration/busyTimeout``.
public final class SQLiteDatabase: SQLDatabase {
    /// The path of the file; `nil` for a database in memory.
    public let path: String?

    /// How it was opened.
    public let configuration: SQLiteConfiguration

    private let writer: ConnectionThreads
    private let readers: ConnectionThreads
    private let commits = CommitCounter()

    /// How many transactions this object has written, for those who measure.
    public var committedTransactions: Int { commits.count.load(ordering: .relaxed) }

    public var dialect: SQLDialect { .sqlite }

    /// Opens a file.
    ///
    /// - Throws: ``SQLError`` of kind `cannotOpen`, `corrupt` if it is no database, `busy` or `readOnly`.
    public static func open(
        _ path: String, configuration: SQLiteConfiguration = SQLiteConfiguration()
    ) async throws -> SQLiteDatabase {
        let database = SQLiteDatabase(path: path, configuration: configuration)
        do {
            // The writer first: it creates the file. Opening reads nothing; only a first question tells
            // whether the file is a database.
            let threads = configuration.access == .read ? database.readers : database.writer
            _ = try await threads.run(isInterruptible: true) { connection in
                try connection.query("select count(*) from sqlite_schema")
            }
        } catch {
            await database.close()
            throw error
        }
        return database
    }

    /// Creates a database in memory; it ends with the last reference to it.
    public static func inMemory() -> SQLiteDatabase {
        SQLiteDatabase(path: nil, configuration: SQLiteConfiguration())
    }

    private init(path: String?, configuration: SQLiteConfiguration) {
        self.path = path
        self.configuration = configuration
        let name = path ?? ":memory:"
        let writerRole: SQLiteConnection.Role = path == nil ? .sole : .writer
        let commits = commits
        let files = path.map { _ in DatabaseFilesCell() }
        writer = ConnectionThreads(name: name, limit: 1) {
            try SQLiteConnection(
                path: path, role: writerRole, configuration: configuration, files: files, commits: commits)
        }
        guard path != nil else {
            readers = writer
            return
        }
        readers = ConnectionThreads(name: name, limit: configuration.readers) {
            try SQLiteConnection(path: path, role: .reader, configuration: configuration, files: files)
        }
    }

    public var writingExecutor: (any TaskExecutor)? { writer.executor() }

    public func query(_ statement: SQLStatement) async throws -> [SQLRow] {
        let rows: [SQLRow]? = try await readers.run(isInterruptible: true) { connection in
            guard try connection.isReadOnly(statement) else { return nil }
            return try connection.single { try connection.query(statement) }
        }
        if let rows { return rows }
        // It writes and returns rows (`insert … returning`): the writer's affair.
        return try await writer.run(isInterruptible: false) { connection in
            try connection.single(durability: .standard) { try connection.query(statement) }
        }
    }

    @discardableResult
    public func execute(_ statement: SQLStatement) async throws -> Int {
        try await writer.run(isInterruptible: false) { connection in
            try connection.single(durability: .standard) { try connection.execute(statement) }
        }
    }

    public func transaction<Value: Sendable>(
        _ mode: SQLTransactionMode, durability: SQLDurability,
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        let threads = mode == .read ? readers : writer
        return try await threads.run(isInterruptible: mode == .read) { connection in
            try connection.transaction(mode, durability: durability, body)
        }
    }

    @discardableResult
    public func bulkInsert(
        into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]
    ) async throws -> Int {
        try await transaction { transaction in
            try transaction.bulkInsert(into: table, columns: columns, rows: rows)
        }
    }

    public func close() async {
        if path != nil { await readers.close() }
        await writer.close()
    }

    /// Runs `body` with a reading connection on its thread.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (SQLiteConnection) throws -> Value
    ) async throws -> Value {
        try await readers.run(isInterruptible: true, body)
    }
}

/// Counts what a database has written.
final class CommitCounter: Sendable {
    let count = Atomic(0)
}
