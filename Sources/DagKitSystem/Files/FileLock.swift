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

    /// The first line of the file.
    private let opening: [UInt8]

    /// Takes the lock, or says who has it.
    ///
    /// - Parameters:
    ///   - now: Written into the file, for those who find it locked.
    ///   - note: What else the file says, for those who find it when its holder is dead; one line.
    /// - Throws: ``FileLockError/held(_:by:)``, or ``SystemError`` if the file cannot be opened.
    package static func acquire(_ path: String, now: Date, note: String = "") throws -> FileLock {
        while true {
            let file = try FileDescriptor.open(path, O_RDWR | O_CREAT)
            guard dagkit_lock(file.raw, 1, 0) == 0 else {
                guard errno == EWOULDBLOCK else { throw SystemError.last("lock", path) }
                throw FileLockError.held(path, by: holder(in: file))
            }
            // The holder before may have removed the file while it was being opened here.
            if isAt(path, file) { return try sign(file, now: now, note: note) }
        }
    }

    /// Whether the locked file is still the one at `path`: of a file that was removed, anybody can make and lock another.
    package func isAt(_ path: String) -> Bool { Self.isAt(path, descriptor) }

    private static func isAt(_ path: String, _ file: borrowing FileDescriptor) -> Bool {
        var (own, there) = (stat(), stat())
        return fstat(file.raw, &own) == 0 && stat(path, &there) == 0 && own.st_dev == there.st_dev
            && own.st_ino == there.st_ino
    }

    /// Takes the lock as soon as its holder lets go of it; blocks the thread until then, and the kernel wakes it.
    ///
    /// - Parameter now: Gives the instant that is written into the file, once the lock is held.
    package static func wait(for path: String, now: () -> Date) throws -> FileLock {
        while true {
            let file = try FileDescriptor.open(path, O_RDWR | O_CREAT)
            while dagkit_lock(file.raw, 1, 1) != 0 {
                guard errno == EINTR else { throw SystemError.last("lock", path) }
            }
            if isAt(path, file) { return try sign(file, now: now(), note: "") }
        }
    }

    private static func sign(_ file: consuming FileDescriptor, now: Date, note: String) throws -> FileLock {
        let opening = Array("pid \(getpid()) since \(now.isoText.prefix(19))Z\n".utf8)
        let lock = FileLock(descriptor: file, opening: opening)
        try lock.setNote(note)
        return lock
    }

    /// Says something else in the file from now on; the lock stays as it is.
    ///
    /// It is one write, which a crash does not cut in two. What stands behind the note is the rest of an older text.
    package func setNote(_ note: String) throws(SystemError) {
        var text = opening
        text += note.utf8
        // Texts of one length cover each other: a file that is cut costs its file system several times a write.
        let block = 256
        text += [UInt8](repeating: UInt8(ascii: "\n"), count: block - text.count % block)
        let count = pwrite(descriptor.raw, text, text.count, 0)
        guard count >= 0 else { throw .last("write") }
        guard count == text.count else { throw .failed("write", nil, code: ENOSPC) }
    }

    /// Whether somebody removed the file, so that nobody finds what it says.
    package var isRemoved: Bool {
        var status = stat()
        return fstat(descriptor.raw, &status) == 0 && status.st_nlink == 0
    }

    /// The note in the lock file at `path`; `nil` if there is none, or no such file.
    ///
    /// - Throws: ``SystemError`` if the file cannot be read.
    package static func note(in path: String) throws(SystemError) -> String? {
        let text: String
        do {
            text = try DescriptorReserve.look { () throws(SystemError) in try FileSystem.readText(path) }
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count > 2 && !lines[1].isEmpty ? String(lines[1]) : nil
    }

    /// Whether somebody holds the lock on `path`; a file that is not there is free.
    ///
    /// - Throws: ``SystemError`` if the system does not say.
    package static func isHeld(_ path: String) throws(SystemError) -> Bool {
        do {
            return try DescriptorReserve.look { () throws(SystemError) in
                let file = try FileDescriptor.open(path, O_RDWR)
                if dagkit_lock(file.raw, 1, 0) == 0 { return false }
                guard errno == EWOULDBLOCK else { throw .last("lock", path) }
                return true
            }
        } catch {
            guard error.code == ENOENT else { throw error }
            return false
        }
    }

    /// The processes of this user that hold the lock on `path`: each that has the open file which took it.
    ///
    /// - Throws: ``SystemError`` if the system does not show all of them.
    package static func holders(of path: String) throws(SystemError) -> [ProcessIdentity] {
        var wanted = stat()
        guard stat(path, &wanted) == 0 else {
            guard errno == ENOENT else { throw .last("look at", path) }
            return []
        }
        return try ProcessTree.processes { (id) throws(SystemError) in try holdsLock(on: wanted, id) }
    }

    /// Whether a process has the file at `path` open; one of another user is taken to have not.
    ///
    /// - Throws: ``SystemError`` if the system does not say.
    package static func isOpen(_ path: String, in process: ProcessIdentity) throws(SystemError) -> Bool {
        var wanted = stat()
        guard stat(path, &wanted) == 0 else {
            guard errno == ENOENT else { throw .last("look at", path) }
            return false
        }
        do {
            return try isOpen(wanted, in: process.id)
        } catch {
            guard error.saysThatProcessIsGone || error.code == EACCES || error.code == EPERM else {
                throw error
            }
            return false
        }
    }

    private static func isOpen(_ wanted: stat, in id: Int32) throws(SystemError) -> Bool {
        try !descriptors(of: wanted, in: id).isEmpty
    }

    /// The descriptors of a process that are open on a file.
    private static func descriptors(of wanted: stat, in id: Int32) throws(SystemError) -> [String] {
        let names = try DescriptorReserve.look { () throws(SystemError) in
            try FileSystem.names(in: "/proc/\(id)/fd")
        }
        return names.filter { name in
            var status = stat()
            return stat("/proc/\(id)/fd/\(name)", &status) == 0 && status.st_ino == wanted.st_ino
                && status.st_dev == wanted.st_dev
        }
    }

    /// Whether a process has a descriptor that holds a lock on a file: who only reads the file does not.
    private static func holdsLock(on wanted: stat, _ id: Int32) throws(SystemError) -> Bool {
        for name in try descriptors(of: wanted, in: id) {
            do {
                let text = try DescriptorReserve.look { () throws(SystemError) in
                    try FileSystem.readText("/proc/\(id)/fdinfo/\(name)")
                }
                if text.split(separator: "\n").contains(where: { $0.hasPrefix("lock:") }) { return true }
            } catch  where error.code == ENOENT {
                // It was closed since.
            }
        }
        return false
    }

    /// Who says in the lock file at `path` that it holds the lock: `pid 12 since 2026-01-02T03:04:05Z`.
    package static func holder(of path: String) -> String? {
        guard let file = try? FileDescriptor.open(path, O_RDONLY) else { return nil }
        return holder(in: file)
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
