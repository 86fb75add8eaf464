import CSQLite
import DagKitSQL
import Glibc
import Synchronization

/// The files of a database as the connections of this process have them open: its log (`-wal`) and the log's index (`-shm`).
///
/// SQLite goes on with files that somebody removed. Whoever opens the database then makes new ones, and from there on each
/// of the two works without what the other has stored.
final class DatabaseFiles: Sendable {
    /// Which file it is, whatever its name.
    private struct Identity: Equatable {
        let device: dev_t
        let number: ino_t

        /// `nil` where there is no file.
        init?(of path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = status.st_dev
            number = status.st_ino
        }
    }

    /// A folder in which no name has changed as long as it looks the same.
    struct Folder: Equatable {
        private let device: dev_t
        private let number: ino_t
        private let seconds: Int
        private let nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = status.st_dev
            number = status.st_ino
            seconds = status.st_ctim.tv_sec
            nanoseconds = status.st_ctim.tv_nsec
        }

        /// Whether its last change was long enough ago that another one would show, however coarse its file system's clock.
        var isSettled: Bool {
            var now = timespec()
            return clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 && now.tv_sec - seconds > 3
        }
    }

    private struct Known {
        var log: Identity?
        var index: Identity?
        /// The folder when all files were last seen in their places, if that says something of a later look.
        var folder: Folder?
        var isNoted = false
    }

    /// What became of the log and its index.
    enum Companions: Equatable {
        case inPlace
        case removed
        /// Others are in their places.
        case replaced
    }

    /// The path of the database, without links.
    let path: String

    private let folderPath: String
    private let known = Mutex(Known())

    /// - Parameter path: The database, by the name that SQLite has for it.
    init(path: String) {
        self.path = path
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        folderPath = slash.map { $0 == path.utf8.startIndex ? "/" : String(path.utf8[..<$0]) ?? "." } ?? "."
    }

    private var logPath: String { path + "-wal" }
    private var indexPath: String { path + "-shm" }

    /// Whether log and index are there, whosever they are.
    var haveCompanions: Bool { access(logPath, F_OK) == 0 && access(indexPath, F_OK) == 0 }

    /// Remembers the log and the index that a first connection has opened.
    func note() {
        known.withLock { known in
            guard !known.isNoted else { return }
            known.log = Identity(of: logPath)
            known.index = Identity(of: indexPath)
            known.isNoted = true
        }
    }

    /// Whether a connection has opened the log and the index.
    var isNoted: Bool { known.withLock(\.isNoted) }

    /// Looks at the folder of the database.
    func look() -> Folder? { Folder(folderPath) }

    /// Whether no file of the database can have been removed or replaced since ``settle(_:)``.
    func areUnchanged(_ folder: Folder?) -> Bool { folder != nil && folder == known.withLock(\.folder) }

    /// All files are in their places, and were looked at after their folder.
    func settle(_ folder: Folder?) {
        let settled = folder.flatMap { $0.isSettled ? $0 : nil }
        known.withLock { $0.folder = settled }
    }

    /// What became of the log and the index that are open.
    func companions() -> Companions {
        let (log, index) = known.withLock { ($0.log, $0.index) }
        let pairs = [(log, logPath), (index, indexPath)].compactMap { own, path in
            own.map { (own: $0, there: Identity(of: path)) }
        }
        if pairs.contains(where: { $0.there != nil && $0.there != $0.own }) { return .replaced }
        return pairs.contains { $0.there == nil } ? .removed : .inPlace
    }
}

/// The ``DatabaseFiles`` that all connections of a database share; SQLite says their path when it has opened the first.
final class DatabaseFilesCell: Sendable {
    private let made = Mutex<DatabaseFiles?>(nil)

    func files(of handle: borrowing SQLiteHandle) -> DatabaseFiles {
        let path = sqlite3_db_filename(handle.pointer, "main").map { String(cString: $0) } ?? handle.name
        return made.withLock { made in
            if let made { return made }
            let files = DatabaseFiles(path: path)
            made = files
            return files
        }
    }
}
