import CSQLite
import DagKitSQL
import Synchronization

/// One connection to a database with its compiled statements.
///
/// It lives and dies on one thread of ``ConnectionThreads``.
final class SQLiteConnection: SQLTransaction {
    let handle: SQLiteHandle

    /// The caller's word for the running job, if the job may be interrupted.
    var cancellation: Cancellation?

    private var cache: [String: PreparedStatement] = [:]

    /// The compiled commands; each holds its command, so that no other can get the same identity.
    private var commands: [ObjectIdentifier: (command: SQLCommand, prepared: PreparedStatement)] = [:]
    private let role: Role
    private let files: DatabaseFiles?
    private let commits: CommitCounter?
    private let usualDurability: SQLDurability
    private var durability: SQLDurability?

    /// More than the metadata store has; a program that makes texts as it goes empties it now and then.
    private static let cacheLimit = 256

    /// What a connection is for.
    enum Role {
        case writer, reader
        /// The only connection of a database: of one in memory.
        case sole
    }

    init(
        path: String?, role: Role, configuration: SQLiteConfiguration, files: DatabaseFilesCell? = nil,
        commits: CommitCounter? = nil
    ) throws {
        let access = role == .reader && configuration.access == .create ? .write : configuration.access
        handle = try SQLiteHandle(path: path, access: access)
        self.role = role
        self.files = files?.files(of: handle)
        self.commits = commits
        usualDurability = configuration.durability
        // Where writing is forbidden, SQLite opens for reading without a word.
        if path != nil, access != .read, sqlite3_db_readonly(handle.pointer, "main") == 1 {
            let isMounted = handle.isOnReadOnlyDisk
            throw SQLError(
                .readOnly,
                message: isMounted ? "its file system is mounted read-only" : "this user may not write it",
                database: handle.name, advice: isMounted ? "mount it for writing" : nil)
        }
        if let files = self.files { try DatabaseUse.awaitLog(of: files, patience: configuration.busyTimeout) }
        // The first read of a connection opens the log, or makes one: it must not be another than that of the others.
        if self.files?.isNoted == true { try requirePlace(isRead: false) }
        sqlite3_busy_timeout(handle.pointer, configuration.busyTimeout.milliseconds)
        try execute("pragma foreign_keys = on")
        try execute("pragma trusted_schema = off")
        if path != nil, access != .read, role == .writer {
            try useWriteAheadLog(patience: configuration.busyTimeout)
            try execute("pragma journal_size_limit = 67108864")
            // 16 MB: what is written often goes into the database once, and fewer commits wait for the disk.
            try execute("pragma wal_autocheckpoint = 4000")
        }
        if role == .reader { try execute("pragma query_only = on") }
        watchCancellation()
        try notePlace()
    }

    deinit {
        // Closing would put the own log into a database that others have changed since, and remove their log by its name.
        if files?.companions() == .replaced { dagkit_sqlite_leave_files_at_close(handle.pointer) }
    }

    func query(_ statement: SQLStatement) throws -> [SQLRow] {
        let text = statement.text
        let prepared = try prepare(text)
        do throws(PreparedStatementFailure) {
            return try prepared.rows(binding: statement.values)
        } catch {
            throw describe(error, text)
        }
    }

    @discardableResult
    func execute(_ statement: SQLStatement) throws -> Int {
        let text = statement.text
        return try run(try prepare(text), text: text, values: statement.values)
    }

    @discardableResult
    func execute(_ command: SQLCommand, _ values: [SQLValue]) throws -> Int {
        try run(try prepare(command), text: command.text, values: values)
    }

    @discardableResult
    func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) throws -> Int {
        precondition(
            rows.allSatisfy { $0.count == columns.count },
            "a row for \(table) has not \(columns.count) values")
        let names = columns.map(\.quoted).joined(separator: ", ")
        let placeholders = columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let text = "insert into \(table.quoted) (\(names)) values (\(placeholders))"
        let prepared = try prepare(text)
        return try rows.reduce(0) { try $0 + run(prepared, text: text, values: $1) }
    }

    /// Whether the statement leaves the database as it is.
    func isReadOnly(_ statement: SQLStatement) throws -> Bool { try prepare(statement.text).isReadOnly }

    /// Whether nobody waits for the running job any more.
    var isCancelled: Bool { cancellation?.isCancelled ?? false }

    /// Whether a transaction is open.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle.pointer) == 0 }

    /// Runs `body` in one transaction, and takes all of it back if it throws.
    func transaction<Value>(
        _ mode: SQLTransactionMode, durability: SQLDurability, _ body: (any SQLTransaction) throws -> Value
    ) throws -> Value {
        try requirePlace()
        if mode == .write { try set(durability) }
        if mode == .read, role == .sole { try execute("pragma query_only = on") }
        defer { if mode == .read, role == .sole { _ = try? execute("pragma query_only = off") } }
        try execute(mode == .write ? "begin immediate" : "begin")
        do {
            let value = try body(self)
            guard isInTransaction else {
                throw SQLError(.other, message: "the body ended its own transaction", database: handle.name)
            }
            try execute("commit")
            if mode == .write { try finishCommit(durability) }
            return value
        } catch {
            // SQLite itself rolls back when the disk is full or fails.
            cancellation = nil
            if isInTransaction { _ = try? execute("rollback") }
            throw error
        }
    }

    /// Runs `body` outside of a transaction and refuses one that leaves a transaction open behind it.
    func single<Value>(durability: SQLDurability? = nil, _ body: () throws -> Value) throws -> Value {
        try requirePlace()
        if let durability { try set(durability) }
        let value = try body()
        guard !isInTransaction else {
            _ = try? execute("rollback")
            throw SQLError(
                .syntax, message: "a transaction cannot be begun by a statement: call transaction(_:)",
                database: handle.name)
        }
        if let durability { try finishCommit(durability) }
        return value
    }

    /// - Throws: ``SQLError`` of kind `replaced` if what was to survive everything went into files that are gone.
    private func finishCommit(_ durability: SQLDurability) throws {
        commits?.count.wrappingAdd(1, ordering: .relaxed)
        if durability == .full { try requirePlace() }
    }
}

