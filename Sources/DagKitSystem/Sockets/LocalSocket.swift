import CSystem
import Glibc
import Synchronization

/// A connection between two processes of this machine.
///
/// One task may read while another writes. Every wait obeys cancellation and a deadline.
package final class LocalSocket: Sendable {
    private let handle: FileDescriptor
    private let decoder: Mutex<FrameDecoder>

    /// Takes over a connected socket.
    package init(owning descriptor: consuming FileDescriptor, frameLimit: Int = 16 << 20) throws(SystemError)
    {
        handle = descriptor
        decoder = Mutex(FrameDecoder(limit: frameLimit))
        try handle.setNonBlocking()
    }

    /// Connects to the process that listens at `path`.
    ///
    /// - Throws: ``SystemError`` with `ENOENT` or `ECONNREFUSED` if nobody listens.
    package static func connect(
        _ path: String, until deadline: BootTimeClock.Instant? = nil
    ) async throws -> LocalSocket {
        let descriptor = FileDescriptor(owning: dagkit_local_socket())
        guard descriptor.raw >= 0 else { throw SystemError.last("make a socket") }
        let code = try LocalAddress.withShortPath(path) {
            dagkit_local_connect(descriptor.raw, $0) == 0 ? 0 : errno
        }
        // A full queue of the listener is EAGAIN: a local socket has no connection under way to wait for.
        guard code == 0 else { throw SystemError.failed("connect to", path, code: code) }
        return try LocalSocket(owning: descriptor)
    }

    /// Two sockets that are connected to each other.
    package static func pair() throws(SystemError) -> (LocalSocket, LocalSocket) {
        let ends = try FileDescriptor.socketPair()
        let first = FileDescriptor(owning: ends.0)
        let second = FileDescriptor(owning: ends.1)
        return (try LocalSocket(owning: first), try LocalSocket(owning: second))
    }

    /// The socket's number; valid for as long as the socket lives.
    package var descriptor: Int32 { handle.raw }

    /// Who is at the other end, as the kernel knows it.
    package func peer() throws(SystemError) -> (process: Int32, user: UInt32) {
        var process: pid_t = 0
        var user: uid_t = 0
        guard dagkit_peer(handle.raw, &process, &user) == 0 else {
            throw .last("ask who is at the other end")
        }
        return (process, user)
    }

    /// Whether the other end is a process of this user, or of root.
    package func isPeerTrusted() throws(SystemError) -> Bool {
        let user = try peer().user
        return user == geteuid() || user == 0
    }

    /// Reads what is there, at most `limit` bytes; empty at the end of the stream.
    ///
    /// - Throws: ``SystemError`` with `ETIMEDOUT` after the deadline, `CancellationError`.
    package func read(upTo limit: Int = 1 << 16, until deadline: BootTimeClock.Instant? = nil) async throws
        -> [UInt8]
    {
        while true {
            if let bytes = try handle.read(upTo: limit) { return bytes }
            guard try await Reactor.shared.wait(for: .readable, on: handle.raw, until: deadline) else {
                throw SystemError.failed("read from a socket", nil, code: ETIMEDOUT)
            }
        }
    }

    /// Writes all of `bytes`.
    ///
    /// - Throws: ``SystemError`` with `EPIPE` if nobody reads any more, `ETIMEDOUT` after the deadline.
    package func write(_ bytes: [UInt8], until deadline: BootTimeClock.Instant? = nil) async throws {
        var rest = bytes[...]
        while true {
            rest = rest.dropFirst(try send(rest))
            if rest.isEmpty { return }
            guard try await Reactor.shared.wait(for: .writable, on: handle.raw, until: deadline) else {
                throw SystemError.failed("write to a socket", nil, code: ETIMEDOUT)
            }
        }
    }

    /// Reads one message; `nil` at the end of the stream.
    ///
    /// - Throws: ``FrameError``, and what ``read(upTo:until:)`` throws.
    package func readFrame(until deadline: BootTimeClock.Instant? = nil) async throws -> [UInt8]? {
        while true {
            if let message = try decoder.withLock({ decoder throws(FrameError) in try decoder.next() }) {
                return message
            }
            let bytes = try await read(until: deadline)
            guard bytes.isEmpty else {
                decoder.withLock { $0.append(bytes) }
                continue
            }
            if decoder.withLock(\.holdsPartOfMessage) { throw FrameError.cutOff }
            return nil
        }
    }

    /// Reads all whole messages that have come, at least one; `nil` at the end of the stream.
    ///
    /// - Throws: ``FrameError``, and what ``read(upTo:until:)`` throws.
    package func readFrames() async throws -> [[UInt8]]? {
        guard let first = try await readFrame() else { return nil }
        return try decoder.withLock { decoder throws(FrameError) in
            var messages = [first]
            while let message = try decoder.next() { messages.append(message) }
            return messages
        }
    }

    /// Writes what finds room now.
    ///
    /// - Returns: How many bytes that were.
    /// - Throws: ``SystemError`` with `EPIPE` if nobody reads any more.
    package func writeNow(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int { try send(bytes) }

    /// Writes one message.
    package func writeFrame(_ message: [UInt8], until deadline: BootTimeClock.Instant? = nil) async throws {
        try await write(FrameDecoder.frame(message), until: deadline)
    }

    /// Ends both directions: reads and writes under way at either end return.
    package func shutDown() {
        shutdown(handle.raw, Int32(SHUT_RDWR))
    }

    private func send(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        while true {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { dagkit_send(handle.raw, $0, buffer.count) } ?? 0
            }
            if count >= 0 { return count }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { throw .last("write to a socket") }
        }
    }
}
