import CSystem
import Glibc
import Synchronization

/// A place in the file system at which processes of this machine connect.
///
/// The socket's file is removed with the listener.
package final class LocalListener: Sendable {
    /// Where it listens.
    package let path: String
    private let handle: FileDescriptor

    /// The number of the socket's file: another listener may have put its own there since.
    private let file: UInt64
    private let isRemoved = Atomic(false)

    /// Listens at `path`, which only this user may connect to; what a dead process left there is replaced.
    ///
    /// The caller holds a lock that says that it is the one to listen here.
    package init(_ path: String) throws {
        let descriptor = FileDescriptor(owning: dagkit_local_socket())
        guard descriptor.raw >= 0 else { throw SystemError.last("make a socket") }
        try FileSystem.remove(path)
        let code = try LocalAddress.withShortPath(path) { short in
            dagkit_local_bind(descriptor.raw, short) == 0 && chmod(short, 0o600) == 0 ? 0 : errno
        }
        guard code == 0 else { throw SystemError.failed("listen at", path, code: code) }
        guard listen(descriptor.raw, 128) == 0 else { throw SystemError.last("listen at", path) }
        self.path = path
        file = Self.file(at: path)
        handle = descriptor
    }

    deinit { removeFile() }

    /// Lets nobody new find the way here; for those who must do so before they let another process listen at the place.
    package func removeFile() {
        guard !isRemoved.exchange(true, ordering: .relaxed), Self.file(at: path) == file else { return }
        unlink(path)
    }

    /// Whether the socket's file is where it was made, so that others can connect.
    package var isReachable: Bool { Self.file(at: path) == file }

    private static func file(at path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    /// Becomes readable when somebody connects; for event loops of their own.
    package var descriptor: Int32 { handle.raw }

    /// The next connection of a process of this user; others are closed unheard.
    package func accept() async throws -> LocalSocket {
        while true {
            if let socket = try acceptPending() { return socket }
            _ = try await Reactor.shared.wait(for: .readable, on: handle.raw)
        }
    }

    /// A connection that waits, or `nil`.
    package func acceptPending() throws(SystemError) -> LocalSocket? {
        while let raw = try acceptDescriptor() {
            let socket = try LocalSocket(owning: FileDescriptor(owning: raw))
            if try socket.isPeerTrusted() { return socket }
        }
        return nil
    }

    /// The descriptor of a connection that waits, or `nil`, for event loops of their own; the caller closes it and looks
    /// who is there.
    package func acceptDescriptor() throws(SystemError) -> Int32? {
        while true {
            let raw = dagkit_accept(handle.raw)
            if raw >= 0 { return raw }
            if errno == EAGAIN { return nil }
            if errno != EINTR && errno != ECONNABORTED { throw .last("accept a connection at", path) }
        }
    }
}

/// Paths of sockets, which the kernel takes only up to 107 bytes.
enum LocalAddress {
    /// Calls `body` with a short name of `path`: the path itself, or one through a descriptor of its folder.
    static func withShortPath<Value>(_ path: String, _ body: (String) -> Value) throws(SystemError) -> Value {
        guard path.utf8.count > 100 else { return body(path) }
        let folder = try FileDescriptor.open(FileSystem.parent(of: path), O_RDONLY | O_DIRECTORY)
        let name = path.split(separator: "/").last ?? ""
        return body("/proc/self/fd/\(folder.raw)/\(name)")
    }
}