extension SQLiteConnection {
    /// Remembers which files are open, after the first look at the database, which opens them.
    private func notePlace() throws {
        guard let files else { return }
        _ = try query("select 1 from sqlite_schema limit 1")
        files.note()
        try requirePlace()
    }

    /// Makes sure that the open files are still those at their places: what goes into others is lost with this process, or
    /// is not seen by the next one.
    ///
    /// - Parameter isRead: Whether this connection has read the database, and so has its log open.
    private func requirePlace(isRead: Bool = true) throws {
        guard let files else { return }
        let folder = files.look()
        if files.areUnchanged(folder) { return }
        let hasMoved = handle.hasMoved()
        let companions = files.companions()
        guard hasMoved || companions != .inPlace else { return files.settle(folder) }
        // Where nobody has begun another log, what only this process can see is put into the database.
        if isRead, hasMoved || companions == .removed {
            sqlite3_wal_checkpoint_v2(handle.pointer, "main", SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        }
        throw SQLError(
            .replaced,
            message: (hasMoved ? "the file was removed" : "its log (-wal, -shm) was removed")
                + ", or another one put in its place",
            database: handle.name)
    }

    private func prepare(_ text: String) throws -> PreparedStatement {
        guard !isCancelled else { throw CancellationError() }
        if let cached = cache[text] { return cached }
        let prepared = try PreparedStatement(text, on: handle, isCached: true)
        if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
        cache[text] = prepared
        return prepared
    }

    private func prepare(_ command: SQLCommand) throws -> PreparedStatement {
        guard !isCancelled else { throw CancellationError() }
        if let known = commands[ObjectIdentifier(command)] { return known.prepared }
        let prepared = try PreparedStatement(command.text, on: handle, isCached: true)
        if commands.count >= Self.cacheLimit { commands.removeAll(keepingCapacity: true) }
        commands[ObjectIdentifier(command)] = (command, prepared)
        return prepared
    }

    private func run(_ prepared: PreparedStatement, text: String, values: [SQLValue]) throws -> Int {
        let before = sqlite3_total_changes64(handle.pointer)
        do throws(PreparedStatementFailure) {
            try prepared.run(binding: values)
        } catch {
            throw describe(error, text)
        }
        // `changes` keeps the count of an earlier statement, where this one changed nothing.
        guard sqlite3_total_changes64(handle.pointer) != before else { return 0 }
        return Int(sqlite3_changes64(handle.pointer))
    }

    private func describe(_ failure: PreparedStatementFailure, _ text: String) -> any Error {
        switch failure {
        case .code(SQLITE_INTERRUPT) where isCancelled: CancellationError()
        case .code(let code): handle.error(code: code, statement: text)
        case .valueCount(let count, let expected):
            SQLError(
                .syntax, message: "\(count) values for \(expected) placeholders", database: handle.name,
                statement: text)
        case .notANumber:
            SQLError(
                .typeMismatch, message: "a value is not a number (NaN)", database: handle.name,
                statement: text)
        }
    }

    /// Sets what the next commit survives; it cannot be changed within a transaction.
    private func set(_ wanted: SQLDurability) throws {
        let level: SQLDurability = usualDurability == .full ? .full : wanted
        guard level != durability else { return }
        try execute(level == .full ? "pragma synchronous = full" : "pragma synchronous = normal")
        durability = level
    }

    /// Turns the write-ahead log on, unless it is, so that readers and the writer do not wait for each other.
    private func useWriteAheadLog(patience: Duration) throws {
        let deadline = ContinuousClock.now + patience
        while true {
            do {
                let mode: String? = try query("pragma journal_mode").first?[0]
                if mode == "wal" { return }
                let answer: String? = try query("pragma journal_mode = wal").first?[0]
                guard answer == "wal" else {
                    throw SQLError(
                        .cannotOpen, message: "its file system cannot hold a write-ahead log",
                        database: handle.name)
                }
                return
            } catch let error as SQLError where error.kind == .busy && ContinuousClock.now < deadline {
                // Another process is turning it on: SQLite does not wait for this lock by itself.
                sqlite3_sleep(5)
            }
        }
    }
}

extension Duration {
    /// As SQLite counts time.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }
}
