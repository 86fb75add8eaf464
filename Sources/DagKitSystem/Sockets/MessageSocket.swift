import CSystem
import Glibc
import Synchronization

/// The async end of a ``FrameChannel`` that descriptors come through.
///
/// One task receives at a time.
package final class MessageSocket: Sendable {
    /// A message, and the descriptor that came with it, which now belongs to the receiver.
    package struct Message: ~Copyable, Sendable {
        package let bytes: [UInt8]
        package let descriptor: FileDescriptor?

        /// Gives up the descriptor's number to the caller, who closes it.
        package consuming func takeDescriptor() -> FileDescriptor? { descriptor }
    }

    private struct State {
        var decoder = FrameDecoder()
        var passed: Int32 = -1
    }

    private let handle: FileDescriptor
    private let state = Mutex(State())

    /// Takes over a connected socket.
    package init(owning descriptor: consuming FileDescriptor) throws(SystemError) {
        handle = descriptor
        try handle.setNonBlocking()
    }

    /// The socket's number; valid for as long as this lives.
    package var descriptor: Int32 { handle.raw }

    /// The next message; `nil` once the other end has closed.
    package func receive() async throws -> Message? {
        while true {
            if let message = try next() { return message }
            switch try read() {
            case .some(true): continue
            case .some(false): return nil
            case nil: _ = try await Reactor.shared.wait(for: .readable, on: handle.raw)
            }
        }
    }

    /// The next message; `nil` once the other end has closed. It blocks the thread, which must have nothing else to do.
    ///
    /// The kernel wakes that very thread, where ``receive()`` goes by way of the reactor's.
    ///
    /// - Parameters:
    ///   - patience: How long to wait before it is thought to be a long wait.
    ///   - idle: Is called once if the wait is long.
    package func receiveBlocking(patience: Duration, idle: () -> Void) throws -> Message? {
        var limit = Int32(patience / .milliseconds(1))
        while true {
            if let message = try next() { return message }
            var wish = pollfd(fd: handle.raw, events: Int16(POLLIN), revents: 0)
            let count = poll(&wish, 1, limit)
            if count < 0, errno != EINTR { throw SystemError.last("wait for a socket") }
            if count == 0 {
                limit = -1
                idle()
            } else if count > 0, try read() == .some(false) {
                return nil
            }
        }
    }

    /// Reads what has come.
    ///
    /// - Returns: Whether the other end may say more; `nil` if nothing has come yet.
    private func read() throws -> Bool? {
        var passed: Int32 = -1
        var count = 0
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, initialized in
            guard let start = buffer.baseAddress else { return }
            count = dagkit_receive_descriptor(handle.raw, start, buffer.count, &passed)
            code = errno
            initialized = max(count, 0)
        }
        if count == 0 || (count < 0 && code == ECONNRESET) { return false }
        guard count > 0 else {
            guard code == EAGAIN || code == EINTR else {
                throw SystemError.failed("read from a socket", nil, code: code)
            }
            return nil
        }
        state.withLock { state in
            state.decoder.append(bytes)
            if passed >= 0 { state.passed = passed }
        }
        return true
    }

    /// Writes one message.
    package func send(_ message: [UInt8]) async throws {
        var rest = FrameDecoder.frame(message)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { dagkit_send(handle.raw, $0.baseAddress!, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                _ = try await Reactor.shared.wait(for: .writable, on: handle.raw)
            } else if errno != EINTR {
                throw SystemError.last("write to a socket")
            }
        }
    }

    private func next() throws(FrameError) -> Message? {
        let found: ([UInt8], Int32)? = try state.withLock { state throws(FrameError) in
            guard let bytes = try state.decoder.next() else { return nil }
            defer { state.passed = -1 }
            return (bytes, state.passed)
        }
        guard let (bytes, passed) = found else { return nil }
        return Message(bytes: bytes, descriptor: passed >= 0 ? FileDescriptor(owning: passed) : nil)
    }
}
