import CSQLite
import DagKitSQL
import Glibc

/// The one owner of a connection handle of the C library; its end closes the connection.
struct SQLiteHandle: ~Copyable {
    let pointer: OpaquePointer

    /// What messages call the database: its path.
    let name: String

    /// Sets SQLite up for this process, once, before its first use.
    private static let isSetUp: Bool = dagkit_sqlite_count_no_memory() == SQLITE_OK

    /// Opens a file, or a new database in memory if `path` is `nil`.
    init(path: String?, access: SQLiteConfiguration.Access) throws(SQLError) {
        // A program that used SQLite before keeps its own setting.
        _ = Self.isSetUp
        let name = path ?? ":memory:"
        if let path, path.utf8.count > Self.longestPath {
            throw SQLError(
                .cannotOpen, message: "its path is longer than SQLite takes, \(Self.longestPath) bytes",
                database: path, advice: "choose a shorter one")
        }
        if let path, access == .create { try Self.createPrivateFile(path) }
        let mode = access == .read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        // No SQLITE_OPEN_URI: a path is a path, whatever it holds. One thread at a time uses a handle.
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(name, &handle, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let handle else {
            let systemError = handle.map(sqlite3_system_errno) ?? 0
            sqlite3_close_v2(handle)
            throw Self.openError(code: code, systemError: systemError, name: name)
        }
        pointer = handle
        self.name = name
    }

    deinit { sqlite3_close_v2(pointer) }

    /// The longest path to which SQLite can add the names of the files beside it.
    private static let longestPath = 504

    /// Whether the file system is mounted for reading only.
    var isOnReadOnlyDisk: Bool {
        var status = statvfs()
        return statvfs(name, &status) == 0 && status.f_flag & UInt(ST_RDONLY) != 0
    }

    /// Whether the path names another file by now, or none; one look at the folder.
    func hasMoved() -> Bool {
        var hasMoved: Int32 = 0
        let code = sqlite3_file_control(pointer, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
        return code == SQLITE_OK && hasMoved != 0
    }

    /// Keeps all others from the database until this handle closes, and puts its log into the file.
    ///
    /// It must be the first that is done with the handle.
    ///
    /// - Returns: Whether the log is empty.
    borrowing func holdAlone() throws(SQLError) -> Bool {
        for statement in [
            "pragma locking_mode = exclusive", "begin exclusive", "commit", "pragma wal_checkpoint(truncate)",
        ] {
            let code = sqlite3_exec(pointer, statement, nil, nil, nil)
            guard code == SQLITE_OK else { throw error(code: code, statement: statement) }
        }
        var status = stat()
        return stat(name + "-wal", &status) != 0 || status.st_size == 0
    }

    /// The last failure of this handle as an error that people read.
    func error(code: Int32, statement: String? = nil) -> SQLError {
        let words = String(cString: sqlite3_errmsg(pointer))
        let isOfSystem = code & 0xFF == SQLITE_IOERR || code & 0xFF == SQLITE_CANTOPEN
        let systemCode = isOfSystem ? sqlite3_system_errno(pointer) : 0
        guard systemCode != 0 else {
            return SQLError(sqliteCode: code, message: words, database: name, statement: statement)
        }
        // SQLite has codes of its own for a full disk, but not for every file that it writes.
        let isFull = systemCode == ENOSPC || systemCode == EDQUOT || systemCode == EFBIG
        return SQLError(
            isFull ? .full : code & 0xFF == SQLITE_IOERR ? .inputOutput : .cannotOpen,
            message: "\(words): \(String(cString: strerror(systemCode)).lowercased())", database: name,
            statement: statement)
    }

    /// Creates the file with permission 0600, which SQLite copies to the files that it puts beside it.
    ///
    /// Only a new file is opened here: closing another descriptor of an open database would drop its locks.
    private static func createPrivateFile(_ path: String) throws(SQLError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor >= 0 {
            close(descriptor)
        } else if errno != EEXIST {
            throw openError(code: SQLITE_CANTOPEN, systemError: errno, name: path)
        }
    }

    /// What to do about an error of the system; `nil` where its kind tells.
    private static func advice(_ systemError: Int32) -> String? {
        switch systemError {
        case EACCES, EPERM: "let this user read and write the file and its folder"
        case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
        default: nil
        }
    }

    private static func openError(code: Int32, systemError: Int32, name: String) -> SQLError {
        let text = systemError == 0 ? sqlite3_errstr(code) : UnsafePointer(strerror(systemError))
        let reason = text.map { String(cString: $0).lowercased() } ?? "code \(code)"
        return SQLError(
            [EACCES, EPERM, EROFS].contains(systemError) ? .accessDenied : .cannotOpen,
            message: "cannot open it: \(reason)", database: name, advice: advice(systemError))
    }
}
