import DagKitSystem
import Glibc

/// The log that the supervisors of a home share; one that has become long is put aside as `.1`.
struct SupervisorLog {
    private let path: String
    private let limit: Int64

    /// What was written since the size of the file was last looked at.
    private var unseen = 0

    /// - Parameter limit: How many bytes the file may have before another one is begun.
    init(_ folders: ExecutionFolders, limit: Int64 = 8 << 20) {
        path = "\(folders.logs)/supervisor/supervisor.log"
        self.limit = limit
    }

    /// Opens the log for a process that starts; a supervisor without one is better than none.
    func open() throws -> FileDescriptor {
        do {
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
            return try makeRoom(file.raw) ? openFile() : file
        } catch {
            return try FileDescriptor.open("/dev/null", O_WRONLY)
        }
    }

    /// Begins another file, when the one that some descriptors are open on has become long or was put aside by another process.
    ///
    /// - Parameter count: How many bytes were written. The file is looked at now and then.
    mutating func renew(_ descriptors: [Int32], afterWriting count: Int) {
        unseen += count
        guard unseen >= limit / 64, let descriptor = descriptors.first else { return }
        unseen = 0
        guard (try? makeRoom(descriptor)) == true, let file = try? openFile() else { return }
        for descriptor in descriptors { dup2(file.raw, descriptor) }
    }

    private func openFile() throws(SystemError) -> FileDescriptor {
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
    }

    /// - Returns: Whether the file at the path is another one than that of the descriptor from now on.
    private func makeRoom(_ descriptor: Int32) throws -> Bool {
        var (own, there) = (stat(), stat())
        guard fstat(descriptor, &own) == 0, own.st_mode & S_IFMT == S_IFREG, own.st_size > limit else {
            return false
        }
        let isThere = stat(path, &there) == 0 && own.st_ino == there.st_ino && own.st_dev == there.st_dev
        return isThere ? rename(path, path + ".1") == 0 : true
    }
}
