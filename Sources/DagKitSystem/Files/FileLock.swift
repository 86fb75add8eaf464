import CSystem
import DagKitCore
package import FoundationEssentials
import Glibc

/// A lock on a file that the kernel drops when its last holder ends, however that comes about.
///
/// The lock belongs to the open file: a child process that inherits the descriptor holds it too.
package struct FileLock: ~Copyable, Sendable {
    /// The locked file.
    package let descriptor: FileDescriptor

    /// Takes the lock, or says who has it.
    ///
    /// - Parameter now: Written into the file, for those who find it locked.
    /// - Throws: ``FileLockError/held(_:by:)``, or ``SystemError`` if the file cannot be opened.
    package static func acquire(_ path: String, now: Date) throws -> FileLock {
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT)
        guard dagkit_lock(file.raw, 1, 0) == 0 else {
            guard errno == EWOULDBLOCK else { throw SystemError.last("lock", path) }
            throw FileLockError.held(path, by: holder(in: file))
        }
        // The rest of an older text goes last: a file that is emptied first is written to the disk when it is closed.
        let text = Array("pid \(getpid()) since \(now.isoText.prefix(19))Z\n".utf8)
        try file.writeAll(text)
        ftruncate(file.raw, text.count)
        return FileLock(descriptor: file)
    }

    /// Whether somebody holds the lock on `path`; a file that is not there is free.
    package static func isHeld(_ path: String) throws(SystemError) -> Bool {
        guard FileSystem.exists(path) else { return false }
        let file = try FileDescriptor.open(path, O_RDWR)
        if dagkit_lock(file.raw, 1, 0) == 0 { return false }
        guard errno == EWOULDBLOCK else { throw .last("lock", path) }
        return true
    }

    /// The processes of this user that have the file at `path` open, and so may hold its lock.
    package static func holders(of path: String) -> [Int32] {
        var wanted = stat()
        guard stat(path, &wanted) == 0, let names = try? FileSystem.names(in: "/proc") else { return [] }
        return names.compactMap { Int32($0) }.filter { id in
            let descriptors = (try? FileSystem.names(in: "/proc/\(id)/fd")) ?? []
            return id != getpid()
                && descriptors.contains { name in
                    var status = stat()
                    return stat("/proc/\(id)/fd/\(name)", &status) == 0 && status.st_ino == wanted.st_ino
                        && status.st_dev == wanted.st_dev
                }
        }
    }

    private static func holder(in file: borrowing FileDescriptor) -> String {
        guard let bytes = try? file.read(upTo: 200), let line = bytes.split(separator: 0x0A).first else {
            return "another process"
        }
        return String(decoding: line, as: UTF8.self)
    }
}

/// Why a ``FileLock`` cannot be had.
package enum FileLockError: DagKitError, Equatable {
    case held(String, by: String)

    package var problem: String {
        switch self {
        case .held(let path, let holder): "\"\(path)\" is locked, held by \(holder)"
        }
    }

    package var remedy: String { "stop that process or use another DAGKIT_HOME" }
}
