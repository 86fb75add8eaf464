import CSystem
import Glibc

/// One end of a connection that carries messages, for a loop that must never wait.
///
/// What cannot be written at once is kept and goes out with ``flush()``.
package final class FrameChannel {
    private let handle: FileDescriptor
    private var decoder: FrameDecoder
    private var outgoing: [Item] = []
    private var written = 0

    private struct Item {
        var bytes: [UInt8]
        /// A descriptor that goes with the first byte; a copy of our own.
        var passed: Int32?
    }

    /// Takes over a connected socket.
    package init(owning descriptor: consuming FileDescriptor, frameLimit: Int = 16 << 20) throws(SystemError)
    {
        handle = descriptor
        decoder = FrameDecoder(limit: frameLimit)
        try handle.setNonBlocking()
    }

    deinit {
        for item in outgoing { if let passed = item.passed { close(passed) } }
    }

    /// The socket's number; valid for as long as the channel lives.
    package var descriptor: Int32 { handle.raw }

    /// Whether something waits to be written.
    package var hasOutgoing: Bool { !outgoing.isEmpty }

    /// Whether its owner waits for room to write; the owner sets it.
    package var isAwaited = false

    /// Whether the other end is a process of this user, or of root.
    package func isPeerTrusted() -> Bool {
        var process: pid_t = 0
        var user: uid_t = 0
        return dagkit_peer(handle.raw, &process, &user) == 0 && (user == geteuid() || user == 0)
    }

    /// Puts a message on its way, and with it, if wanted, a copy of a descriptor.
    package func send(_ message: [UInt8], passing descriptor: Int32? = nil) throws(SystemError) {
        if let descriptor, try sendAtOnce(message, passing: descriptor) { return }
        post(message, passing: try descriptor.map(Self.copy))
        // As it is where the kernel refuses: the message waits already.
        guard try Self.hasRoom() else { return }
        try flush()
    }

    /// Whether something may be written now, as far as no test says otherwise; `EAGAIN` says that the socket is full.
    private static func hasRoom() throws(SystemError) -> Bool {
        do {
            try FailurePoint.send.pass("write to a socket")
            return true
        } catch SystemError.failed(_, _, code: EAGAIN) {
            return false
        }
    }

    /// Puts a message on its way with the next ``flush()``, in one write with others that wait.
    package func post(_ message: [UInt8]) { post(message, passing: nil) }

    private func post(_ message: [UInt8], passing descriptor: Int32?) {
        if descriptor == nil, let last = outgoing.last, last.passed == nil {
            FrameDecoder.append(message, to: &outgoing[outgoing.count - 1].bytes)
        } else {
            outgoing.append(Item(bytes: FrameDecoder.frame(message), passed: descriptor))
        }
    }

    /// Sends a message with a descriptor, of which no copy is needed where it goes out now.
    ///
    /// - Returns: Whether it did; else it waits for its turn.
    private func sendAtOnce(_ message: [UInt8], passing descriptor: Int32) throws(SystemError) -> Bool {
        guard outgoing.isEmpty, try Self.hasRoom() else { return false }
        let bytes = FrameDecoder.frame(message)
        let count = write(bytes[...], passing: descriptor)
        guard count >= 0 else {
            if errno == EAGAIN || errno == EINTR { return false }
            throw .last("write to a socket")
        }
        guard count < bytes.count else { return true }
        outgoing.append(Item(bytes: bytes, passed: nil))
        written = count
        return true
    }

    private static func copy(_ descriptor: Int32) throws(SystemError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .last("copy a descriptor") }
        return copy
    }

    /// Writes what fits now.
    ///
    /// - Throws: ``SystemError`` with `EPIPE` if nobody reads any more.
    package func flush() throws(SystemError) {
        while let item = outgoing.first {
            let count = write(item.bytes[written...], passing: item.passed)
            guard count >= 0 else {
                if errno == EINTR { continue }
                if errno == EAGAIN { return }
                throw .last("write to a socket")
            }
            if let passed = item.passed {
                close(passed)
                outgoing[0].passed = nil
            }
            written += count
            guard written == item.bytes.count else { continue }
            outgoing.removeFirst()
            written = 0
        }
    }

    /// The whole messages that have come.
    ///
    /// - Returns: Besides, whether the other end is still there.
    /// - Throws: ``FrameError``: the connection is of no use any more.
    package func receive() throws -> (messages: [[UInt8]], isOpen: Bool) {
        var isOpen = true
        while true {
            do throws(SystemError) {
                guard let bytes = try handle.read(upTo: 1 << 16) else { break }
                isOpen = !bytes.isEmpty
                decoder.append(bytes)
                if bytes.count < 1 << 16 { break }
            } catch {
                guard error.code == ECONNRESET else { throw error }
                isOpen = false
                break
            }
        }
        var messages: [[UInt8]] = []
        while let message = try decoder.next() { messages.append(message) }
        return (messages, isOpen)
    }

    private func write(_ bytes: ArraySlice<UInt8>, passing descriptor: Int32?) -> Int {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            guard let descriptor else { return dagkit_send(handle.raw, start, buffer.count) }
            return dagkit_send_descriptor(handle.raw, start, buffer.count, descriptor)
        }
    }
}
