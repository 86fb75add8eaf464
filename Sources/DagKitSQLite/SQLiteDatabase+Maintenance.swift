import CSQLite
import DagKitSQL
import DagKitSystem
import Glibc

extension SQLiteDatabase {
    /// What is damaged in the file, in SQLite's words; empty if it is sound.
    ///
    /// It reads the whole file, while all others go on.
    public func quickCheck() async throws -> [String] {
        let quick: [String] = try await query("pragma quick_check").map { try $0[0] }
        if quick == ["ok"] { return [] }
        // SQLite 3.40 finds nulls that are not there in tables without rowid, in the quick check alone.
        let whole: [String] = try await query("pragma integrity_check").map { try $0[0] }
        return whole == ["ok"] ? [] : Self.lines(of: whole)
    }

    /// Each finding by itself; SQLite puts those of a file's pages into one text with a heading.
    private static func lines(of answer: [String]) -> [String] {
        answer.flatMap { $0.split(separator: "\n") }.filter { !$0.hasPrefix("***") }.map(String.init)
    }

    /// Copies the database as it is at this moment to a new file, while all others go on.
    ///
    /// The copy has permission 0600, is complete or not there, and replaces an older file at `path`.
    public func backup(to path: String) async throws {
        try await read { connection in
            let draft = path + ".partial"
            unlink(draft)
            do {
                try Self.copy(connection, to: draft)
                try Self.synchronize(draft)
                guard rename(draft, path) == 0 else { throw Self.systemError("rename", draft) }
                try FileSystem.synchronizeFolder(of: path)
            } catch {
                unlink(draft)
                throw error
            }
        }
    }

    /// Runs `body` while no other process can open the database, and none has it open, so that its file can be replaced.
    ///
    /// What the log held is in the file then, and the log is empty; only of a damaged file it may not be.
    ///
    /// - Parameter body: Is told whether the log is empty.
    /// - Throws: ``SQLError`` of kind `busy` that names a process which has the database open for longer than
    ///   `patience`; what `body` throws.
    public static func holdingAlone<Value: Sendable>(
        _ path: String, patience: Duration, _ body: @escaping @Sendable (_ isLogEmpty: Bool) throws -> Value
    ) async throws -> Value {
        try await Blocking.run {
            let handle = try SQLiteHandle(path: path, access: .write)
            sqlite3_busy_timeout(handle.pointer, patience.milliseconds)
            // A new file may stand at the path when this connection closes, and the log is that one's then.
            dagkit_sqlite_leave_files_at_close(handle.pointer)
            let isLogEmpty: Bool
            do {
                isLogEmpty = try handle.holdAlone()
            } catch let error as SQLError where error.kind == .busy {
                throw Self.inUse(path)
            } catch let error as SQLError
                where error.kind == .corrupt || error.kind == .inputOutput
            {
                if DatabaseUse.other(of: path) != nil { throw Self.inUse(path) }
                isLogEmpty = false
            }
            return try body(isLogEmpty)
        }
    }

    private static func inUse(_ path: String) -> SQLError {
        let user = DatabaseUse.other(of: path)?.description ?? "another process"
        return SQLError(
            .busy, message: "\(user) has it open", database: path, advice: "end that process, then try again")
    }

    /// Writes the log into the file and shortens it, as far as readers allow.
    public func checkpoint() async throws {
        try await execute("pragma wal_checkpoint(truncate)")
    }

    private static func copy(_ source: SQLiteConnection, to path: String) throws {
        let target = try SQLiteHandle(path: path, access: .create)
        guard let backup = sqlite3_backup_init(target.pointer, "main", source.handle.pointer, "main") else {
            throw target.error(code: sqlite3_errcode(target.pointer))
        }
        // All pages in one step are one read transaction: a consistent copy, whatever the writer does.
        sqlite3_backup_step(backup, -1)
        let code = sqlite3_backup_finish(backup)
        guard code == SQLITE_OK else { throw target.error(code: code) }
    }

    private static func synchronize(_ path: String) throws {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError("open", path) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw systemError("fsync", path) }
    }

    private static func systemError(_ call: String, _ path: String) -> SQLError {
        let reason = String(cString: strerror(errno)).lowercased()
        return SQLError(.inputOutput, message: "\(call): \(reason)", database: path)
    }
}
