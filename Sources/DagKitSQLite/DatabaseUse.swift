import CSQLite
import DagKitSQL
import DagKitSystem
import Glibc

/// Which other processes have a database open.
enum DatabaseUse {
    /// A process that has it open.
    struct User: Equatable, CustomStringConvertible {
        /// 0 for one of another container.
        let process: Int32

        var description: String {
            guard process > 0 else { return "a process of another container" }
            let name = (try? FileSystem.readText("/proc/\(process)/comm"))?.split(separator: "\n").first
            return "process \(process)" + (name.map { " (\($0))" } ?? "")
        }
    }

    /// A process that has read the database at `path` or written to it, and has not closed it yet; `nil` if none has.
    ///
    /// This process must have the database open; it does not count itself.
    static func other(of path: String) -> User? { descriptor(of: path).flatMap(lockHolder) }

    /// Waits while somebody works on the database without a log at its place.
    ///
    /// For a moment that is so while the log is made or removed by its user. Where it lasts, somebody else has removed it, and
    /// whoever makes a new one works beside that process without what it has stored.
    ///
    /// - Throws: ``SQLError`` of kind `busy` that names the process.
    static func awaitLog(of files: DatabaseFiles, patience: Duration) throws(SQLError) {
        let deadline = ContinuousClock.now + patience
        while !files.haveCompanions, let descriptor = descriptor(of: files.path), isLogged(descriptor),
            let user = lockHolder(of: descriptor), !files.haveCompanions
        {
            guard ContinuousClock.now < deadline else {
                throw SQLError(
                    .busy, message: "its log (-wal, -shm) was removed while \(user) has it open",
                    database: files.path, advice: "end that process, which puts in what the log held")
            }
            sqlite3_sleep(5)
        }
    }

    /// A descriptor of this process that is open on a file.
    ///
    /// Opening one more is no way: closing it would drop the locks that SQLite holds on the file.
    private static func descriptor(of path: String) -> Int32? {
        var wanted = stat()
        guard stat(path, &wanted) == 0, let names = try? FileSystem.names(in: "/proc/self/fd") else {
            return nil
        }
        return names.lazy.compactMap { Int32($0) }.first { descriptor in
            var status = stat()
            return fstat(descriptor, &status) == 0 && status.st_ino == wanted.st_ino
                && status.st_dev == wanted.st_dev
        }
    }

    /// Whether the file says in its head that it is used with a log.
    private static func isLogged(_ descriptor: Int32) -> Bool {
        var versions: [UInt8] = [0, 0]
        return pread(descriptor, &versions, 2, 18) == 2 && versions == [2, 2]
    }

    /// Who holds the lock that a connection with a log keeps until it is closed: SQLite's bytes for readers.
    private static func lockHolder(of descriptor: Int32) -> User? {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = 0x4000_0002
        lock.l_len = 510
        guard fcntl(descriptor, F_GETLK, &lock) == 0, lock.l_type != Int16(F_UNLCK) else { return nil }
        return User(process: lock.l_pid)
    }
}
