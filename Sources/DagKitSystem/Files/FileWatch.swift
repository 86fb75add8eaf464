import DagKitCore
import Glibc

/// Wakes when a file is written to, by whichever process.
///
/// The folder is watched, so that files which come and go beside it, such as the log of a database, are seen too.
package final class FileWatch: Sendable {
    private let queue: FileDescriptor
    private let name: String

    /// Watches the file at `path`, and those in its folder whose names begin with its own: `x.db` and `x.db-wal`.
    ///
    /// - Throws: ``SystemError`` if the folder is not there, or the system has no watches left.
    package init(_ path: String) throws(SystemError) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        // The flags of inotify_init1 are those of open.
        queue = FileDescriptor(owning: inotify_init1(O_NONBLOCK | O_CLOEXEC))
        guard queue.raw >= 0 else { throw .last("watch files") }
        let folder = FileSystem.parent(of: path)
        guard inotify_add_watch(queue.raw, folder, UInt32(IN_MODIFY)) >= 0 else {
            throw .last("watch the folder", folder)
        }
    }

    /// Waits until one of the files is written to, or was since the last call.
    ///
    /// - Returns: `false` if the deadline came first.
    package func change(until deadline: BootTimeClock.Instant) async throws -> Bool {
        while true {
            if try takeChanges() { return true }
            guard try await Reactor.shared.wait(for: .readable, on: queue.raw, until: deadline) else {
                return false
            }
        }
    }

    /// Reads what was noted; true if one of the files is among it.
    private func takeChanges() throws -> Bool {
        var isMeant = false
        while let bytes = try queue.read(upTo: 1 << 14), !bytes.isEmpty {
            isMeant = Self.names(in: bytes).contains { $0.hasPrefix(name) } || isMeant
        }
        return isMeant
    }

    /// The names of a list of `inotify_event`: 16 bytes, the last four of them the length of the name that follows.
    private static func names(in bytes: [UInt8]) -> [String] {
        var names: [String] = []
        var rest = bytes[...]
        while rest.count >= 16 {
            let header = rest.prefix(16)
            let length = header.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            names.append(
                String(decoding: rest.dropFirst(16).prefix(length).prefix { $0 != 0 }, as: UTF8.self))
            rest = rest.dropFirst(16 + length)
        }
        return names
    }
}
